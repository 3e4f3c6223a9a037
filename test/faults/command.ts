/** Child processes of the fault runner: each in a group of its own, each with a deadline, none left behind. */
import { type ChildProcess, spawn } from "node:child_process";

export interface CommandOptions {
	readonly cwd: string;
	readonly deadlineMs: number;
	readonly env?: NodeJS.ProcessEnv;
}

export interface CommandResult {
	/** Undefined when it was killed. */
	readonly status: number | undefined;
	readonly late: boolean;
	/** Standard output and standard error, the first OUTPUT_MAX characters. */
	readonly output: string;
}

const OUTPUT_MAX = 8_000_000;
/** What a runner has to end its own children before it is killed. */
const GRACE_MS = 3_000;

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
	try {
		if (child.pid !== undefined) process.kill(-child.pid, signal);
	} catch {
		// Gone already.
	}
}

export class Commands {
	readonly #running = new Set<ChildProcess>();
	#stopped = false;

	/** After stopAll: what was running has ended early, and says nothing. */
	get stopped(): boolean {
		return this.#stopped;
	}

	/** Ends when the command has; never rejects. After stopAll nothing is started. */
	run(words: readonly string[], { cwd, deadlineMs, env }: CommandOptions): Promise<CommandResult> {
		const [program, ...rest] = words;
		if (this.#stopped) return Promise.resolve({ status: undefined, late: false, output: "" });
		return new Promise((resolve) => {
			const child = spawn(program!, rest, {
				cwd,
				detached: true,
				stdio: ["ignore", "pipe", "pipe"],
				...(env === undefined ? {} : { env }),
			});
			this.#running.add(child);
			let output = "";
			const collect = (text: string): void => {
				if (output.length < OUTPUT_MAX) output += text;
			};
			child.stdout.setEncoding("utf8").on("data", collect);
			child.stderr.setEncoding("utf8").on("data", collect);
			let late = false;
			const deadline = setTimeout(() => {
				late = true;
				signalGroup(child, "SIGTERM");
				setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MS).unref();
			}, deadlineMs);
			const end = (status: number | null): void => {
				clearTimeout(deadline);
				signalGroup(child, "SIGKILL");
				this.#running.delete(child);
				resolve({ status: status ?? undefined, late, output });
			};
			child.on("error", (error) => {
				collect(`${error.message}\n`);
				end(null);
			});
			child.on("close", end);
		});
	}

	/** Asks everything that runs to end; nothing is started any more. */
	stopAll(): void {
		this.#stopped = true;
		for (const child of this.#running) signalGroup(child, "SIGTERM");
	}

	/** Resolves when nothing runs. */
	async idle(): Promise<void> {
		while (this.#running.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
	}
}
