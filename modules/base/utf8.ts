/**
 * UTF-8 (RFC 3629), strict: no overlong form, no surrogate, nothing above U+10FFFF. Decoding never throws.
 */

export function encodeUtf8(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

/** Undefined when bytes are not well-formed UTF-8. A leading U+FEFF is kept. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch {
		return undefined;
	}
}
