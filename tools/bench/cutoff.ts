/**
 * The native cut-off (DESIGN 10): how late it comes under load, beside a plain C program with a timer of the same kind at the same instant;
 * and whether it comes at all when JavaScript hangs, uses up its memory, or throws.
 *
 *   npm run bench -- cutoff [PULSES]
 */
import { join } from "node:path";
import { cutLife, isCut, LIFE_PULSE_MS, type Misbehaviour } from "../../test/host/cut-lives.ts";
import { buildBoard, buildImage } from "./bench-build.ts";
import { PULSE_MODULE, PULSE_READY, type Pulse, pulseWords, timePulses } from "./cut-timer.ts";
import { CutoffLoad } from "./cutoff-load.ts";
import type { Figure } from "./figure.ts";
import { LoadSlices, leastOf, type Progress } from "./load-slices.ts";
import { percentile } from "./percentile.ts";

const PULSES = 1_000;
const PULSE_MS = 40;
const GAP_MS = 40;
const LIVES = 100;
const GOAL_ADDED_MS = 2;
const SESSIONS = 8;
/** In each of them the download and every session must get further. */
const SLICE_MS = 10_000;
/** Of plain timers, that were set after their time. */
const GOAL_UNSET_PERCENT = 1;
/** Before its time by more than this no cut is one: what a start may be held up between the deadline's setting and the rise. */
const EARLY_MS = 2;
/** The download goes on while sessions ask, and every request is on record. */
const BUSY = Object.freeze({
	updateYieldMs: 1,
	logGrantBurst: 1_000_000,
	updateBeginsBurst: 64,
	updateBeginsPerDay: 64,
});
/** Of one pulse, with what a machine that has other work adds. */
const PULSE_LIMIT_MS = 2_000;
const STARTS_MS = 60_000;

export async function measureCutoff(pulses = PULSES): Promise<Figure[]> {
	return [...(await measurePulses(pulses)), ...(await measureLives())];
}

async function measurePulses(count: number): Promise<Figure[]> {
	const image = buildImage("cutoff-busy", [PULSE_MODULE], BUSY);
	const load = await CutoffLoad.open(buildBoard(), image, pulseWords(PULSE_MS, "nothing"));
	try {
		const { bench } = load.door;
		if (!bench.lines.some((line) => line.includes(PULSE_READY))) throw new Error("the board has no pulses");
		await load.start();
		const slices = new LoadSlices(SLICE_MS, () => load.progress);
		let marks: readonly Progress[];
		let pulses: readonly Pulse[];
		try {
			pulses = await timePulses({
				socket: join(bench.dir, "pins"),
				pulseMs: PULSE_MS,
				gapMs: GAP_MS,
				count,
				limitMs: STARTS_MS + count * PULSE_LIMIT_MS,
			});
		} finally {
			marks = slices.end();
		}
		const { sessions, answers, servedBytes } = load;
		await load.stop();
		const { bytes = 0, ...asked } = leastOf(marks);
		const leastAnswers = Object.values(asked);
		if (sessions !== SESSIONS || leastAnswers.length !== SESSIONS)
			throw new Error(`${sessions} sessions are left of ${leastAnswers.length}`);
		if (bytes === 0 || leastAnswers.includes(0))
			throw new Error(`the load stood still: ${JSON.stringify(leastOf(marks))} in ${SLICE_MS} ms`);
		return [
			{ name: "pulses under load", value: pulses.length, unit: "" },
			{ name: "  slices of 10 s, each with download and all sessions", value: marks.length - 1, unit: "" },
			{ name: "  least answers of a session in a slice", value: Math.min(...leastAnswers), unit: "" },
			{ name: "  least downloaded in a slice", value: bytes / 1_024, unit: "KiB" },
			{ name: "  requests answered meanwhile, of 8 sessions", value: answers, unit: "" },
			{ name: "  of images downloaded meanwhile", value: servedBytes / 2 ** 20, unit: "MiB" },
			...lateFigures(pulses),
		];
	} finally {
		await load.close();
	}
}

/** The board's over all pulses; the plain timer's over those that it was set for in time, which are the machine's better ones. */
function lateFigures(pulses: readonly Pulse[]): Figure[] {
	const cut = pulses.map(({ cutUs }) => cutUs / 1_000);
	const set = pulses.filter(({ plainSet }) => plainSet);
	const plain = set.map(({ plainUs }) => plainUs / 1_000);
	const rows = [0, 50, 99, 100].flatMap((percent): Figure[] => {
		const at = { 0: "min", 100: "max" }[percent] ?? `p${percent}`;
		return [
			{ name: `cut after the end of its time, ${at}`, value: percentile(cut, percent), unit: "ms" },
			{ name: `  plain C timer, ${at}`, value: percentile(plain, percent), unit: "ms" },
		];
	});
	const unset = (100 * (pulses.length - set.length)) / pulses.length;
	const early = cut.filter((lateMs) => lateMs < -EARLY_MS).length;
	const added = percentile(cut, 99) - percentile(plain, 99);
	return [
		...rows,
		{ name: `cut more than ${EARLY_MS} ms before its time`, value: early, unit: "", goal: 0 },
		{ name: "  plain C timer set after its time", value: unset, unit: "%", goal: GOAL_UNSET_PERCENT },
		{ name: "added error at p99", value: added, unit: "ms", goal: GOAL_ADDED_MS },
	];
}

async function measureLives(): Promise<Figure[]> {
	const image = buildImage("cutoff", [PULSE_MODULE]);
	const figures: Figure[] = [];
	for (const after of ["hang", "memory", "exception"] as const)
		figures.push(...(await measureCase(image, after)));
	return figures;
}

async function measureCase(image: string, after: Misbehaviour): Promise<Figure[]> {
	let missed = 0;
	let longestUs = 0;
	for (let life = 0; life < LIVES; life++) {
		const lived = await cutLife(image, after);
		if (!isCut(lived, after)) {
			missed++;
			process.stderr.write(`${after}, life ${life}: ${JSON.stringify(lived)}\n`);
		}
		longestUs = Math.max(longestUs, lived.energisedUs ?? Number.POSITIVE_INFINITY);
	}
	return [
		{ name: `${after}: not cut by its deadline, of ${LIVES}`, value: missed, unit: "", goal: 0 },
		{ name: `  energised at most (pulse ${LIFE_PULSE_MS})`, value: longestUs / 1_000, unit: "ms" },
	];
}
