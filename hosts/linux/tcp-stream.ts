/** A plain TCP connection as a ByteStream: what `ws://` runs on. Only probes use it; a relay is reached through TLS. */
import TCP, { type TcpReason } from "embedded:io/socket/tcp";
import type { ByteStream } from "../../modules/platform/stream.ts";

export interface TcpStreamHandlers {
	onConnected(): void;
	onReadable(): void;
	onWritable(): void;
	/** "end": the peer's half is over and ours is not. */
	onClosed(reason: TcpReason): void;
}

export class TcpStream implements ByteStream {
	readonly #tcp: TCP;
	#connected = false;
	#closed = false;
	#room = 0;

	constructor(host: string, port: number, handlers: TcpStreamHandlers) {
		this.#tcp = new TCP({
			host,
			port,
			noDelay: true,
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
			onError: (reason) => handlers.onClosed(reason),
		});
	}

	read(maximum: number): Uint8Array | undefined {
		if (this.#closed) return undefined;
		const bytes = this.#tcp.read(maximum);
		return bytes === undefined ? undefined : new Uint8Array(bytes);
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
