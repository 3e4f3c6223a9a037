/** The two kinds of text that people and lines choose: names of members and serials of devices (PROTOCOL 1). */
import { DIGITS, isMadeOf, UPPER } from "../base/characters.ts";
import { LIMITS } from "../base/limits.ts";
import { asText, type CborValue } from "./cbor-map.ts";

const SERIAL_CHARACTERS = `${UPPER}${DIGITS}-`;

export function isSerial(text: string): boolean {
	return isMadeOf(text, SERIAL_CHARACTERS, 4, 24);
}

/** C0, DEL or C1. Spelled out: a board's engine is built without Unicode properties in regular expressions. */
function hasControlCharacter(text: string): boolean {
	for (let index = 0; index < text.length; index++) {
		const unit = text.charCodeAt(index);
		if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) return true;
	}
	return false;
}

/** 1 to 32 bytes of UTF-8 without control characters; undefined for anything else. */
export function asName(value: CborValue | undefined): string | undefined {
	const text = asText(value, { min: 1, max: LIMITS.nameBytes });
	return text === undefined || hasControlCharacter(text) ? undefined : text;
}

/** A device's serial; undefined for anything else. */
export function asSerial(value: CborValue | undefined): string | undefined {
	return typeof value === "string" && isSerial(value) ? value : undefined;
}
