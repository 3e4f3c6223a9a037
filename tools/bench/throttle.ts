/**
 * What an update under way costs whoever stands at the door: unlocks of one session over the relay, in pairs with and without
 * work of the update, while it downloads, patches and reads back; the longest turns of the event loop in byte codes; and how long a
 * download takes.
 *
 *   npm run bench -- throttle [PAIRS]     with PAIRS the firmware's own stand-back of 2 s is kept: about 5 s a pair
 */
import { LIMITS } from "../../modules/base/limits.ts";
import { buildBoard, buildImage } from "./bench-build.ts";
import type { Figure } from "./figure.ts";
import { percentile } from "./percentile.ts";
import { pause, UpdateDoor } from "./update-door.ts";
import { measureTurns } from "./update-turns.ts";

const PAIRS = 500;
/**
 * Work begins again so long after an unlock, in place of 2 s: 1,000 samples would take an hour. No sample is milder for it: each
 * `on` unlock comes while work goes on. The others let every unlock be on record, and every release be taken.
 */
const SHORT_YIELD_MS = 100;
const PERMISSIONS = Object.freeze({ logGrantBurst: 100_000, updateBeginsBurst: 64, updateBeginsPerDay: 64 });
const MIB = 2 ** 20;
/** Of one window: four pieces and their rests. */
const WINDOW_MS = (LIMITS.objectWindowBytes / LIMITS.objectPieceBytes) * LIMITS.updateRestMs;
/** A release is replaced before it is complete. */
const REPLACE_BYTES = LIMITS.imageBytes - 2 * LIMITS.chunkBytes;
const GOAL_MEDIAN = 1.2;
const GOAL_P95 = 1.5;

interface Times {
	readonly on: number[];
	readonly off: number[];
}

export async function measureThrottle(pairs?: number): Promise<readonly Figure[]> {
	const limits = pairs === undefined ? { ...PERMISSIONS, updateYieldMs: SHORT_YIELD_MS } : PERMISSIONS;
	const image = buildImage("throttle", [], limits);
	const yieldMs = pairs === undefined ? SHORT_YIELD_MS : LIMITS.updateYieldMs;
	return [
		...(await measureTimes(image, pairs ?? PAIRS, yieldMs)),
		...(await measureTurns(
			buildBoard("METER=1"),
			buildImage("throttle-turns", [], { ...PERMISSIONS, updateYieldMs: SHORT_YIELD_MS }),
		)),
	];
}

async function measureTimes(image: string, pairs: number, yieldMs: number): Promise<Figure[]> {
	const door = await UpdateDoor.open(buildBoard(), image);
	try {
		const downloadMs = await timeDownload(door);
		await door.unlock();
		const downloading = await downloadPairs(door, pairs);
		door.source.withhold(false);
		await door.offerDelta();
		await door.until(() => door.source.state === "patching", "patching");
		const patching = await workingPairs(door, "patching", yieldMs);
		await door.until(() => door.source.state === "verifying", "reading back");
		const verifying = await workingPairs(door, "verifying", yieldMs);
		return [
			{ name: "1 MiB downloaded by a lock that nobody wants", value: downloadMs / 1000, unit: "s" },
			...timeFigures("downloading", downloading),
			...timeFigures("patching", patching),
			...timeFigures("reading back", verifying),
		];
	} finally {
		await door.close();
	}
}

/** From the first want until the image is being read back. */
async function timeDownload(door: UpdateDoor): Promise<number> {
	await door.offer(MIB);
	const startedMs = performance.now();
	await door.until(() => door.source.state === "verifying", "reading back");
	return performance.now() - startedMs;
}

/** off: the lock has asked, and the relay withholds. on: a window was worked off right before, and the next one is. */
async function downloadPairs(door: UpdateDoor, pairs: number): Promise<Times> {
	const times: Times = { on: [], off: [] };
	await door.offer(LIMITS.imageBytes);
	for (let pair = 0; pair < pairs; pair++) {
		for (const mode of pair % 2 === 0 ? (["on", "off"] as const) : (["off", "on"] as const)) {
			if (door.source.servedBytes > REPLACE_BYTES) {
				door.source.withhold(false);
				await door.offer(LIMITS.imageBytes);
			}
			const { wants } = door.source;
			door.source.withhold(mode === "off");
			if (mode === "off") await door.until(() => door.source.isHolding, "a lock that has nothing to do");
			else await door.until(() => door.source.wants > wants, "a window that was worked off");
			await pause(Math.random() * WINDOW_MS);
			if (door.source.state !== "downloading") throw new Error(`the lock is ${door.source.state}`);
			const tookMs = await door.unlock();
			if (door.source.state !== "downloading") throw new Error(`the lock is ${door.source.state}`);
			times[mode].push(tookMs);
		}
	}
	return times;
}

/** off: the update still stands back from the unlock before. on: it has gone on for a while. As long as the state lasts. */
async function workingPairs(
	door: UpdateDoor,
	state: "patching" | "verifying",
	yieldMs: number,
): Promise<Times> {
	const times: Times = { on: [], off: [] };
	await door.unlock();
	while (door.source.state === state) {
		await pause(yieldMs * (0.5 + 0.3 * Math.random()));
		const off = await door.unlock();
		await pause(yieldMs + LIMITS.updateRestMs + Math.random() * WINDOW_MS);
		if (door.source.state !== state) break;
		const on = await door.unlock();
		if (door.source.state !== state) break;
		times.off.push(off);
		times.on.push(on);
	}
	return times;
}

function timeFigures(what: string, { on, off }: Times): Figure[] {
	const name = `unlock while ${what}`;
	if (on.length === 0) throw new Error(`${name}: no sample`);
	const ratio = (percent: number): number => percentile(on, percent) / percentile(off, percent);
	return [
		{ name: `${name}, pairs`, value: on.length, unit: "" },
		{
			name: `${name}, p50 (without work ${percentile(off, 50).toFixed(2)})`,
			value: percentile(on, 50),
			unit: "ms",
		},
		{
			name: `${name}, p95 (without work ${percentile(off, 95).toFixed(2)})`,
			value: percentile(on, 95),
			unit: "ms",
		},
		{ name: `${name}, ratio of p50`, value: ratio(50), unit: "", goal: GOAL_MEDIAN },
		{ name: `${name}, ratio of p95`, value: ratio(95), unit: "", goal: GOAL_P95 },
	];
}
