/** The local network over ECMA-419's listener. */
import TcpListenerSocket from "embedded:io/socket/listener";
import type { Listener, ListenerStreamHandlers } from "../../modules/platform/listener.ts";
import type { ByteStream } from "../../modules/platform/stream.ts";
import { TcpStream } from "./tcp-stream.ts";

export interface TcpListenerOptions {
	readonly port: number;
	/** Of one interface; without it every one. */
	readonly address?: string;
}

export class TcpListener implements Listener {
	readonly port: number;
	readonly #socket: TcpListenerSocket;
	#onConnection: () => void = () => undefined;

	/** Throws where nobody can listen there. */
	constructor(options: TcpListenerOptions) {
		this.#socket = new TcpListenerSocket({ ...options, onReadable: () => this.#onConnection() });
		this.port = this.#socket.port ?? options.port;
	}

	onConnection(callback: () => void): void {
		this.#onConnection = callback;
	}

	accept(handlers: ListenerStreamHandlers): ByteStream | undefined {
		const from = this.#socket.read();
		if (from === undefined) return undefined;
		return new TcpStream(
			{ from },
			{
				onConnected: () => handlers.onWritable(),
				onReadable: () => handlers.onReadable(),
				onWritable: () => handlers.onWritable(),
				onClosed: () => handlers.onClosed(),
			},
		);
	}

	close(): void {
		// The SDK's own types leave it out.
		(this.#socket as unknown as { close(): void }).close();
	}
}
