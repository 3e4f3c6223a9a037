/**
 * One part of `npm test`: a program in its own process group, whose output passes through in whole lines and whose last
 * summary line counts. A part that is missing, ends without that line, runs nothing or hangs is a failure, never a
 * silence. Nothing that a part started outlives it, also what left its group: its environment carries the part's mark. A process
 * that was started without the mark and in a group of its own is out of reach.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { killMarked } from "./faults/processes.ts";

export interface Part {
	readonly name: string;
	/** The JavaScript to run. */
	readonly file: string;
	readonly words?: readonly string[];
	/** Counted as one test by its exit status, for programs that print no summary of ours. */
	readonly byStatus?: true;
	/** Runs with --slow only. */
	readonly slow?: true;
	/** Runs before the others, with the machine to itself. */
	readonly alone?: true;
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
const STOP_MS = 3_000;
/** In the environment of all that a part started, with the depth behind it: a part may run parts. */
const MARK = "LATCHKEY_TEST_PART_";
export const SUMMARY = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;
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

let parts = 0;

export class PartRunner {
	readonly #folder: string;
	readonly #running = new Set<ChildProcess>();
	#stopped = false;

	/** Parts run in `folder`. */
	constructor(folder: string) {
		this.#folder = folder;
	}

	/** Several may run at once; whole lines of what one prints go to `print`. */
	run(part: Part, words: readonly string[], print: (lines: string) => void): Promise<PartOutcome> {
		if (this.#stopped) return Promise.resolve({ ...FAILED, fault: "stopped" });
		if (!existsSync(part.file)) return Promise.resolve({ ...FAILED, fault: `${part.file} is missing` });
		const name = `${MARK}${Object.keys(process.env).filter((each) => each.startsWith(MARK)).length}`;
		const mark = `${process.pid}-${++parts}`;
		return new Promise((resolve) => {
			const child = spawn(process.execPath, ["--enable-source-maps", part.file, ...words], {
				cwd: this.#folder,
				stdio: ["ignore", "pipe", "pipe"],
				detached: true,
				env: { ...process.env, [name]: mark },
			});
			const end = (): void => {
				killGroup(child);
				killMarked(name, mark);
			};
			this.#running.add(child);
			let summary: RegExpExecArray | null = null;
			const rests: (() => void)[] = [];
			for (const stream of [child.stdout, child.stderr]) {
				let rest = "";
				const show = (lines: string): void => {
					if (lines === "") return;
					print(lines);
					if (stream !== child.stdout) return;
					for (const line of lines.split("\n")) summary = SUMMARY.exec(line) ?? summary;
				};
				stream.setEncoding("utf8").on("data", (text: string) => {
					rest += text;
					const whole = rest.length > LINE_MAX ? rest.length : rest.lastIndexOf("\n") + 1;
					show(rest.slice(0, whole));
					rest = rest.slice(whole);
				});
				rests.push(() => rest !== "" && show(`${rest}\n`));
			}
			let late = false;
			const deadline = setTimeout(() => {
				late = true;
				end();
			}, part.minutes * 60_000);
			child.on("error", (error) => print(`${error.message}\n`));
			// What the part left behind goes with it, and lets go of its output.
			child.on("exit", end);
			child.on("close", (status) => {
				clearTimeout(deadline);
				this.#running.delete(child);
				for (const show of rests) show();
				resolve(judge(part, status, summary, late));
			});
		});
	}

	/** Ends the parts that run, and starts no more: asks, and when that takes too long insists. */
	async kill(): Promise<void> {
		this.#stopped = true;
		await Promise.all(
			[...this.#running].map(async (child) => {
				const ended = new Promise((resolve) => child.once("close", resolve));
				killGroup(child, "SIGTERM");
				const insist = setTimeout(() => killGroup(child), STOP_MS);
				await ended;
				clearTimeout(insist);
			}),
		);
	}

	/** Told to stop, this process ends its parts before itself. */
	endOnSignals(): void {
		for (const [signal, status] of [
			["SIGINT", 130],
			["SIGTERM", 143],
			["SIGHUP", 129],
		] as const) {
			process.on(signal, () => void this.kill().then(() => process.exit(status)));
		}
	}
}
