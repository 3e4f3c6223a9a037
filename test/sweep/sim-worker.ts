/** One share of the sweep on the simulator, in a thread of its own: tells of each scenario when it is through with it. */
import { parentPort, workerData } from "node:worker_threads";
import { planScenarios, type Scenario } from "./scenarios.ts";
import { checkWatching, type Share, type Swept, sweepOnce, sweepTwice } from "./sim-sweep.ts";
import { makeWorld } from "./world.ts";

export interface SimTask {
	readonly seed: number;
	readonly share: Share;
	/** Second cuts and watched cuts of this share. */
	readonly second: number;
	readonly watched: number;
	/** The scenario of this name alone; the default is all. */
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
	tell("preparation", 0, { cuts: 0, lives: 0, wrong: [] });
	const scenarios: Scenario[] = [];
	for (const { name, make } of planScenarios(world, seed)) {
		if (only !== undefined && name !== only) continue;
		const scenario = attempted(make);
		if (typeof scenario === "string") {
			tell(name, 0, { cuts: 0, lives: 0, wrong: [scenario] });
			continue;
		}
		scenarios.push(scenario);
		tell(name, scenario.points.length, sweepOnce(world, scenario, share));
	}
	if (only !== undefined) return;
	const own = seed + share.number;
	tell(SECOND, second, sweepTwice(world, scenarios, second, own));
	tell(WATCHED, watched, checkWatching(world, scenarios, watched, own));
}

/** Or why there is none: the life without a cut is part of what is tested. */
function attempted(make: () => Scenario): Scenario | string {
	try {
		return make();
	} catch (error) {
		return `without a cut: ${(error as Error).stack}`;
	}
}

if (parentPort !== null) run(workerData as SimTask);
