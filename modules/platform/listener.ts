/**
 * Connections that come to the lock over its local network (PROTOCOL 13): plain streams of anybody's bytes. What they carry
 * protects itself. A platform without it has no local network, or was told to stay off it.
 */
import type { ByteStream } from "./stream.ts";

export interface ListenerStreamHandlers {
	/** Bytes can be read; told again once everything was read and more has come. */
	onReadable(): void;
	/** There is room to write; nothing is taken before the first time. */
	onWritable(): void;
	/** The other side has ended, or the connection failed. Once, and not after `close`. */
	onClosed(): void;
}

export interface Listener {
	/** Where it listens. */
	readonly port: number;
	/** Calls back from the event loop when a connection waits; again only after `accept` found none. One callback. */
	onConnection(callback: () => void): void;
	/** The connection that has waited longest; undefined: none waits. No handler runs from inside the call. */
	accept(handlers: ListenerStreamHandlers): ByteStream | undefined;
	/** Takes no more connections; those that were taken stay. Idempotent. */
	close(): void;
}
