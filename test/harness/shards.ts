/**
 * A runner of tests that runs itself several times side by side, each with every n-th of its files or suites:
 * `--shard 2/6` is the third of six. Every shard prints whole, in the order of the shards; the summary is their sum.
 */
import { PATHS } from "../../tools/setup/paths.ts";
import { OrderedOutput, sideBySide } from "../ordered-output.ts";
import { type PartOutcome, PartRunner, SUMMARY } from "../part.ts";
import { formatTotals } from "./runner.ts";

export interface Shards {
	/** The compiled runner, which takes `--shard`. */
	readonly file: string;
	readonly count: number;
	readonly atOnce: number;
	/** Of one shard. */
	readonly minutes: number;
	readonly words: readonly string[];
}

/** A test's line; what hangs is the test behind the last one. */
const ENDED = /^(?:ok|not ok|skip) - (.*)$/;

/** Runs them all and prints their sum; ends the process with the outcome. */
export async function runShards({ file, count, atOnce, minutes, words }: Shards): Promise<never> {
	const runner = new PartRunner(PATHS.root);
	runner.endOnSignals();
	const output = new OrderedOutput((text) => void process.stdout.write(text), count);
	const numbers = Array.from({ length: count }, (_, index) => index);
	const outcomes = await sideBySide(numbers, atOnce, async (index): Promise<PartOutcome> => {
		const part = { name: `${index}`, file, minutes };
		let last = "none";
		const print = (lines: string): void => {
			for (const line of lines.split("\n")) last = ENDED.exec(line)?.[1] ?? last;
			output.write(index, withoutSummary(lines));
		};
		const outcome = await runner.run(part, [...words, "--shard", `${index}/${count}`], print);
		if (outcome.fault !== undefined) {
			output.write(
				index,
				`not ok - shard ${index}/${count}: it runs to its end\n#   ${outcome.fault}; the last test that ended: ${last}\n`,
			);
		}
		output.end(index);
		return outcome;
	});
	const sum = { passed: 0, failed: 0, skipped: 0 };
	for (const outcome of outcomes) {
		for (const kind of ["passed", "failed", "skipped"] as const) sum[kind] += outcome[kind];
	}
	process.stdout.write(`${formatTotals(sum)}\n`);
	process.exit(sum.failed === 0 && sum.passed > 0 ? 0 : 1);
}

function withoutSummary(lines: string): string {
	return lines
		.split("\n")
		.filter((line) => !SUMMARY.test(line))
		.join("\n");
}
