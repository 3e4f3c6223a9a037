/** One share of the sweep on the simulator, in a thread of its own: tells of each scenario when it is through with it. */
import { parentPort, workerData } from "node:worker_threads";
import { makeScenarios } from "./scenarios.ts";
import { checkWatching, type Share, type Swept, sweepOnce, sweepTwice } from "./sim-sweep.ts";
import { makeWorld } from "./world.ts";

export interface SimTask {
	readonly seed: number;
	readonly share: Share;
	/** Second cuts and watched cuts of this share. */
	readonly second: number;
	readonly watched: number;
	/** Scenarios whose name holds this; the default is all. */
	readonly only?: string;
}

export interface SimResult {
	readonly name: string;
	/** Cut points of the scenario, over all shares. */
	readonly points: number;
	readonly swept: Swept;
	readonly ms: number;
}

export const SECOND = "second cuts";
export const WATCHED = "watched cuts";

function run({ seed, share, second, watched, only }: SimTask): void {
	let startedMs = performance.now();
	const tell = (name: string, points: number, swept: Swept): void => {
		const nowMs = performance.now();
		parentPort!.postMessage({ name, points, swept, ms: nowMs - startedMs } satisfies SimResult);
		startedMs = nowMs;
	};
	const world = makeWorld(seed);
	const scenarios = makeScenarios(world, seed);
	tell("preparation", 0, { cuts: 0, lives: 0, wrong: [] });
	for (const scenario of scenarios) {
		if (only !== undefined && !scenario.name.includes(only)) continue;
		tell(scenario.name, scenario.points.length, sweepOnce(world, scenario, share));
	}
	if (only !== undefined) return;
	const own = seed + share.number;
	tell(SECOND, second, sweepTwice(world, scenarios, second, own));
	tell(WATCHED, watched, checkWatching(world, scenarios, watched, own));
}

if (parentPort !== null) run(workerData as SimTask);
