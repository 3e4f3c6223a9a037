/** Runs the `latchkey` program as a user would, and never leaves it running. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { COMPILED } from "../../harness/files.ts";

export interface CommandEnd {
	readonly status: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** Of a command that hangs: several files of tests run at once, on a machine that may have other work. */
const LIMIT_MS = 120_000;
const running = new Set<ChildProcess>();
process.on("exit", () => {
	for (const child of running) child.kill("SIGKILL");
});

export class RunningCommand {
	readonly child: ChildProcess;
	readonly ended: Promise<CommandEnd>;
	stdout = "";
	stderr = "";

	constructor(words: readonly string[], limitMs: number = LIMIT_MS) {
		this.child = spawn(process.execPath, [join(COMPILED, "tools/cli/latchkey.js"), ...words], {
			stdio: ["ignore", "pipe", "pipe"],
		});
		running.add(this.child);
		const limit = setTimeout(() => this.child.kill("SIGKILL"), limitMs);
		this.child.stdout!.setEncoding("utf8").on("data", (text: string) => {
			this.stdout += text;
		});
		this.child.stderr!.setEncoding("utf8").on("data", (text: string) => {
			this.stderr += text;
		});
		this.ended = new Promise((resolve) => {
			this.child.on("close", (status, signal) => {
				clearTimeout(limit);
				running.delete(this.child);
				resolve({ status, signal, stdout: this.stdout, stderr: this.stderr });
			});
		});
	}
}

export function runCommand(...words: readonly string[]): Promise<CommandEnd> {
	return new RunningCommand(words).ended;
}
