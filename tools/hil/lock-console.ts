/** The console of a lock at a serial port, where it has one: its last lines, for the report of a failure. Nothing is sent to it. */
import { SerialFault, SerialPort } from "../factory/serial-port.ts";
import { HilFault } from "./hil-fault.ts";
import { LineTail } from "./line-tail.ts";

export class LockConsole {
	readonly #tail = new LineTail();
	readonly #port: SerialPort | undefined;

	/** Undefined: the lock has none. Throws HilFault. */
	constructor(path: string | undefined) {
		if (path === undefined) return;
		try {
			this.#port = SerialPort.open(path, {
				onBytes: (bytes) => this.#tail.push(bytes),
				onClosed: () => this.#tail.add("(the console went away)"),
			});
		} catch (error) {
			if (error instanceof SerialFault) throw new HilFault(`console: ${error.message}`);
			throw error;
		}
	}

	get lines(): readonly string[] {
		return this.#tail.lines;
	}

	close(): void {
		this.#port?.close();
	}
}
