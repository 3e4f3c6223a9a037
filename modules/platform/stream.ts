/**
 * A connected, ordered stream of bytes: what a TLS connection and a plain TCP socket have in common, so that one
 * WebSocket client serves both. Non-blocking; whoever opened it learns of its events through handlers.
 */
export interface ByteStream {
	/** At most `maximum` bytes that have arrived, the caller's to keep; undefined when there are none now. */
	read(maximum: number): Uint8Array | undefined;
	/** Copies bytes into its queue; returns how many were taken (0 when it is full: wait for onWritable). */
	write(bytes: Uint8Array): number;
	/** Idempotent. No handler runs after it. */
	close(): void;
}
