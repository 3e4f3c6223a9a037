/** What stops a rollout by itself, and what does not (docs/OPERATIONS.md): failures, silence, refusals, and what was before it was resumed. */
import type { UpdateReport, UpdateResult } from "../../modules/wire/update-report.ts";
import { countOutcomes, haltReason, hasTaken } from "../../tools/relay/offer-outcome.ts";
import { ROLLOUT_DEFAULTS, type Rollout } from "../../tools/relay/rollout.ts";
import { SilenceWatch } from "../../tools/relay/silence.ts";
import { check, type Suite } from "../harness/test.ts";
import { UpdateBench } from "./support/update-bench.ts";
import type { UpdateLock } from "./support/update-lock.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Nothing is written before somebody asks for it. */
const LATER = { updateWriteMs: 60_000 };
const NO_GRACE = { silenceGraceMs: 0 };

const ROLLOUT: Rollout = {
	...{ digest: "aa", state: "running", percent: 100, cohort: new Set<string>(), reason: undefined },
	...ROLLOUT_DEFAULTS,
	generation: 0,
};

function install(lock: UpdateLock): void {
	lock.say({ state: "idle", sequence: 2, version: "1.0.2", sequenceFloor: 2, result: "installed" });
}

function fail(lock: UpdateLock, reverts = 1): void {
	lock.say({ state: "idle", result: "trial-crashed", resultSequence: 2, reverts });
}

/** It says that it boots the release now, and nothing more. */
function vanish(lock: UpdateLock): void {
	lock.say({ state: "waiting", offered: 2 });
	lock.disconnect();
}

function refuse(lock: UpdateLock, result: UpdateResult): void {
	const isRead = result !== "untrusted" && result !== "malformed";
	lock.say({ result, ...(isRead ? { resultSequence: 2 } : {}) });
}

async function offered(bench: UpdateBench, ...names: readonly string[]): Promise<readonly UpdateLock[]> {
	const locks = await bench.locks(...names.map((name) => `LK-${name}`));
	for (const lock of locks) lock.connect(bench.service);
	for (const lock of locks) check.ok(await lock.isOffered(), lock.serial);
	return locks;
}

/** By serial, what became of the release. */
async function outcomes(bench: UpdateBench, digest: string): Promise<Readonly<Record<string, string>>> {
	await bench.looks();
	const offers = await bench.table.offersFor(digest);
	return Object.fromEntries(
		[...offers].map(([serial, { outcome, result }]) => [
			serial.slice(3),
			`${outcome} ${result ?? ""}`.trim(),
		]),
	);
}

function halts(bench: UpdateBench): readonly unknown[] {
	return bench.events("rollout-halted").map(({ reason }) => reason);
}

