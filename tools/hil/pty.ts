/**
 * A pseudo-terminal with a name, whose far end is a serial port to any program: socat makes it. Like a wire that nobody listens at it
 * loses what is not taken; it stays when a program lets go of it.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, constants, existsSync, openSync, rmSync } from "node:fs";
import { HilFault } from "./hil-fault.ts";

const OPEN_MS = 10_000;
const LOOK_MS = 10;
const QUEUE_BYTES_MAX = 65_536;
const SETTINGS_MS = 5_000;

export class Pty {
	readonly path: string;
	readonly #child: ChildProcess;
	/** As long as one of ours holds the far end open, the near one sees no end. */
	readonly #held: number;
	#closed = false;

	private constructor(path: string, child: ChildProcess, held: number) {
		this.path = path;
		this.#child = child;
		this.#held = held;
	}

	/** `path`: where the link to it is put. Rejects with HilFault, also when socat is not installed. */
	static async open(path: string, onBytes: (bytes: Uint8Array) => void): Promise<Pty> {
		rmSync(path, { force: true });
		const child = spawn("socat", ["-", `PTY,link=${path},raw,echo=0`], {
			stdio: ["pipe", "pipe", "ignore"],
		});
		let fault: string | undefined;
		child.on("error", () => {
			fault = "socat is missing: apt-get install socat";
		});
		child.stdin?.on("error", () => undefined);
		const kill = (): void => void child.kill("SIGKILL");
		process.on("exit", kill);
		child.on("close", () => {
			fault ??= "socat ended";
			process.removeListener("exit", kill);
		});
		const deadline = performance.now() + OPEN_MS;
		while (!existsSync(path)) {
			if (fault === undefined && performance.now() > deadline) fault = "socat makes no terminal";
			if (fault !== undefined) {
				kill();
				throw new HilFault(fault);
			}
			await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
		}
		const held = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
		spawnSync("stty", ["-F", path, "raw", "-echo"], { timeout: SETTINGS_MS, stdio: "ignore" });
		child.stdout?.on("data", (bytes: Buffer) => onBytes(new Uint8Array(bytes)));
		return new Pty(path, child, held);
	}

	/** What is not taken is lost. */
	send(bytes: Uint8Array): void {
		const { stdin } = this.#child;
		if (this.#closed || stdin === null || stdin.writableLength > QUEUE_BYTES_MAX) return;
		stdin.write(bytes);
	}

	/** Idempotent. */
	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		closeSync(this.#held);
		this.#child.kill("SIGTERM");
		rmSync(this.path, { force: true });
	}
}
