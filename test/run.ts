/**
 * `npm test`: runs every part in its own process, two at once, and adds up what each printed last as
 * `N passed, N failed[, N skipped]`. What a part prints comes in one piece, in the order of the parts. The last line is
 * the sum, `N passed, N failed`.
 *
 *   node build/js/test/run.js [--slow] [--only NAME]
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PATHS } from "../tools/setup/paths.ts";
import { memoryFolder } from "./memory-folder.ts";
import { OrderedOutput, sideBySide } from "./ordered-output.ts";
import { type Part, type PartOutcome, PartRunner } from "./part.ts";

/** The unit of accounts in /proc, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The long ones first: the short ones fill what is left. Minutes are for what hangs, on a machine with other work. */
const PARTS: readonly Part[] = [
	{ name: "variants", file: "build/js/test/variants.js", byStatus: true, alone: true, minutes: 20 },
	{ name: "tidy", file: "build/js/tools/tidy/tidy.js", byStatus: true, minutes: 1 },
	{
		name: "lint",
		file: "node_modules/@biomejs/biome/bin/biome",
		words: ["check", "."],
		byStatus: true,
		minutes: 2,
	},
	{ name: "harness", file: "build/js/test/harness/run.js", minutes: 60 },
	{ name: "tools", file: "build/js/test/tools/run.js", minutes: 40 },
	{ name: "scenario", file: "build/js/test/scenario/run.js", minutes: 40 },
	{ name: "host", file: "build/js/test/host/run.js", minutes: 40 },
	{ name: "factory", file: "build/js/test/factory/run.js", minutes: 150 },
	{ name: "hil", file: "build/js/test/hil/run.js", minutes: 20 },
	{ name: "sweep", file: "build/js/test/sweep/run.js", minutes: 60 },
	{ name: "soak", file: "build/js/test/soak/run.js", minutes: 120 },
	{ name: "bindings", file: "build/js/test/bindings/run.js", minutes: 40 },
	{ name: "ws", file: "build/js/test/ws/run.js", minutes: 20 },
	{ name: "fuzz", file: "build/js/test/fuzz/run.js", minutes: 20 },
	{ name: "link", file: "build/js/test/link/run.js", minutes: 60 },
	{ name: "contract", file: "build/js/test/contract/run.js", minutes: 20 },
	{ name: "fleet", file: "build/js/test/fleet/run.js", minutes: 20 },
	{ name: "threats", file: "build/js/test/faults/threats-check.js", minutes: 2 },
	{ name: "scenario-64", file: "build/js/test/scenario/run-64.js", slow: true, minutes: 40 },
	{ name: "mbedtls", file: "build/js/test/bindings/trixie.js", slow: true, minutes: 30 },
	{ name: "faults", file: "build/js/test/faults/run.js", slow: true, minutes: 120 },
];

/** The exit status where no part is chosen. */
const WRONG_WORDS = 2;
/** Two parts at once, one for each core, most of which also wait; what they print stays in one piece. */
const AT_ONCE = 2;

async function main(): Promise<number> {
	const { values } = parseArgs({ options: { slow: { type: "boolean" }, only: { type: "string" } } });
	const { only } = values;
	const offered = PARTS.filter((part) => !part.slow || values.slow);
	const chosen = offered.filter((part) => only === undefined || part.name === only);
	if (chosen.length === 0) {
		const isSlow = PARTS.some((part) => part.name === only);
		const names = offered.map((part) => part.name).join(", ");
		process.stderr.write(`${isSlow ? `${only} needs --slow` : `no part is named ${only}`}: ${names}\n`);
		return WRONG_WORDS;
	}
	// Whoever named a place for temporary files keeps it.
	const folder = process.env.TMPDIR === undefined ? memoryFolder() : undefined;
	if (folder !== undefined) process.env.TMPDIR = folder;
	const runner = new PartRunner(PATHS.root);
	runner.endOnSignals();
	const output = new OrderedOutput((text) => void process.stdout.write(text), chosen.length);
	const runPart = async (part: Part, index: number): Promise<PartOutcome> => {
		const started = performance.now();
		output.write(index, `# ${part.name}\n`);
		const words = [...(part.words ?? []), ...(values.slow && !part.byStatus ? ["--slow"] : [])];
		const whole = { ...part, file: join(PATHS.root, part.file) };
		const outcome = await runner.run(whole, words, (lines) => output.write(index, lines));
		const seconds = ((performance.now() - started) / 1000).toFixed(1);
		const fault = outcome.fault === undefined ? "" : ` (${outcome.fault})`;
		output.write(
			index,
			`# ${part.name}: ${outcome.passed} passed, ${outcome.failed} failed in ${seconds} s${fault}\n`,
		);
		output.end(index);
		return outcome;
	};
	const started = performance.now();
	const alone = chosen.filter((part) => part.alone);
	const outcomes = await sideBySide(alone, 1, (part) => runPart(part, chosen.indexOf(part)));
	const others = chosen.filter((part) => !part.alone);
	outcomes.push(...(await sideBySide(others, AT_ONCE, (part) => runPart(part, chosen.indexOf(part)))));
	const sum = { passed: 0, failed: 0, skipped: 0 };
	for (const outcome of outcomes) {
		for (const kind of ["passed", "failed", "skipped"] as const) sum[kind] += outcome[kind];
	}
	process.stdout.write(`# ${((performance.now() - started) / 1000).toFixed(0)} s, ${processorSeconds()}\n`);
	if (sum.skipped > 0) process.stdout.write(`# ${sum.skipped} skipped\n`);
	process.stdout.write(`${sum.passed} passed, ${sum.failed} failed\n`);
	return sum.failed > 0 || sum.passed === 0 ? 1 : 0;
}

/** What the kernel counted for all children that were waited for: the time that does not depend on neighbours. */
function processorSeconds(): string {
	const fields = readFileSync("/proc/self/stat", "latin1").split(") ").at(-1)!.split(" ");
	const ticks = Number(fields[13]) + Number(fields[14]);
	return `${(ticks / TICKS_PER_SECOND).toFixed(0)} s of processor time`;
}

process.exit(await main());