export default function suite(t: Suite): void {
	t.test("locks that took a release and are not heard of for its hours have failed, and halt it (T10)", () =>
		UpdateBench.with(async (bench) => {
			const plan = { haltMinimum: 3, haltRate: 50, silentHours: 2 };
			const digest = await bench.rollOut(await bench.vendor.release(2), plan);
			const [good, gone, dark, here, loading] = await offered(
				bench,
				"GOOD",
				"GONE",
				"DARK",
				"HERE",
				"LOADING",
			);
			install(good!);
			vanish(gone!);
			dark!.say({ state: "trial", sequence: 2, version: "1.0.2" });
			dark!.disconnect();
			here!.say({ state: "waiting", offered: 2 });
			loading!.say({ state: "downloading", offered: 2 });
			loading!.disconnect();
			bench.clock.advance(2 * HOUR_MS - MINUTE_MS);
			const early = await outcomes(bench, digest);
			check.deepEqual([early.GONE, early.DARK], ["offered", "offered"]);
			bench.clock.advance(2 * MINUTE_MS);
			check.deepEqual(await outcomes(bench, digest), {
				...{ GOOD: "installed installed", GONE: "failed silent", DARK: "failed silent" },
				...{ HERE: "offered", LOADING: "offered" },
			});
			check.deepEqual(halts(bench), ["2 of 3 locks failed, more than 50 %"]);
			// What it says when it is found counts, and its silence does not any more.
			gone!.report = { ...gone!.report, state: "idle", sequence: 2, version: "1.0.2" };
			gone!.connect(bench.service);
			check.equal((await outcomes(bench, digest)).GONE, "installed installed");
		}, NO_GRACE),
	);

	t.test("one lock that is dead, however often it takes the release and leaves, halts nothing (T10)", () =>
		UpdateBench.with(async (bench) => {
			const plan = { haltMinimum: 2, haltRate: 0, silentHours: 1 };
			const digest = await bench.rollOut(await bench.vendor.release(2), plan);
			const [dead, good, other] = await offered(bench, "DEAD", "GOOD", "OTHER");
			install(good!);
			install(other!);
			for (let times = 1; times <= 3; times++) {
				vanish(dead!);
				bench.clock.advance(HOUR_MS + MINUTE_MS);
				check.equal((await outcomes(bench, digest)).DEAD, "failed silent");
				check.equal(bench.events("update-outcome").filter(({ reason }) => reason === "silent").length, times);
				dead!.report = { ...dead!.report, state: "idle" };
				dead!.connect(bench.service);
				await bench.looks();
			}
			check.deepEqual(halts(bench), []);
		}, NO_GRACE),
	);

	t.test(
		"a relay that was away calls nobody silent before locks had the time to come back, and forgets none (T10)",
		() =>
			UpdateBench.with(
				async (bench) => {
					const plan = { haltMinimum: 2, silentHours: 1 };
					const digest = await bench.rollOut(await bench.vendor.release(2), plan);
					const [back, gone, late] = await offered(bench, "BACK", "GONE", "LATE");
					for (const lock of [back!, gone!]) vanish(lock);
					await bench.service.close();
					bench.clock.advance(5 * HOUR_MS);
					await bench.restart();
					late!.report = { ...late!.report, state: "waiting", offered: 2 };
					late!.connect(bench.service);
					check.equal((await outcomes(bench, digest)).GONE, "offered");
					install(back!);
					back!.connect(bench.service);
					bench.clock.advance(HOUR_MS - MINUTE_MS);
					check.deepEqual(await outcomes(bench, digest), {
						...{ BACK: "installed installed", GONE: "offered", LATE: "offered" },
					});
					bench.clock.advance(2 * MINUTE_MS);
					check.equal((await outcomes(bench, digest)).GONE, "failed silent");
					// Silence begins where the connection ended, not at the last change of its report.
					check.ok(await bench.table.changeRollout(digest, { silentHours: 2 }));
					bench.clock.advance(5 * HOUR_MS);
					await bench.looks();
					late!.disconnect();
					await bench.restart();
					bench.clock.advance(2 * HOUR_MS - MINUTE_MS);
					check.equal((await outcomes(bench, digest)).LATE, "offered");
					bench.clock.advance(2 * MINUTE_MS);
					check.deepEqual(await outcomes(bench, digest), {
						...{ BACK: "installed installed", GONE: "failed silent", LATE: "failed silent" },
					});
				},
				{ silenceGraceMs: HOUR_MS },
			),
	);

	t.test("silence is told once for each time that a lock takes a release, by the given clock alone", () => {
		let nowMs = 0;
		const watch = new SilenceWatch(() => nowMs, 10);
		const silent = (...here: readonly string[]): readonly string[] =>
			watch.silent("aa", 100, (serial) => here.includes(serial));
		watch.took("aa", "A", 1_000_000);
		watch.took("aa", "B", -1_000_000);
		watch.took("bb", "C");
		check.deepEqual(silent(), [], "grace");
		nowMs = 89;
		check.deepEqual(silent(), [], "before its start no more than the grace counts");
		nowMs = 90;
		check.deepEqual([silent(), watch.has("A"), watch.has("B")], [["A"], false, true]);
		nowMs = 99;
		check.deepEqual(silent("B"), []);
		nowMs = 198;
		check.deepEqual(silent(), []);
		nowMs = 199;
		check.deepEqual([silent(), silent()], [["B"], []]);
		watch.took("aa", "B");
		watch.settled("aa", "B");
		nowMs = 1_000;
		check.deepEqual([silent(), watch.has("C")], [[], true]);
	});

	t.test(
		"a lock has taken a release when it is about to boot it or tries it, and not before or after",
		() => {
			const report = { sequence: 1, offered: 2 } as UpdateReport;
			for (const state of ["idle", "downloading", "patching", "verifying", "parked"] as const)
				check.ok(!hasTaken({ ...report, state }, 2), state);
			check.ok(hasTaken({ ...report, state: "waiting" }, 2) && !hasTaken({ ...report, state: "waiting" }, 1));
			check.ok(hasTaken({ ...report, state: "trial", sequence: 2 }, 2));
			check.ok(!hasTaken({ ...report, state: "trial", sequence: 3, offered: 3 }, 2));
		},
	);

	t.test("refusals for what the release is halt it, by two locks at least (T10)", () =>
		UpdateBench.with(async (bench) => {
			const plan = { haltMinimum: 3, refusalRate: 50 };
			const digest = await bench.rollOut(await bench.vendor.release(2), plan);
			const [good, one, two, three] = await offered(bench, "GOOD", "ONE", "TWO", "THREE");
			install(good!);
			refuse(one!, "rollback-security");
			refuse(two!, "not-fresh");
			check.deepEqual(halts(bench), []);
			refuse(three!, "untrusted");
			const found = await outcomes(bench, digest);
			check.deepEqual([found.THREE, found.TWO], ["refused untrusted", "refused not-fresh"]);
			check.deepEqual(halts(bench), ["2 of 3 locks refused it, more than 50 %"]);
		}),
	);

	t.test("refusals for what comes first, or of the lock itself, halt nothing however many (T10)", () => {
		const offer = { tries: 1, offeredAtMs: 0, outcomeAt: "2", generation: 2, reverts: 0 };
		const all = (result: UpdateResult): readonly (typeof offer & { outcome: "refused"; result: string })[] =>
			Array.from({ length: 20 }, () => ({ ...offer, outcome: "refused", result }));
		const reason = (result: UpdateResult, generation = 0) =>
			haltReason(ROLLOUT, countOutcomes(all(result), generation));
		const harmless = [
			"fast-forward",
			"not-fresh",
			"trust-older",
			"trust-expired",
			"foreign",
			"no-slots",
		] as const;
		for (const result of harmless) check.equal(reason(result), undefined, result);
		for (const result of ["untrusted", "malformed", "too-large", "rollback-sequence", "parked"] as const)
			check.equal(reason(result), "20 of 20 locks refused it, more than 50 %", result);
		check.equal(reason("too-large", 2), "20 of 20 locks refused it, more than 50 %");
		check.equal(reason("too-large", 3), undefined, "before it was resumed");
	});

	t.test("a failure and a halt of before it was resumed are over, whenever they are written (T10)", () =>
		UpdateBench.with(async (bench) => {
			const digest = await bench.rollOut(await bench.vendor.release(2), { haltMinimum: 2 });
			const [late] = await bench.locks("LK-LATE");
			const [one, two, three, four] = await offered(bench, "ONE", "TWO", "THREE", "FOUR");
			await bench.service.settled();
			for (const lock of [one!, two!]) fail(lock);
			check.equal(halts(bench).length, 1);
			check.equal((await bench.table.rollouts())[0]!.state, "running", "it is not written yet");
			check.ok(await bench.table.setRolloutState(digest, "running"));
			await bench.looks();
			const state = async (): Promise<string> => (await bench.table.rollouts())[0]!.state;
			check.equal(await state(), "running");
			late!.connect(bench.service);
			check.ok(await late!.isOffered());
			for (const lock of [one!, two!, three!, four!, late!]) lock.disconnect();
			await bench.restart();
			three!.connect(bench.service);
			fail(three!);
			await bench.looks();
			check.deepEqual([halts(bench).length, await state()], [1, "running"]);
			four!.connect(bench.service);
			fail(four!);
			await bench.looks();
			check.deepEqual([halts(bench).length, await state()], [2, "halted"]);
		}, LATER),
	);

	t.test("a lock that reverts again after it was resumed counts again, and its old word does not (T10)", () =>
		UpdateBench.with(async (bench) => {
			const digest = await bench.rollOut(await bench.vendor.release(2), { haltMinimum: 2 });
			const [one, two] = await offered(bench, "ONE", "TWO");
			for (const lock of [one!, two!]) fail(lock);
			check.equal(halts(bench).length, 1);
			await bench.looks();
			check.ok(await bench.table.setRolloutState(digest, "running"));
			await bench.looks();
			// The same word in another report, and over a restart.
			for (const lock of [one!, two!]) lock.say({ stale: false });
			for (const lock of [one!, two!]) lock.disconnect();
			await bench.restart();
			for (const lock of [one!, two!]) lock.connect(bench.service);
			await bench.looks();
			check.equal(halts(bench).length, 1);
			fail(one!, 2);
			await bench.looks();
			check.equal(halts(bench).length, 1, "one lock");
			fail(two!, 2);
			check.deepEqual(halts(bench).slice(1), ["2 of 2 locks failed, more than 10 %"]);
		}),
	);
}
