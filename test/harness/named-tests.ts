/**
 * Runs suites of named tests on Node and prints `ok - name` or `not ok - name`, and at the end the counts. A whole run
 * is several processes side by side, each with some of the suites. Arguments: [--only TEXT] [--shard I/N] [--slow].
 */
import { parseArgs } from "node:util";
import { shardOf } from "./shard.ts";
import { runShards } from "./shards.ts";

export interface NamedTest {
	readonly name: string;
	run(): void | Promise<void>;
}

export interface NamedRun {
	/** The compiled runner that calls this. */
	readonly file: string;
	suites(slow: boolean): readonly (readonly NamedTest[])[];
	/** Builds what they need: for a whole run once, before its processes start. */
	prepare(): void;
	readonly shards: number;
	readonly atOnce: number;
	/** Of one process. */
	readonly minutes: number;
}

/** Ends the process with the outcome. */
export async function runNamed(run: NamedRun): Promise<never> {
	const { values } = parseArgs({
		options: {
			only: { type: "string" },
			shard: { type: "string" },
			slow: { type: "boolean", default: false },
		},
	});
	const { only, shard, slow } = values;
	if (shard === undefined) run.prepare();
	const suites = run.suites(slow);
	if (only === undefined && shard === undefined && run.shards > 1) {
		const { file, atOnce, minutes } = run;
		const count = Math.min(run.shards, suites.length);
		return await runShards({ file, count, atOnce, minutes, words: slow ? ["--slow"] : [] });
	}
	let passed = 0;
	let failed = 0;
	for (const { name, run: body } of shardOf(suites, shard).flat()) {
		if (only !== undefined && !name.includes(only)) continue;
		try {
			await body();
			passed++;
			process.stdout.write(`ok - ${name}\n`);
		} catch (error) {
			failed++;
			const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
			process.stdout.write(`not ok - ${name}\n${reason.replace(/^/gm, "#   ")}\n`);
		}
	}
	process.stdout.write(`${passed} passed, ${failed} failed\n`);
	process.exit(failed === 0 && passed > 0 ? 0 : 1);
}
