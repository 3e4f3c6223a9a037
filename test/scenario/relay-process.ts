/**
 * The relay as a process of its own, which writes down every byte that it has inside TLS (record-relay.ts), so that a
 * test can search all that a relay ever sees (I6).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RelayAddress } from "../../tools/relay/relay.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import type { HouseRelay } from "../../tools/start/house-relay.ts";

const START_MS = 30_000;
const STOP_MS = 5_000;

interface LogLine {
	readonly event?: string;
	readonly listener?: string;
	readonly port?: number;
	readonly serial?: string;
	readonly credential?: string;
}

export class RelayProcess implements HouseRelay {
	readonly #dir: string;
	readonly #more: readonly string[];
	readonly #reachable = new Set<string>();
	readonly #lines: string[] = [];
	readonly #ports = new Map<string, number>();
	#child: ChildProcess | undefined;

	constructor(dir: string, words: readonly string[] = []) {
		this.#dir = dir;
		this.#more = words;
	}

	get reachable(): readonly string[] {
		return [...this.#reachable];
	}

	/** What the process printed. */
	get logText(): string {
		return this.#lines.join("\n");
	}

	/** Every byte that the process read, wrote, stored or logged. */
	everything(): Buffer {
		const record = join(this.#dir, "relay-record");
		const stored = readdirSync(this.#dir).filter((name) => name.startsWith("relay.db"));
		return Buffer.concat([
			existsSync(record) ? readFileSync(record) : Buffer.alloc(0),
			Buffer.from(this.logText),
			...stored.map((name) => readFileSync(join(this.#dir, name))),
		]);
	}

	async listen(host: string, devicePort: number, appPort: number): Promise<RelayAddress> {
		const hook = fileURLToPath(new URL("./record-relay.js", import.meta.url));
		const words = ["--import", hook, join(PATHS.javascript, "tools/cli/latchkey.js"), "relay"].concat(
			["--dir", this.#dir, "--tls", join(this.#dir, "pki", "relay-server"), "--host", host],
			["--device-port", String(devicePort), "--app-port", String(appPort), ...this.#more],
			["--issuer", join(this.#dir, "pki", "operational-intermediate.key")],
		);
		const child = spawn(process.execPath, words, {
			stdio: ["ignore", "pipe", "pipe"],
			env: { ...process.env, LATCHKEY_RELAY_RECORD: join(this.#dir, "relay-record") },
		});
		this.#child = child;
		this.#ports.clear();
		process.once("exit", () => child.kill("SIGKILL"));
		let rest = "";
		child.stdout.on("data", (bytes: Buffer) => {
			const lines = (rest + bytes.toString("utf8")).split("\n");
			rest = lines.pop() ?? "";
			for (const line of lines) this.#readLine(line);
		});
		child.stderr.on("data", (bytes: Buffer) => this.#lines.push(bytes.toString("utf8")));
		const deadline = performance.now() + START_MS;
		while (this.#ports.size < 2) {
			if (child.exitCode !== null || performance.now() > deadline) {
				throw new Error(`the relay did not start: ${this.logText}`);
			}
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
		return { host, devicePort: this.#ports.get("device")!, appPort: this.#ports.get("app")! };
	}

	async close(): Promise<void> {
		const child = this.#child;
		if (child === undefined || child.exitCode !== null) return;
		const ended = new Promise((resolve) => child.once("close", resolve));
		child.kill("SIGTERM");
		const force = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
		await ended;
		clearTimeout(force);
	}

	#readLine(line: string): void {
		this.#lines.push(line);
		let entry: LogLine;
		try {
			entry = JSON.parse(line) as LogLine;
		} catch {
			return;
		}
		const { event, listener, port, serial, credential } = entry;
		if (event === "listening" && listener !== undefined && port !== undefined)
			this.#ports.set(listener, port);
		if (serial === undefined || listener !== "device") return;
		if (credential !== "operational") return;
		if (event === "connected") this.#reachable.add(serial);
		if (event === "disconnected") this.#reachable.delete(serial);
	}
}
