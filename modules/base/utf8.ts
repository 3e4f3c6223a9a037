/**
 * UTF-8 (RFC 3629), strict: no overlong form, no surrogate, nothing above U+10FFFF. Decoding never throws.
 */

export function encodeUtf8(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

/** Undefined when bytes are not well-formed UTF-8. A leading U+FEFF is kept. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
	let text: string;
	try {
		text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch {
		return undefined;
	}
	// The engine's decoder takes some malformed sequences even when fatal (ED 70 80). ASCII alone keeps its length.
	return text.length === bytes.length || isWellFormed(bytes) ? text : undefined;
}

/** RFC 3629 4: what each lead octet allows behind it. */
function isWellFormed(bytes: Uint8Array): boolean {
	let offset = 0;
	while (offset < bytes.length) {
		const lead = bytes[offset++]!;
		if (lead < 0x80) continue;
		if (lead < 0xc2 || lead > 0xf4) return false;
		const followers = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
		for (let index = 0; index < followers; index++) {
			const octet = bytes[offset++] ?? 0;
			let lowest = 0x80;
			let highest = 0xbf;
			if (index === 0) {
				if (lead === 0xe0) lowest = 0xa0;
				else if (lead === 0xf0) lowest = 0x90;
				else if (lead === 0xed) highest = 0x9f;
				else if (lead === 0xf4) highest = 0x8f;
			}
			if (octet < lowest || octet > highest) return false;
		}
	}
	return true;
}
