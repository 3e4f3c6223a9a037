/**
 * A serial line as bytes, over a pty or a real port: raw, 8 bits, no parity, one stop bit. Reading never blocks the program, writing
 * is bounded by a deadline, and a line that went away is told once.
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, write } from "node:fs";
import { ReadStream } from "node:tty";
import { childEnvironment } from "./line/child-environment.ts";

export type SerialFaultCode = "open" | "closed" | "timeout" | "io";

export class SerialFault extends Error {
	readonly code: SerialFaultCode;

	constructor(code: SerialFaultCode, detail: string) {
		super(`serial line: ${detail}`);
		this.name = "SerialFault";
		this.code = code;
	}
}

export interface SerialPortHandlers {
	/** The bytes are the handler's to keep. */
	onBytes(bytes: Uint8Array): void;
	/** The line went away; not called after `close`. */
	onClosed(): void;
}

const OPEN_FLAGS = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
export const SERIAL_BAUD = 115_200;
const WRITE_MS = 5_000;
const RETRY_MS = 5;
const SETTINGS_MS = 5_000;

export class SerialPort {
	readonly #descriptor: number;
	readonly #input: ReadStream;
	readonly #handlers: SerialPortHandlers;
	#closed = false;
	#writing: Promise<void> = Promise.resolve();

	private constructor(descriptor: number, input: ReadStream, handlers: SerialPortHandlers) {
		this.#descriptor = descriptor;
		this.#input = input;
		this.#handlers = handlers;
		input.on("data", (chunk: Buffer) => {
			if (!this.#closed) handlers.onBytes(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
		});
		input.on("error", () => this.#lost());
		input.on("close", () => this.#lost());
		input.on("end", () => this.#lost());
	}

	/** Opens a line in raw mode. Throws SerialFault open. */
	static open(path: string, handlers: SerialPortHandlers): SerialPort {
		const opened: number[] = [];
		try {
			// Both before the settings: a line that is closed in between is a line that was disconnected.
			for (let count = 0; count < 2; count++) opened.push(openSync(path, OPEN_FLAGS));
			// Node itself can only choose a raw mode that still rewrites line ends on output.
			// Without hang-up: a kit whose RTS and DTR fall when a program lets go of it may start over.
			const settings = ["-F", path, "raw", "-echo", "-hupcl", String(SERIAL_BAUD)];
			const set = spawnSync("stty", settings, {
				timeout: SETTINGS_MS,
				encoding: "utf8",
				env: childEnvironment(process.env),
			});
			if (set.status !== 0)
				throw new SerialFault("open", (set.stderr ?? "").trim() || `${path} is no terminal`);
			return new SerialPort(opened[0]!, new ReadStream(opened[1]!), handlers);
		} catch (error) {
			for (const descriptor of opened) closeSync(descriptor);
			throw error instanceof SerialFault ? error : new SerialFault("open", (error as Error).message);
		}
	}

	/** Bytes leave in the order of the calls. Rejects with SerialFault closed, timeout or io. */
	send(bytes: Uint8Array): Promise<void> {
		const sent = this.#writing.then(() => this.#writeAll(bytes));
		this.#writing = sent.catch(() => undefined);
		return sent;
	}

	/** Idempotent. */
	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#input.destroy();
		// A write may be under way in another thread; it never waits, so its end is near.
		void this.#writing.then(() => closeSync(this.#descriptor));
	}

	#lost(): void {
		if (this.#closed) return;
		this.close();
		this.#handlers.onClosed();
	}

	async #writeAll(bytes: Uint8Array): Promise<void> {
		const deadline = performance.now() + WRITE_MS;
		let offset = 0;
		while (offset < bytes.length) {
			if (this.#closed) throw new SerialFault("closed", "it went away");
			const written = await this.#writeSome(bytes.subarray(offset));
			offset += written;
			if (written > 0) continue;
			if (performance.now() > deadline) throw new SerialFault("timeout", "the board takes no more bytes");
			await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
		}
	}

	/** How many bytes the line took now; 0 when it is full. */
	#writeSome(bytes: Uint8Array): Promise<number> {
		return new Promise((resolve, reject) => {
			write(this.#descriptor, bytes, 0, bytes.length, null, (error, written) => {
				if (error === null) resolve(written);
				else if (error.code === "EAGAIN") resolve(0);
				else reject(new SerialFault("io", error.message));
			});
		});
	}
}
