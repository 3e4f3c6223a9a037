/** Byte strings: joining, comparing, hexadecimal. Comparison of secrets is not here (platform/crypto: equal). */

import { HEX_DIGITS, hasOnly } from "./characters.ts";

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
	const count = parts.length;
	let length = 0;
	for (let index = 0; index < count; index++) length += parts[index]!.length;
	const joined = new Uint8Array(length);
	let offset = 0;
	for (let index = 0; index < count; index++) {
		const part = parts[index]!;
		joined.set(part, offset);
		offset += part.length;
	}
	return joined;
}

/** A copy. Not `slice`: on the engine that one goes byte by byte. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
	const copy = new Uint8Array(bytes.length);
	copy.set(bytes);
	return copy;
}

/** Equality of public byte strings; its time depends on the content. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
	return true;
}

/** Bytewise lexicographic order (RFC 8949 4.2.1): negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
	const shared = a.length < b.length ? a.length : b.length;
	for (let index = 0; index < shared; index++) {
		const difference = a[index]! - b[index]!;
		if (difference !== 0) return difference;
	}
	return a.length - b.length;
}

const HEX = "0123456789abcdef";

export function toHex(bytes: Uint8Array): string {
	let text = "";
	for (const byte of bytes) text += HEX[byte >> 4]! + HEX[byte & 15]!;
	return text;
}

/** Undefined when text is not an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array | undefined {
	if (text.length % 2 !== 0 || !hasOnly(text, HEX_DIGITS)) return undefined;
	const bytes = new Uint8Array(text.length / 2);
	for (let index = 0; index < bytes.length; index++) {
		bytes[index] = Number.parseInt(text.slice(2 * index, 2 * index + 2), 16);
	}
	return bytes;
}
