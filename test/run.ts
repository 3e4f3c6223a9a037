/**
 * `npm test`: runs every part in its own process, one after the other, and adds up what each printed last as
 * `N passed, N failed[, N skipped]`. A part that ends without that line, runs nothing or hangs is a failure, never a silence.
 * Arguments: --slow (also the parts marked slow), --only NAME.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../tools/setup/paths.ts";

interface Part {
	readonly name: string;
	readonly file: string;
	readonly words?: readonly string[];
	/** Counted as one test by its exit status, for programs that print no summary of ours. */
	readonly byStatus?: true;
	readonly slow?: true;
	readonly minutes: number;
}

const PARTS: readonly Part[] = [
	{ name: "tidy", file: "build/js/tools/tidy/tidy.js", byStatus: true, minutes: 1 },
	{
		name: "lint",
		file: "node_modules/@biomejs/biome/bin/biome",
		words: ["check", "."],
		byStatus: true,
		minutes: 2,
	},
	{ name: "harness", file: "build/js/test/harness/run.js", minutes: 20 },
	{ name: "host", file: "build/js/test/host/run.js", minutes: 20 },
	{ name: "contract", file: "build/js/test/contract/run.js", minutes: 10 },
	{ name: "bindings", file: "build/js/test/bindings/run.js", minutes: 20 },
	{ name: "ws", file: "build/js/test/ws/run.js", minutes: 10 },
	{ name: "tools", file: "build/js/test/tools/run.js", minutes: 10 },
	{ name: "scenario", file: "build/js/test/scenario/run.js", minutes: 20 },
	{ name: "faults", file: "build/js/test/faults/run.js", slow: true, minutes: 120 },
];

const SUMMARY = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;
const LINE_MAX = 65_536;

interface Outcome {
	readonly passed: number;
	readonly failed: number;
	readonly skipped: number;
	/** What made it a failure besides failed tests. */
	readonly fault?: string;
}

let current: ChildProcess | undefined;

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
	try {
		if (child.pid !== undefined) process.kill(-child.pid, signal);
	} catch {
		// Gone already.
	}
}

function judge(part: Part, status: number | null, summary: RegExpExecArray | null, late: boolean): Outcome {
	const failedStatus = status !== 0;
	if (late) return { passed: 0, failed: 1, skipped: 0, fault: `not done after ${part.minutes} minutes` };
	if (part.byStatus) return { passed: failedStatus ? 0 : 1, failed: failedStatus ? 1 : 0, skipped: 0 };
	if (summary === null) return { passed: 0, failed: 1, skipped: 0, fault: "ended without its summary line" };
	const passed = Number(summary[1]);
	const failed = Number(summary[2]);
	const skipped = Number(summary[3] ?? 0);
	if (passed + failed === 0) return { passed, failed: 1, skipped, fault: "ran no tests" };
	if (failed === 0 && failedStatus) return { passed, failed: 1, skipped, fault: `exit status ${status}` };
	return { passed, failed, skipped };
}

function runPart(part: Part, slow: boolean): Promise<Outcome> {
	return new Promise((resolve) => {
		const words = [...(part.words ?? []), ...(slow && part.byStatus !== true ? ["--slow"] : [])];
		const child = spawn(process.execPath, ["--enable-source-maps", join(PATHS.root, part.file), ...words], {
			cwd: PATHS.root,
			stdio: ["ignore", "pipe", "inherit"],
			detached: true,
		});
		current = child;
		let line = "";
		let summary: RegExpExecArray | null = null;
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			process.stdout.write(text);
			const lines = (line + text).split("\n");
			line = lines.pop()!.slice(0, LINE_MAX);
			for (const whole of lines) summary = SUMMARY.exec(whole) ?? summary;
		});
		let late = false;
		const deadline = setTimeout(() => {
			late = true;
			killGroup(child, "SIGKILL");
		}, part.minutes * 60_000);
		child.on("error", (error) => process.stdout.write(`${error.message}\n`));
		child.on("close", (status) => {
			clearTimeout(deadline);
			killGroup(child, "SIGKILL");
			current = undefined;
			resolve(judge(part, status, summary, late));
		});
	});
}

async function main(): Promise<number> {
	const words = process.argv.slice(2);
	const slow = words.includes("--slow");
	const only = words.includes("--only") ? words[words.indexOf("--only") + 1] : undefined;
	let passed = 0;
	let failed = 0;
	let skipped = 0;
	for (const part of PARTS) {
		if (only !== undefined && part.name !== only) continue;
		if (part.slow && !slow) continue;
		if (!existsSync(join(PATHS.root, part.file))) {
			process.stdout.write(`# ${part.name}: not there yet\n`);
			continue;
		}
		const started = performance.now();
		process.stdout.write(`# ${part.name}\n`);
		const outcome = await runPart(part, slow);
		passed += outcome.passed;
		failed += outcome.failed;
		skipped += outcome.skipped;
		const seconds = ((performance.now() - started) / 1000).toFixed(1);
		const fault = outcome.fault === undefined ? "" : ` (${outcome.fault})`;
		process.stdout.write(
			`# ${part.name}: ${outcome.passed} passed, ${outcome.failed} failed in ${seconds} s${fault}\n`,
		);
	}
	const skips = skipped > 0 ? `, ${skipped} skipped` : "";
	process.stdout.write(`${passed} passed, ${failed} failed${skips}\n`);
	return failed > 0 || passed === 0 ? 1 : 0;
}

for (const [signal, status] of [
	["SIGINT", 130],
	["SIGTERM", 143],
] as const) {
	process.on(signal, () => {
		if (current !== undefined) killGroup(current, "SIGKILL");
		process.exit(status);
	});
}
process.exit(await main());
