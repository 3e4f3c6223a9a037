/**
 * Decompression of a raw deflate stream (RFC 1951) in bounded memory, piece by piece: what a delta update is packed with
 * (docs/DELTA.md). The host brings the decompressor; nothing about the bytes that it reads is trusted.
 *
 * A stream whose distances stay within LIMITS.inflateWindowBytes decodes on every host. A host may refuse a longer one as broken,
 * or decode it; it never shows what it did not write. No bytes make it throw, and no call does more work than for the bytes
 * that it takes and gives. All that it holds for a stream fits into LIMITS.inflateBytes.
 */

/**
 * Why nothing was read. hungry: all that was fed is used up; ended: the last block is over; broken: this is no deflate stream,
 * or it was fed wrongly. The last two stay.
 */
export type InflateStop = "hungry" | "ended" | "broken";

export interface Inflation {
	/**
	 * The next bytes of the stream, 1 to LIMITS.inflatePieceBytes, copied. Only at the beginning and after `read` was hungry:
	 * anything else is a programmer's error.
	 */
	feed(bytes: Uint8Array): void;
	/** Writes what comes next to the front of `into` (1 to LIMITS.inflatePieceBytes bytes): how many bytes, at least 1. */
	read(into: Uint8Array): number | InflateStop;
	/** Bytes that were fed and not used: 0 when nothing of them follows the end of the stream. */
	unused(): number;
	/** Gives the memory back. Idempotent; nothing else may be called after it. */
	close(): void;
}

export interface Inflate {
	/** A stream from its beginning. Throws DeviceError memory/exhausted. A host need not offer more than one at a time. */
	open(): Inflation;
}
