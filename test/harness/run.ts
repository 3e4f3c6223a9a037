/**
 * Runs the test files on both engines and proves that they ran the same tests: the same names, but for the
 * exceptions that engine-exceptions.ts lists with their reasons. Last line: N passed, N failed[, N skipped].
 *
 *   node build/js/test/harness/run.js [--seed N] [--only PART-OF-PATH] [--slow]
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { engineDifferences } from "./engine-differences.ts";
import { ENGINE_EXCEPTIONS, type Engine } from "./engine-exceptions.ts";
import { COMPILED } from "./files.ts";
import { formatTotals, type Totals } from "./runner.ts";

const ENGINE_MS = 1800000;
const OUTCOME = /^(ok|not ok|skip) - (.*)$/;
const SUMMARY = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;

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

function runEngine(engine: Engine): Promise<EngineRun> {
	const names: string[] = [];
	let totals: Totals | undefined;
	const started = performance.now();
	const words = ["--seed", seed, ...(values.only === undefined ? [] : ["--only", values.only])];
	if (values.slow) words.push("--slow");
	const child = spawn(process.execPath, [join(COMPILED, `test/harness/run-${engine}.js`), ...words], {
		stdio: ["ignore", "pipe", "inherit"],
		detached: true,
	});
	const killGroup = () => {
		try {
			process.kill(-child.pid!, "SIGKILL");
		} catch {
			// Gone already.
		}
	};
	let late = false;
	const deadline = setTimeout(() => {
		late = true;
		killGroup();
	}, ENGINE_MS);
	let rest = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		const lines = (rest + text).split("\n");
		rest = lines.pop()!;
		// Whole lines: the other engine prints beside.
		if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
		for (const line of lines) {
			const outcome = OUTCOME.exec(line);
			if (outcome !== null) names.push(outcome[1] === "skip" ? outcome[2]!.split(" # ")[0]! : outcome[2]!);
			const summary = SUMMARY.exec(line);
			if (summary !== null) {
				totals = { passed: +summary[1]!, failed: +summary[2]!, skipped: +(summary[3] ?? 0) };
			}
		}
	});
	return new Promise((resolve) => {
		child.on("close", (status) => {
			clearTimeout(deadline);
			killGroup();
			const faults: string[] = [];
			if (late) faults.push(`not done after ${ENGINE_MS / 60000} minutes`);
			else if (totals === undefined)
				faults.push(`ended by status ${status} behind "${names.at(-1) ?? "nothing"}"`);
			else if ((status === 0) !== (totals.failed === 0)) faults.push(`exit status ${status}`);
			if (totals !== undefined && totals.passed + totals.failed + totals.skipped !== names.length) {
				faults.push("its summary and its lines differ");
			}
			const seconds = ((performance.now() - started) / 1000).toFixed(1);
			const counts = totals ?? { passed: 0, failed: 0, skipped: 0 };
			process.stdout.write(`# ${engine}: ${names.length} tests, ${formatTotals(counts)}, ${seconds} s\n`);
			resolve({ names, totals: counts, faults });
		});
	});
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
const [node, xs] = await Promise.all([runEngine("node"), runEngine("xs")]);

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
