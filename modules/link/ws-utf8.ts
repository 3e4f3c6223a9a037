/**
 * Strict UTF-8 (RFC 3629 4) checked as it arrives: a state is carried from fragment to fragment, and the first octet
 * that no well-formed text can contain at its place fails at once (RFC 6455 8.1). It decodes nothing.
 *
 * The states say which octets may follow:
 *   start    an ASCII octet or a lead octet C2..F4
 *   one, two, three   that many more octets 80..BF
 *   after E0 A0..BF, after ED 80..9F (no surrogates), after F0 90..BF, after F4 80..8F (at most U+10FFFF)
 */
export const UTF8_START = 0;
export const UTF8_INVALID = 8;

const ONE = 1;
const TWO = 2;
const THREE = 3;
const AFTER_E0 = 4;
const AFTER_ED = 5;
const AFTER_F0 = 6;
const AFTER_F4 = 7;

/** For each state but start: the lowest and highest octet that may follow, and the state after it. */
const FOLLOWING: readonly (readonly [number, number, number])[] = Object.freeze([
	Object.freeze([0x00, 0x7f, UTF8_START] as const),
	Object.freeze([0x80, 0xbf, UTF8_START] as const),
	Object.freeze([0x80, 0xbf, ONE] as const),
	Object.freeze([0x80, 0xbf, TWO] as const),
	Object.freeze([0xa0, 0xbf, ONE] as const),
	Object.freeze([0x80, 0x9f, ONE] as const),
	Object.freeze([0x90, 0xbf, TWO] as const),
	Object.freeze([0x80, 0x8f, TWO] as const),
]);

function afterLead(octet: number): number {
	if (octet < 0x80) return UTF8_START;
	if (octet < 0xc2) return UTF8_INVALID;
	if (octet < 0xe0) return ONE;
	if (octet === 0xe0) return AFTER_E0;
	if (octet === 0xed) return AFTER_ED;
	if (octet < 0xf0) return TWO;
	if (octet === 0xf0) return AFTER_F0;
	if (octet < 0xf4) return THREE;
	return octet === 0xf4 ? AFTER_F4 : UTF8_INVALID;
}

/** UTF8_INVALID once and for all, UTF8_START at a boundary between characters, else inside a character. */
export function stepUtf8(state: number, bytes: Uint8Array): number {
	let now = state;
	for (let index = 0; index < bytes.length; index++) {
		const octet = bytes[index]!;
		if (now === UTF8_START) {
			if (octet >= 0x80) now = afterLead(octet);
		} else {
			if (now === UTF8_INVALID) return UTF8_INVALID;
			const [lowest, highest, next] = FOLLOWING[now]!;
			now = octet >= lowest && octet <= highest ? next : UTF8_INVALID;
		}
	}
	return now;
}

export function isUtf8(bytes: Uint8Array): boolean {
	return stepUtf8(UTF8_START, bytes) === UTF8_START;
}
