/**
 * Runs suites of named tests on Node and prints `ok - name`, `not ok - name` or `skip - name # reason`, and at the end the counts.
 * A whole run is several processes side by side, each with some of the suites. Arguments: [--only TEXT] [--shard I/N] [--slow].
 */
import { parseArgs } from "node:util";
import { after } from "./node-timer.ts";
import { formatTotals, within } from "./runner.ts";
import { shardOf } from "./shard.ts";
import { runShards } from "./shards.ts";
import { SkipTest } from "./test.ts";

export interface NamedTest {
	readonly name: string;
	/** Throws SkipTest where the machine lacks what it needs: that is no pass. */
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
	/** How long one test may take, where it is not the usual time. A test that never waits has the process's time alone. */
	readonly testMs?: number;
}

/** Several boards one after the other, each with a limit of its own, on a machine that has other work. */
const TEST_MS = 600_000;

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
	const totals = { passed: 0, failed: 0, skipped: 0 };
	for (const { name, run: body } of shardOf(suites, shard).flat()) {
		if (only !== undefined && !name.includes(only)) continue;
		try {
			const pending = body();
			if (pending !== undefined) await within(pending, run.testMs ?? TEST_MS, after);
			totals.passed++;
			process.stdout.write(`ok - ${name}\n`);
		} catch (error) {
			if (error instanceof SkipTest) {
				totals.skipped++;
				process.stdout.write(`skip - ${name} # ${error.message}\n`);
				continue;
			}
			totals.failed++;
			const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
			process.stdout.write(`not ok - ${name}\n${reason.replace(/^/gm, "#   ")}\n`);
		}
	}
	process.stdout.write(`${formatTotals(totals)}\n`);
	process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);
}
