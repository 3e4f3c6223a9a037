/**
 * A plain TCP connection as a ByteStream, over ECMA-419's TCP: what a probe's `ws://` and the local network run on. A relay is
 * reached through TLS.
 */
import TCP from "embedded:io/socket/tcp";
import type { ByteStream } from "../../modules/platform/stream.ts";

/** What Linux tells of an error; a board tells nothing. "end": the peer has ended its half. */
export type TcpReason = "end" | "reset" | "connect" | "resolve";

export interface TcpStreamHandlers {
	onConnected(): void;
	onReadable(): void;
	onWritable(): void;
	/** "end": the peer's half is over and ours is not. */
	onClosed(reason: TcpReason): void;
}

/** Where to connect to, or what a listener's `read` gave. */
export type TcpStreamSource = { readonly host: string; readonly port: number } | { readonly from: TCP };

export class TcpStream implements ByteStream {
	readonly #tcp: TCP;
	#connected = false;
	#closed = false;
	#room = 0;

	constructor(source: TcpStreamSource, handlers: TcpStreamHandlers) {
		this.#tcp = new TCP({
			...source,
			nodelay: true,
			onReadable: () => handlers.onReadable(),
			onWritable: (bytes) => {
				this.#room = bytes;
				if (this.#connected) {
					handlers.onWritable();
				} else {
					this.#connected = true;
					handlers.onConnected();
				}
			},
			// A board tells no reason.
			onError: (reason?: TcpReason) => handlers.onClosed(reason ?? "reset"),
		});
	}

	read(maximum: number): Uint8Array | undefined {
		if (this.#closed) return undefined;
		const bytes = this.#tcp.read(maximum);
		return bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : undefined;
	}

	write(bytes: Uint8Array): number {
		if (this.#closed) return 0;
		const taken = Math.min(bytes.length, this.#room);
		if (taken === 0) return 0;
		this.#room -= taken;
		this.#tcp.write(taken === bytes.length ? bytes : bytes.subarray(0, taken));
		return taken;
	}

	close(): void {
		this.#closed = true;
		this.#tcp.close();
	}
}
