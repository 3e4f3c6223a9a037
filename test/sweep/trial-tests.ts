/**
 * Trials of the whole firmware on the Linux host: real slot files, the real boot loader and watchdog, and images that break while they are
 * on trial. Each gives way to the image before it, which is valid, says how the trial ended, and parks what it had to take back three
 * times (docs/UPDATE.md 7). Of a trial that reaches nobody test/scenario knows, since a relay belongs to it.
 */
import assert from "node:assert/strict";
import { LIMITS } from "../../modules/base/limits.ts";
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import { type BoardEnd, newFolder } from "../host/board.ts";
import { writeState } from "../host/cut.ts";
import { makeRelease } from "../sim/releases.ts";
import { ISSUED_UNIX_SECONDS } from "../sim/updates.ts";
import { FastCrypto } from "./fast-crypto.ts";
import { fallen } from "./flash.ts";
import { type Files, floorsOf, readState } from "./host-files.ts";
import { factoryState, hasInstalled, LIFE_MS } from "./host-lives.ts";
import { type BootWords, HostBoot, hostImage, removeState, type Service, serveUntil } from "./host-lock.ts";
import type { Report } from "./report.ts";
import { tryUntilParked } from "./trial-loop.ts";

const SECOND = 2;
const THIRD = 3;
const FOURTH = 4;
/** The release on trial lives in real time: it breaks before it could be confirmed, on a busy machine too. */
const OWN_HURRY = `${SECOND}:60`;
const LATER_SECONDS = 100_000;

interface BadTrial {
	readonly name: string;
	/** Of board-main.ts; "signal": the process is killed by one while its image is on trial. */
	readonly fault: string | { readonly signal: NodeJS.Signals };
	/** More for the board of the trial. */
	readonly words?: readonly string[];
	/** How the trial's process ends, and what it says. */
	readonly status: number | null;
	readonly says: RegExp;
	/** The default is trial-crashed. */
	readonly result?: UpdateReport["result"];
}

const BAD_TRIALS: readonly BadTrial[] = Object.freeze([
	{
		name: "a hang",
		fault: "hang",
		words: ["--watchdog-ms", "1500"],
		status: 81,
		says: /abort: watchdog: a turn does not end/,
	},
	{
		name: "a boot that does not end",
		fault: "boot-hang",
		words: ["--watchdog-ms", "400"],
		status: 81,
		says: /abort: watchdog: a turn does not end/,
	},
	{
		name: "a firmware that never starts",
		fault: "still",
		words: ["--trial-ms", "1500"],
		status: 81,
		says: /abort: watchdog: the trial was not confirmed in time/,
	},
	{ name: "an uncaught exception", fault: "throws", status: 69, says: /abort: uncaught exception/ },
	{ name: "an unhandled rejection", fault: "rejects", status: 72, says: /abort: unhandled rejection/ },
	{ name: "a heap that is eaten up", fault: "eats", status: 65, says: /abort: heap exhausted/ },
	{ name: "a recursion without end", fault: "recurses", status: 66, says: /abort: stack overflow/ },
	{ name: "a crash of the process", fault: { signal: "SIGSEGV" }, status: null, says: /3 runs, pending/ },
	{ name: "an abort of the process", fault: { signal: "SIGABRT" }, status: null, says: /3 runs, pending/ },
	{
		name: "numbers that are not its image's",
		fault: "lies",
		status: 80,
		says: /given up, trial-wrong-image/,
		result: "trial-wrong-image",
	},
] satisfies BadTrial[]);

interface TrialWorld {
	/** Runs release 2, confirmed; has all but the end of release 3. */
	readonly ready: Files;
	readonly third: Service;
	readonly fourth: Service;
}

export interface TrialTestOptions {
	readonly seed: number;
	/** A part of the tests' names. */
	readonly only?: string | undefined;
}

export async function testTrials({ seed, only }: TrialTestOptions, report: Report): Promise<void> {
	const world = await makeWorld(new FastCrypto(seed));
	const test = async (name: string, run: () => Promise<void>): Promise<void> => {
		if (only !== undefined && !name.includes(only)) return;
		try {
			await run();
			report.test(name, undefined);
		} catch (error) {
			report.test(name, (error as Error).message);
		}
	};
	for (const bad of BAD_TRIALS) {
		await test(`the whole firmware on trial and ${bad.name}: the image before it runs again, valid, and reports it (T10, T12, I3, I4)`, () =>
			revertsOnce(world, bad));
	}
	await test("a whole firmware that crashes in each trial is parked after three, through power cuts, until a newer one comes (T10, I4)", () =>
		parksAndRecovers(world));
}

