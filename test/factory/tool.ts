/** `latchkey factory line` as a process of its own: what it says, and that it can be killed at any moment. */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { COMPILED } from "../harness/files.ts";

/** A line of its JSON. */
export interface ToolNews {
	readonly kind: string;
	readonly station?: string;
	readonly outcome?: string;
	readonly failure?: string;
	readonly step?: string;
	readonly serial?: string;
	readonly board?: number;
	readonly [field: string]: unknown;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
	for (const child of running) child.kill("SIGKILL");
});

export interface ToolOptions {
	readonly config: string;
	readonly words: readonly string[];
	/** All that it ever printed is added to this file. */
	readonly log: string;
	/** Its temporary files. */
	readonly tmp: string;
	readonly onNews: (news: ToolNews) => void;
}

export class Tool {
	readonly #child: ChildProcess;
	readonly ended: Promise<number | null>;

	constructor({ config, words, log, tmp, onNews }: ToolOptions) {
		const program = join(COMPILED, "tools/cli/latchkey.js");
		this.#child = spawn(
			process.execPath,
			[program, "factory", "line", "--config", config, "--json", ...words],
			{
				stdio: ["ignore", "pipe", "pipe"],
				env: { ...process.env, TMPDIR: tmp },
			},
		);
		running.add(this.#child);
		let rest = "";
		this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
			appendFileSync(log, text);
			const lines = (rest + text).split("\n");
			rest = lines.pop()!;
			for (const line of lines) onNews(JSON.parse(line) as ToolNews);
		});
		this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => appendFileSync(log, text));
		this.ended = new Promise((resolve) => {
			this.#child.on("close", (status) => {
				running.delete(this.#child);
				resolve(status);
			});
		});
	}

	get alive(): boolean {
		return running.has(this.#child);
	}

	get pid(): number {
		return this.#child.pid!;
	}

	/** Between two instructions. */
	async kill(): Promise<void> {
		this.#child.kill("SIGKILL");
		await this.ended;
	}

	/** In good order; its exit status. */
	async stop(): Promise<number | null> {
		this.#child.kill("SIGTERM");
		return await this.ended;
	}
}
