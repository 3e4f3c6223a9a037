/** chain.c behind a pipe (chain-check.c), built with the sanitizers: one query, one verdict. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PATHS } from "../../tools/setup/paths.ts";

export interface Query {
	readonly server?: string;
	readonly at?: string;
	readonly kind?: "estimate" | "floor";
	readonly roots: readonly Uint8Array[];
	readonly chain: readonly Uint8Array[];
	/** Hexadecimal, of every root. */
	readonly pins?: readonly string[];
}

const AT = "2026-06-01T00:00:00Z";
const hex = (list: readonly Uint8Array[]): string =>
	list.length === 0 ? "-" : list.map((bytes) => Buffer.from(bytes).toString("hex")).join(",");

export class ChainChecker {
	readonly #child: ChildProcess;
	readonly #waiting: ((verdict: string) => void)[] = [];

	constructor() {
		this.#child = spawn(build(), { stdio: ["pipe", "pipe", "inherit"] });
		const fail = (): void => {
			for (const resolve of this.#waiting.splice(0)) resolve("the checker ended");
		};
		this.#child.on("exit", fail);
		createInterface({ input: this.#child.stdout! }).on("line", (line) => this.#waiting.shift()?.(line));
		process.on("exit", () => this.#child.kill("SIGKILL"));
	}

	verdict(query: Query): Promise<string> {
		const seconds = Math.floor(Date.parse(query.at ?? AT) / 1000);
		const fields = [
			query.server ?? "relay.test",
			seconds,
			query.kind ?? "estimate",
			query.pins?.join(",") ?? "-",
		];
		return this.#send(`${fields.join(" ")} ${hex(query.roots)} ${hex(query.chain)}`);
	}

	/** Whether certificate.c reads it. */
	decodes(certificate: Uint8Array): Promise<boolean> {
		return this.#ask(`decode ${hex([certificate])}`);
	}

	/** Whether server-name.c takes it. */
	takesName(name: string): Promise<boolean> {
		return this.#ask(`name ${name}`);
	}

	async #ask(line: string): Promise<boolean> {
		const said = await this.#send(line);
		if (said !== "readable" && said !== "unreadable") throw new Error(said);
		return said === "readable";
	}

	#send(line: string): Promise<string> {
		if (this.#child.exitCode !== null || this.#child.signalCode !== null)
			return Promise.resolve("the checker ended");
		return new Promise((resolve) => {
			this.#waiting.push(resolve);
			this.#child.stdin!.write(`${line}\n`);
		});
	}

	end(): Promise<number | null> {
		return new Promise((resolve) => {
			this.#child.once("close", (status) => resolve(status));
			this.#child.stdin!.end();
		});
	}
}

function build(): string {
	execFileSync("make", ["-s", "-C", join(PATHS.root, "hosts/linux"), "chain-check"], {
		stdio: ["ignore", "inherit", "inherit"],
		timeout: 120_000,
	});
	return join(PATHS.hostBuild, "test", "chain-check");
}
