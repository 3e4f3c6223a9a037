/**
 * ECMA-419 serial over a pseudo-terminal: `import Serial from "embedded:io/serial"`. Pins, port and baud rate are
 * accepted and mean nothing here. What is written while nobody listens is lost, as on a wire.
 */

type Format = "buffer" | "number";

interface SerialOptions {
	readonly receive?: number;
	readonly transmit?: number;
	readonly port?: number;
	readonly baud?: number;
	readonly format?: Format;
	readonly onReadable?: (this: Serial, bytes: number) => void;
	readonly onWritable?: (this: Serial, bytes: number) => void;
	readonly target?: unknown;
}

const open =
	native<(this: Serial, onEvent: (readable: number, writable: number) => void) => void>("xs_serial_open");
const read = native<(this: Serial, maximum: number) => ArrayBuffer | undefined>("xs_serial_read");
const write = native<(this: Serial, bytes: ArrayBuffer | ArrayBufferView) => number>("xs_serial_write");
const close = native<(this: Serial) => void>("xs_serial_close");

const READ_MAX = 4096;

export default class Serial extends Native("xs_serial_destructor") {
	readonly target: unknown;
	format: Format;

	constructor(options: SerialOptions) {
		super();
		const { onReadable, onWritable } = options;
		this.format = options.format ?? "number";
		this.target = options.target;
		open.call(this, (readable, writable) => {
			if (readable > 0) onReadable?.call(this, readable);
			if (writable > 0) onWritable?.call(this, writable);
		});
	}

	/** As a number: the next byte. As a buffer: what has arrived, at most `maximum` bytes. Undefined: nothing has. */
	read(maximum = READ_MAX): number | ArrayBuffer | undefined {
		const bytes = read.call(this, this.format === "number" ? 1 : Math.min(maximum, READ_MAX));
		return bytes !== undefined && this.format === "number" ? new Uint8Array(bytes)[0] : bytes;
	}

	/** Returns how many bytes were taken; when not all, onWritable says when there is room again. */
	write(value: number | ArrayBuffer | ArrayBufferView): number {
		return write.call(this, typeof value === "number" ? Uint8Array.of(value) : value);
	}

	/** Idempotent. */
	close(): void {
		close.call(this);
	}
}
