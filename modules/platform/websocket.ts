/**
 * The two byte loops of RFC 6455 that JavaScript is slow at. A host may offer them natively; `link` brings its own
 * (modules/link/ws-bytes.ts), which the tests hold equal to the host's.
 */
export interface WsBytes {
	/** RFC 6455 5.3: bytes[from + i] ^= key[i mod 4], to the end of bytes; key has 4 bytes. */
	mask(bytes: Uint8Array, from: number, key: Uint8Array): void;
	/** One step of the checker of modules/link/ws-utf8.ts over all of bytes: state in, state out. */
	utf8(state: number, bytes: Uint8Array): number;
}
