/** The two kinds of text that people and lines choose: names of members and serials of devices (PROTOCOL 1). */
import { LIMITS } from "../base/limits.ts";
import { asText, type CborValue } from "./cbor-map.ts";

/** C0, DEL and C1. */
const CONTROL_CHARACTER = /\p{Cc}/u;
const SERIAL = /^[A-Z0-9-]{4,24}$/;

/** 1 to 32 bytes of UTF-8 without control characters; undefined for anything else. */
export function asName(value: CborValue | undefined): string | undefined {
	const text = asText(value, { min: 1, max: LIMITS.nameBytes });
	return text === undefined || CONTROL_CHARACTER.test(text) ? undefined : text;
}

/** A device's serial; undefined for anything else. */
export function asSerial(value: CborValue | undefined): string | undefined {
	return typeof value === "string" && SERIAL.test(value) ? value : undefined;
}
