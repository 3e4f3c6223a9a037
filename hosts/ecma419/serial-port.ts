/** The service line over ECMA-419 serial. */
import Serial from "embedded:io/serial";
import type { SerialPort } from "../../modules/platform/serial.ts";

/** Pins, port and speed, as the host's class wants them. */
export type SerialLineOptions = ConstructorParameters<typeof Serial>[0];

export class StandardSerialPort implements SerialPort {
	readonly #serial: Serial;
	readonly #tellsTaken: boolean;
	#onReadable: () => void = () => undefined;
	#onWritable: () => void = () => undefined;
	/** What the last onWritable said, less what was written since. */
	#roomBytes = 0;

	/**
	 * `tellsTaken`: the class takes what it can and returns how much (Linux). Else it takes all or throws, and is
	 * given no more than it has said it has room for. Throws when the board has no such line, or it is in use.
	 */
	constructor(options: SerialLineOptions, tellsTaken: boolean) {
		this.#tellsTaken = tellsTaken;
		this.#serial = new Serial({
			...options,
			format: "buffer",
			onReadable: () => this.#onReadable(),
			onWritable: (bytes) => {
				this.#roomBytes = bytes;
				this.#onWritable();
			},
		});
	}

	read(): Uint8Array | undefined {
		const bytes = this.#serial.read();
		return bytes instanceof ArrayBuffer && bytes.byteLength > 0 ? new Uint8Array(bytes) : undefined;
	}

	write(bytes: Uint8Array): number {
		if (this.#tellsTaken) return this.#serial.write(bytes) ?? 0;
		const taken = Math.min(bytes.length, this.#roomBytes);
		if (taken > 0) this.#serial.write(taken === bytes.length ? bytes : bytes.subarray(0, taken));
		this.#roomBytes -= taken;
		return taken;
	}

	onReadable(callback: () => void): void {
		this.#onReadable = callback;
	}

	onWritable(callback: () => void): void {
		this.#onWritable = callback;
	}
}

/** A board without a service line: what is written is lost, as on a wire that ends nowhere. */
export const NO_SERIAL_PORT: SerialPort = Object.freeze({
	read: (): Uint8Array | undefined => undefined,
	write: (bytes: Uint8Array): number => bytes.length,
	onReadable(): void {},
	onWritable(): void {},
});
