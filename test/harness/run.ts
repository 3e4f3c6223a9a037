/**
 * Runs the test files on both engines and proves that they ran the same tests: the same names, but for the
 * exceptions that engine-exceptions.ts lists with their reasons. Each engine has several processes, two of which run at
 * once. Last line: N passed, N failed[, N skipped].
 *
 *   node build/js/test/harness/run.js [--seed N] [--only PART-OF-PATH] [--slow]
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { OrderedOutput, sideBySide } from "../ordered-output.ts";
import { PartRunner, SUMMARY } from "../part.ts";
import { engineDifferences } from "./engine-differences.ts";
import { ENGINE_EXCEPTIONS, type Engine, runsOn } from "./engine-exceptions.ts";
import { COMPILED, ROOT, testFiles } from "./files.ts";
import { formatTotals, type Totals } from "./runner.ts";
import { buildTestBoard } from "./xs-image.ts";

/** Of one process, of which the slow run has many times the work. */
const SHARD_MINUTES = 30;
/** XS is much the slower one. */
const SHARDS = Object.freeze({ xs: 4, node: 2 });
const AT_ONCE = 2;
const OUTCOME = /^(ok|not ok|skip) - (.*)$/;

const { values } = parseArgs({
	options: { seed: { type: "string" }, only: { type: "string" }, slow: { type: "boolean" } },
});
const seed = values.seed ?? process.env.LATCHKEY_SEED ?? String(Math.floor(Math.random() * 4294967296));

interface EngineRun {
	readonly names: readonly string[];
	readonly totals: Totals;
	/** What was wrong with the run as a whole. */
	readonly faults: readonly string[];
}

interface Shard {
	readonly engine: Engine;
	/** As the runner of the engine takes it. */
	readonly words: readonly string[];
}

const runner = new PartRunner(ROOT);
runner.endOnSignals();

function shardsOf(engine: Engine): Shard[] {
	const files = testFiles(values.only).filter((file) => runsOn(engine, file));
	const count = Math.max(1, Math.min(SHARDS[engine], files.length));
	const words = ["--seed", seed, ...(values.only === undefined ? [] : ["--only", values.only])];
	if (values.slow) words.push("--slow");
	return Array.from({ length: count }, (_, index) => ({
		engine,
		words: [...words, "--shard", `${index}/${count}`],
	}));
}

async function runShard({ engine, words }: Shard, print: (text: string) => void): Promise<EngineRun> {
	const names: string[] = [];
	let lines = "";
	const part = {
		name: engine,
		file: join(COMPILED, `test/harness/run-${engine}.js`),
		minutes: SHARD_MINUTES,
	};
	const started = performance.now();
	const outcome = await runner.run(part, words, (text) => {
		lines += text;
		const whole = lines.split("\n");
		lines = whole.pop()!;
		for (const line of whole) {
			const match = OUTCOME.exec(line);
			if (match !== null) names.push(match[1] === "skip" ? match[2]!.split(" # ")[0]! : match[2]!);
			if (!SUMMARY.test(line)) print(`${line}\n`);
		}
	});
	const { passed, failed, skipped, fault } = outcome;
	const faults: string[] = [];
	if (fault !== undefined) faults.push(`${fault}, behind "${names.at(-1) ?? "nothing"}"`);
	else if (passed + failed + skipped !== names.length) faults.push("its summary and its lines differ");
	// A fault is told once, by the verdict.
	const totals = { passed, failed: fault === undefined ? failed : 0, skipped };
	const seconds = ((performance.now() - started) / 1000).toFixed(1);
	print(`# ${engine} ${words.at(-1)}: ${names.length} tests, ${formatTotals(totals)}, ${seconds} s\n`);
	return { names, totals, faults };
}

/** What the processes of one engine did together. */
function together(runs: readonly EngineRun[]): EngineRun {
	const totals = { passed: 0, failed: 0, skipped: 0 };
	for (const run of runs) {
		for (const kind of ["passed", "failed", "skipped"] as const) totals[kind] += run.totals[kind];
	}
	return {
		names: runs.flatMap(({ names }) => names),
		totals,
		faults: runs.flatMap(({ faults }) => faults),
	};
}

function compare(node: EngineRun, xs: EngineRun): readonly string[] {
	const { lines, tests, excepted } = engineDifferences(node.names, xs.names, ENGINE_EXCEPTIONS);
	for (const { file, only, reason } of ENGINE_EXCEPTIONS) {
		process.stdout.write(`# only on ${only}: ${file}: ${reason}\n`);
	}
	process.stdout.write(`# ${tests} tests, ${excepted} of them on one engine only\n`);
	return lines;
}

process.stdout.write("# engine node, provider @noble; engine xs, provider PSA\n");
buildTestBoard();
const shards = [...shardsOf("xs"), ...shardsOf("node")];
const output = new OrderedOutput((text) => void process.stdout.write(text), shards.length);
const runs = await sideBySide(shards, AT_ONCE, async (shard, index) => {
	const run = await runShard(shard, (text) => output.write(index, text));
	output.end(index);
	return run;
});
const [xs, node] = (["xs", "node"] as const).map((engine) =>
	together(runs.filter((_run, index) => shards[index]!.engine === engine)),
) as [EngineRun, EngineRun];

const faults = [
	...node.faults.map((fault) => `node: ${fault}`),
	...xs.faults.map((fault) => `xs: ${fault}`),
	...compare(node, xs),
];
const verdict = "test/harness/run.ts: both engines ran the same tests to their end";
process.stdout.write(`${faults.length === 0 ? "ok" : "not ok"} - ${verdict}\n`);
for (const fault of faults) process.stdout.write(`#   ${fault}\n`);

const failed = node.totals.failed + xs.totals.failed + (faults.length === 0 ? 0 : 1);
const passed = node.totals.passed + xs.totals.passed + (faults.length === 0 ? 1 : 0);
process.stdout.write(
	`${formatTotals({ passed, failed, skipped: node.totals.skipped + xs.totals.skipped })}\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
