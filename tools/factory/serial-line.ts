/** The factory's end of a serial line: frames in and out (PROTOCOL 6), over a pty or a real port. */
import { Deframer, encodeFrame } from "../../modules/wire/cobs.ts";
import { SerialPort } from "./serial-port.ts";

export interface SerialLineHandlers {
	onFrame(frame: Uint8Array): void;
	/** The line went away; not called after `close`. */
	onClosed(): void;
}

export class SerialLine {
	readonly #port: SerialPort;
	#closed = false;

	private constructor(port: SerialPort) {
		this.#port = port;
	}

	/** Opens a line in raw mode. Throws SerialFault open. */
	static open(path: string, handlers: SerialLineHandlers): SerialLine {
		const deframer = new Deframer();
		const port = SerialPort.open(path, {
			onBytes: (bytes) =>
				deframer.push(bytes, (frame) => {
					if (!line.#closed) handlers.onFrame(frame);
				}),
			onClosed: () => handlers.onClosed(),
		});
		const line = new SerialLine(port);
		return line;
	}

	/** Frames leave in the order of the calls. Rejects with SerialFault closed, timeout or io. */
	async send(frame: Uint8Array): Promise<void> {
		await this.#port.send(encodeFrame(frame));
	}

	/** Idempotent. */
	close(): void {
		this.#closed = true;
		this.#port.close();
	}
}
