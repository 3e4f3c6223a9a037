/**
 * One part of `npm test`: a program in its own process group, whose output passes through and whose last summary line
 * counts. A part that is missing, ends without that line, runs nothing or hangs is a failure, never a silence.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

export interface Part {
	readonly name: string;
	/** The JavaScript to run. */
	readonly file: string;
	readonly words?: readonly string[];
	/** Counted as one test by its exit status, for programs that print no summary of ours. */
	readonly byStatus?: true;
	/** Runs with --slow only. */
	readonly slow?: true;
	readonly minutes: number;
}

export interface PartOutcome {
	readonly passed: number;
	readonly failed: number;
	readonly skipped: number;
	/** What made it a failure besides failed tests. */
	readonly fault?: string;
}

/** What a part that is told to stop has, to end what it started in groups of their own. */
const STOP_MS = 5_000;
const SUMMARY = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;
const LINE_MAX = 65_536;
const FAILED: PartOutcome = Object.freeze({ passed: 0, failed: 1, skipped: 0 });

function killGroup(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): void {
	try {
		if (child.pid !== undefined) process.kill(-child.pid, signal);
	} catch {
		// Gone already.
	}
}

function judge(
	part: Part,
	status: number | null,
	summary: RegExpExecArray | null,
	late: boolean,
): PartOutcome {
	if (late) return { ...FAILED, fault: `not done after ${part.minutes} minutes` };
	if (part.byStatus) return status === 0 ? { ...FAILED, passed: 1, failed: 0 } : FAILED;
	if (summary === null) return { ...FAILED, fault: "ended without its summary line" };
	const passed = Number(summary[1]);
	const failed = Number(summary[2]);
	const skipped = Number(summary[3] ?? 0);
	if (passed + failed === 0) return { ...FAILED, skipped, fault: "ran no tests" };
	if (failed === 0 && status !== 0) return { passed, failed: 1, skipped, fault: `exit status ${status}` };
	return { passed, failed, skipped };
}

export class PartRunner {
	readonly #folder: string;
	readonly #print: (text: string) => void;
	#current: ChildProcess | undefined;

	/** Parts run in `folder`; what they print passes through `print`. */
	constructor(folder: string, print: (text: string) => void) {
		this.#folder = folder;
		this.#print = print;
	}

	run(part: Part, words: readonly string[]): Promise<PartOutcome> {
		if (!existsSync(part.file)) return Promise.resolve({ ...FAILED, fault: `${part.file} is missing` });
		return new Promise((resolve) => {
			const child = spawn(process.execPath, ["--enable-source-maps", part.file, ...words], {
				cwd: this.#folder,
				stdio: ["ignore", "pipe", "inherit"],
				detached: true,
			});
			this.#current = child;
			let line = "";
			let summary: RegExpExecArray | null = null;
			child.stdout.setEncoding("utf8").on("data", (text: string) => {
				this.#print(text);
				const lines = (line + text).split("\n");
				line = lines.pop()!.slice(0, LINE_MAX);
				for (const whole of lines) summary = SUMMARY.exec(whole) ?? summary;
			});
			let late = false;
			const deadline = setTimeout(() => {
				late = true;
				killGroup(child);
			}, part.minutes * 60_000);
			child.on("error", (error) => this.#print(`${error.message}\n`));
			// What the part left behind goes with it, and lets go of its output.
			child.on("exit", () => killGroup(child));
			child.on("close", (status) => {
				clearTimeout(deadline);
				this.#current = undefined;
				resolve(judge(part, status, summary, late));
			});
		});
	}

	/** Ends the part that runs: asks, and when that takes too long insists. */
	async kill(): Promise<void> {
		const child = this.#current;
		if (child === undefined) return;
		const ended = new Promise((resolve) => child.once("exit", resolve));
		killGroup(child, "SIGTERM");
		const insist = setTimeout(() => killGroup(child), STOP_MS);
		await ended;
		clearTimeout(insist);
	}
}
