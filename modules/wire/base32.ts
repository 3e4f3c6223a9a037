/**
 * Base 32 (RFC 4648 6) as labels carry it (PROTOCOL 7): upper case, no padding. Decoding refuses every other
 * spelling of the same bytes: lower case, padding, spaces, a length that no bytes have, set bits behind the last byte.
 */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export function encodeBase32(bytes: Uint8Array): string {
	let text = "";
	let bits = 0;
	let held = 0;
	for (const byte of bytes) {
		held = (held << 8) | byte;
		bits += 8;
		while (bits >= 5) {
			bits -= 5;
			text += ALPHABET[(held >> bits) & 31]!;
		}
		held &= (1 << bits) - 1;
	}
	return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31]! : text;
}

/** Undefined when text is not what encodeBase32 writes. */
export function decodeBase32(text: string): Uint8Array | undefined {
	const surplus = text.length % 8;
	if (surplus === 1 || surplus === 3 || surplus === 6) return undefined;
	const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
	let bits = 0;
	let held = 0;
	let offset = 0;
	for (let index = 0; index < text.length; index++) {
		const digit = ALPHABET.indexOf(text[index]!);
		if (digit < 0) return undefined;
		held = ((held & 0xff) << 5) | digit;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			bytes[offset++] = held >> bits;
		}
	}
	return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}
