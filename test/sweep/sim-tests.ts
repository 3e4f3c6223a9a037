/** The sweep on the simulator as tests: two threads share the lives, and no cut point may be left over. */
import { Worker } from "node:worker_threads";
import type { Report } from "./report.ts";
import { SECOND, type SimResult, type SimTask, WATCHED } from "./sim-worker.ts";

const SHARES = 2;

export interface SimTestOptions {
	readonly seed: number;
	readonly slow: boolean;
	readonly only: string | undefined;
}

const SECOND_CUTS = 300;
const SLOW_SECOND_CUTS = 6000;
const WATCHED_CUTS = 60;

export async function sweepSim({ seed, slow, only }: SimTestOptions, report: Report): Promise<void> {
	const results = new Map<string, SimResult[]>();
	const second = (slow ? SLOW_SECOND_CUTS : SECOND_CUTS) / SHARES;
	const tasks = Array.from({ length: SHARES }, (_, number) => {
		const share = { number, of: SHARES };
		const task: SimTask = {
			seed,
			share,
			second,
			watched: WATCHED_CUTS / SHARES,
			...(only !== undefined && { only }),
		};
		return runWorker(task, (result) => {
			const all = results.get(result.name) ?? [];
			all.push(result);
			results.set(result.name, all);
			if (all.length === SHARES) tell(result.name, all, report);
		});
	});
	await Promise.all(tasks);
}

function runWorker(task: SimTask, onResult: (result: SimResult) => void): Promise<void> {
	return new Promise((resolve, reject) => {
		const worker = new Worker(new URL("./sim-worker.js", import.meta.url), { workerData: task });
		worker.on("message", (result: SimResult) => onResult(result));
		worker.on("error", reject);
		worker.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`a share ended with ${code}`))));
	});
}

function tell(name: string, results: readonly SimResult[], report: Report): void {
	const sum = (of: (result: SimResult) => number): number =>
		results.reduce((all, result) => all + of(result), 0);
	const seconds = (Math.max(...results.map(({ ms }) => ms)) / 1000).toFixed(1);
	if (name === "preparation") return report.note(`preparation: ${seconds} s`);
	const isSampled = name === SECOND || name === WATCHED;
	const points = isSampled ? sum((result) => result.points) : results[0]!.points;
	const cuts = sum(({ swept }) => swept.cuts);
	const lives = sum(({ swept }) => swept.lives);
	const wrong = results.flatMap(({ swept }) => swept.wrong);
	if (name !== WATCHED) report.count(cuts, points);
	report.note(`${name}: ${cuts} cut points, ${lives} lives, ${points - cuts} skipped, ${seconds} s`);
	const failures = wrong.slice(0, 3);
	if (cuts !== points) failures.push(`${points - cuts} cut points were skipped`);
	if (cuts === 0) failures.push("there is no cut point");
	report.test(titleOf(name), failures.length === 0 ? undefined : failures.join("\n"));
}

function titleOf(name: string): string {
	if (name === SECOND)
		return "a cut in the life after a cut costs nothing that one cut does not (I3, I4, I5, T12)";
	if (name === WATCHED) return "the flash that the sweep shows for a cut is what that cut leaves";
	return `a cut at any operation of ${name} leaves a lock that runs, opens and ends as without it (I3, I4, I5, T12)`;
}
