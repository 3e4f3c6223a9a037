/**
 * TCP sockets (ECMA-419 "TCP socket class"), the specifier being "embedded:io/socket/tcp". Buffers only.
 * Beyond the standard: `host` names what `address` gives as a number, and onError gets the reason.
 */
export interface TcpOptions {
	readonly address?: string;
	readonly host?: string;
	readonly port?: number;
	/** What a listener's `read` gave, instead of address and port; it is of no other use afterwards. */
	readonly from?: TCP;
	readonly nodelay?: boolean;
	/** So many bytes can be read. Told again when everything was read and more has come. */
	readonly onReadable?: (this: TCP, bytes: number) => void;
	/** So many bytes can be written; the first time, the socket is connected. */
	readonly onWritable?: (this: TCP, bytes: number) => void;
	/** The peer has ended its half ("end": writing still works), or the connection failed. */
	readonly onError?: (this: TCP, reason: TcpReason) => void;
}

export type TcpReason = "end" | "reset" | "connect" | "resolve";

const READABLE = 0;
const WRITABLE = 1;

const READ_BYTES_MAX = 1 << 24;

type Callback = (event: number, value: number | TcpReason) => void;

const open =
	native<(this: TCP, host: string, port: number, nodelay: boolean, callback: Callback) => void>(
		"xs_tcp_open",
	);
const adopt = native<(this: TCP, from: TCP, nodelay: boolean, callback: Callback) => void>("xs_tcp_adopt");
const read = native<(this: TCP, maximum: number) => ArrayBuffer | undefined>("xs_tcp_read");
const write = native<(this: TCP, bytes: ArrayBuffer | ArrayBufferView) => void>("xs_tcp_write");
const close = native<(this: TCP) => void>("xs_tcp_close");

export default class TCP extends Native("xs_tcp_destructor") {
	constructor(options: TcpOptions) {
		super();
		const { from, port, nodelay = false } = options;
		const callback: Callback = (event, value) => {
			if (event === READABLE) options.onReadable?.call(this, value as number);
			else if (event === WRITABLE) options.onWritable?.call(this, value as number);
			else options.onError?.call(this, value as TcpReason);
		};
		if (from !== undefined) {
			adopt.call(this, from, nodelay, callback);
			return;
		}
		const host = options.address ?? options.host;
		if (host === undefined || port === undefined) throw new TypeError("tcp: no address");
		open.call(this, host, port, nodelay, callback);
	}

	/** At most so many bytes that have come; undefined when there are none. */
	read(maximum: number = READ_BYTES_MAX): ArrayBuffer | undefined {
		return read.call(this, maximum);
	}

	/** All of the bytes, at most as many as onWritable said less what was written since. */
	write(bytes: ArrayBuffer | ArrayBufferView): void {
		write.call(this, bytes);
	}

	/** Idempotent. */
	close(): void {
		close.call(this);
	}

	get format(): "buffer" {
		return "buffer";
	}
}
