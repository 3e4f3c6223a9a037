/**
 * `npm test`: runs every part in its own process, one after the other, and adds up what each printed last as
 * `N passed, N failed[, N skipped]`. The last line is the sum, `N passed, N failed`.
 *
 *   node build/js/test/run.js [--slow] [--only NAME]
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PATHS } from "../tools/setup/paths.ts";
import { type Part, PartRunner } from "./part.ts";

const PARTS: readonly Part[] = [
	{ name: "tidy", file: "build/js/tools/tidy/tidy.js", byStatus: true, minutes: 1 },
	{
		name: "lint",
		file: "node_modules/@biomejs/biome/bin/biome",
		words: ["check", "."],
		byStatus: true,
		minutes: 2,
	},
	{ name: "harness", file: "build/js/test/harness/run.js", minutes: 35 },
	{ name: "host", file: "build/js/test/host/run.js", minutes: 20 },
	{ name: "contract", file: "build/js/test/contract/run.js", minutes: 10 },
	{ name: "bindings", file: "build/js/test/bindings/run.js", minutes: 20 },
	{ name: "fuzz", file: "build/js/test/fuzz/run.js", minutes: 15 },
	{ name: "ws", file: "build/js/test/ws/run.js", minutes: 10 },
	{ name: "link", file: "build/js/test/link/run.js", minutes: 60 },
	{ name: "tools", file: "build/js/test/tools/run.js", minutes: 20 },
	{ name: "scenario", file: "build/js/test/scenario/run.js", minutes: 20 },
	{ name: "factory", file: "build/js/test/factory/run.js", minutes: 150 },
	{ name: "fleet", file: "build/js/test/fleet/run.js", minutes: 20 },
	{ name: "sweep", file: "build/js/test/sweep/run.js", minutes: 60 },
	{ name: "threats", file: "build/js/test/faults/threats-check.js", minutes: 2 },
	{ name: "mbedtls", file: "build/js/test/bindings/trixie.js", slow: true, minutes: 30 },
	{ name: "faults", file: "build/js/test/faults/run.js", slow: true, minutes: 120 },
];

async function main(runner: PartRunner): Promise<number> {
	const { values } = parseArgs({ options: { slow: { type: "boolean" }, only: { type: "string" } } });
	const chosen = PARTS.filter(
		(part) => (values.only === undefined || part.name === values.only) && (!part.slow || values.slow),
	);
	const sum = { passed: 0, failed: 0, skipped: 0 };
	for (const part of chosen) {
		const started = performance.now();
		process.stdout.write(`# ${part.name}\n`);
		const words = [...(part.words ?? []), ...(values.slow && !part.byStatus ? ["--slow"] : [])];
		const outcome = await runner.run({ ...part, file: join(PATHS.root, part.file) }, words);
		for (const kind of ["passed", "failed", "skipped"] as const) sum[kind] += outcome[kind];
		const seconds = ((performance.now() - started) / 1000).toFixed(1);
		const fault = outcome.fault === undefined ? "" : ` (${outcome.fault})`;
		process.stdout.write(
			`# ${part.name}: ${outcome.passed} passed, ${outcome.failed} failed in ${seconds} s${fault}\n`,
		);
	}
	if (sum.skipped > 0) process.stdout.write(`# ${sum.skipped} skipped\n`);
	process.stdout.write(`${sum.passed} passed, ${sum.failed} failed\n`);
	return sum.failed > 0 || sum.passed === 0 ? 1 : 0;
}

const runner = new PartRunner(PATHS.root, (text) => void process.stdout.write(text));
for (const [signal, status] of [
	["SIGINT", 130],
	["SIGTERM", 143],
	["SIGHUP", 129],
] as const) {
	process.on(signal, () => void runner.kill().then(() => process.exit(status)));
}
process.exit(await main(runner));
