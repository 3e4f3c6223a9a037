/** One run of another program: no shell, a named environment, bounded in time and output, ended with all that it started. */
import { spawn } from "node:child_process";
import { childEnvironment } from "./child-environment.ts";

export interface ProcessRun {
	/** The program and its arguments. */
	readonly command: readonly string[];
	readonly timeoutMs: number;
	readonly outputBytesMax: number;
	/** Written to its standard input, which is then closed. */
	readonly input?: Uint8Array | string;
	/** What it prints is dropped unread: it may repeat its input. */
	readonly silent?: boolean;
}

export type ProcessEnd =
	| { readonly kind: "ended"; readonly status: number | null; readonly output: string }
	| { readonly kind: "late" }
	| { readonly kind: "too-much" }
	| { readonly kind: "missing" };

/** Resolves with what became of it; never rejects. */
export function runBounded(run: ProcessRun): Promise<ProcessEnd> {
	return new Promise((resolve) => {
		const [program = "", ...words] = run.command;
		const out = run.silent === true ? "ignore" : "pipe";
		const child = spawn(program, words, {
			stdio: ["pipe", out, out],
			detached: true,
			env: childEnvironment(process.env),
		});
		let output = "";
		let ended: ProcessEnd | undefined;
		const end = (what: ProcessEnd): void => {
			if (ended !== undefined) return;
			ended = what;
			clearTimeout(deadline);
			process.removeListener("exit", kill);
			kill();
			resolve(what);
		};
		const kill = (): void => {
			try {
				if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
			} catch {
				// Gone already.
			}
		};
		process.on("exit", kill);
		const deadline = setTimeout(() => end({ kind: "late" }), run.timeoutMs);
		for (const stream of [child.stdout, child.stderr]) {
			stream?.setEncoding("utf8").on("data", (text: string) => {
				output += text;
				if (output.length > run.outputBytesMax) end({ kind: "too-much" });
			});
		}
		child.on("error", () => end({ kind: "missing" }));
		child.on("close", (status) => end({ kind: "ended", status, output }));
		// A program that does not read is told so by its own exit status.
		child.stdin?.on("error", () => undefined);
		child.stdin?.end(run.input ?? "");
	});
}