async function makeWorld(crypto: FastCrypto): Promise<TrialWorld> {
	const service = (sequence: number): Service => {
		const image = hostImage(sequence, { isOther: sequence % 2 === 0 });
		const issuedUnixSeconds = ISSUED_UNIX_SECONDS + LATER_SECONDS * sequence;
		const freshness = { board: "linux", issuedUnixSeconds };
		return { release: makeRelease(crypto, { sequence, image, manifest: { board: "linux" }, freshness }) };
	};
	hostImage(1);
	const state = newFolder();
	writeState(state, await factoryState(crypto));
	const [second, third, fourth] = [SECOND, THIRD, FOURTH].map(service) as [Service, Service, Service];
	await (await serveUntil(state, second, (now) => hasInstalled(now, second), LIFE_MS)).cut();
	const isNearlyAll = ({ goodBytes, totalBytes, state: now }: UpdateReport): boolean =>
		now === "downloading" && goodBytes > 0 && totalBytes - goodBytes <= 2 * LIMITS.chunkBytes;
	await (await serveUntil(state, third, isNearlyAll, LIFE_MS)).cut();
	return { ready: readState(state), third, fourth };
}

async function revertsOnce({ ready, third }: TrialWorld, bad: BadTrial): Promise<void> {
	const state = newFolder();
	writeState(state, ready);
	const before = floorsOf(ready);
	const trials: { readonly log: string; readonly end: BoardEnd }[] = [];
	const { fault } = bad;
	const words: BootWords = {
		mayBreak: true,
		hurry: OWN_HURRY,
		...(bad.words && { words: bad.words }),
		...(typeof fault === "string" && { fault: `${THIRD}:${fault}` }),
	};
	const boot = await serveUntil(
		state,
		third,
		({ sequence, reverts, state: now }, { board }) => {
			if (typeof fault !== "string" && now === "trial") board.child.kill(fault.signal);
			return sequence === SECOND && reverts > 0;
		},
		LIFE_MS,
		// The first boot is the download's end, the second the trial's.
		(number) => (number === 1 ? words : {}),
		({ log }, end) => {
			if (log.includes(`sweep: ${THIRD} runs`)) trials.push({ log, end });
		},
	);
	const { log } = boot;
	const { report } = await boot.report();
	await boot.cut();
	assert.equal(trials.length, 1, "one trial");
	const [trial] = trials;
	assert.match(trial!.log, new RegExp(`^sweep: ${THIRD} runs, pending`, "m"));
	assert.match(trial!.log, bad.says);
	assert.equal(trial!.end.status, bad.status, trial!.log);
	if (typeof fault !== "string") assert.equal(trial!.end.signal, fault.signal);
	assert.match(log, new RegExp(`^sweep: ${SECOND} runs, valid`, "m"));
	const result = bad.result ?? "trial-crashed";
	// The loader found a trial that had not ended itself.
	assert.equal(/boot: the trial of slot \d did not confirm/.test(log), result === "trial-crashed", log);
	requireReverted(report, result, 1);
	// It is written down, and no floor moved.
	const again = await HostBoot.start(state);
	assert.match(again.log, new RegExp(`^sweep: ${SECOND} runs, valid`, "m"));
	requireReverted((await again.report()).report, result, 1);
	await again.cut();
	const after = floorsOf(readState(state));
	assert.deepEqual(fallen(before, after), []);
	assert.equal(after.sequence, SECOND);
	assert.equal(after.timeMs, before.timeMs, "the floor of time followed a release that was reverted");
	removeState(state);
}

async function parksAndRecovers({ ready, third, fourth }: TrialWorld): Promise<void> {
	const state = newFolder();
	writeState(state, ready);
	const words: BootWords = { mayBreak: true, fault: `${THIRD}:throws`, hurry: OWN_HURRY };
	const first = await serveUntil(
		state,
		third,
		({ sequence, reverts }) => sequence === SECOND && reverts > 0,
		LIFE_MS,
		() => words,
	);
	await first.cut();
	const logs = await tryUntilParked(state, words, THIRD);
	assert.equal(logs.length, LIMITS.revertsMax - 1, logs.join("\n"));
	for (let boots = 0; boots < 2; boots++) {
		const boot = await HostBoot.start(state);
		const { report } = await boot.report();
		assert.match(boot.log, new RegExp(`^sweep: ${SECOND} runs, valid`, "m"));
		assert.equal(report.state, "parked", boot.log);
		requireReverted(report, "trial-crashed", LIMITS.revertsMax);
		await boot.offer(third.release);
		assert.equal((await boot.report()).report.state, "parked", "it was taken again");
		assert.match(boot.log, /refused, parked/);
		await boot.cut();
	}
	const end = await serveUntil(state, fourth, (now) => hasInstalled(now, fourth), LIFE_MS);
	const { report } = await end.report();
	assert.match(end.log, new RegExp(`^sweep: ${FOURTH} runs, pending`, "m"));
	assert.equal(report.reverts, 0);
	assert.equal(report.state, "idle");
	await end.cut();
	removeState(state);
}

function requireReverted(report: UpdateReport, result: UpdateReport["result"], reverts: number): void {
	assert.equal(report.sequence, SECOND);
	assert.equal(report.sequenceFloor, SECOND);
	assert.equal(report.result, result);
	assert.equal(report.resultSequence, THIRD);
	assert.equal(report.reverts, reverts);
}
