/**
 * The payload of a time statement and what it is signed under (PROTOCOL 11): shared by the lock, which verifies
 * (time/time-statement), and by whoever serves the time role (tools/trust). The decoder never throws.
 */

import { accept, type Result, refuse } from "../base/result.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import { decodeCborMap } from "./cbor-decode.ts";
import { encodeCbor } from "./cbor-encode.ts";
import { TIME_NONCE_BYTES } from "./envelope.ts";

const FORMAT = 1;
/** 9999-12-31T23:59:59.999Z: what a certificate can say. */
export const UNIX_MS_MAX = 253402300799999;

export interface TimeClaim {
	/** TIME_NONCE_BYTES bytes of the lock's. */
	readonly nonce: Uint8Array;
	/** Milliseconds since 1970 UTC, at most UNIX_MS_MAX. */
	readonly unixMs: number;
}

/** Says that a signature is one about the time, and about nothing else (DESIGN 4). */
export function timeStatementAad(): Uint8Array {
	return encodeUtf8("latchkey time");
}

export function encodeTimeClaim({ nonce, unixMs }: TimeClaim): Uint8Array {
	return encodeCbor({ 0: FORMAT, 1: nonce, 2: unixMs });
}

export function decodeTimeClaim(payload: Uint8Array): Result<TimeClaim, "malformed"> {
	const map = decodeCborMap(payload);
	if (!map.ok || !map.value.hasOnly([0, 1, 2]) || map.value.uint(0) !== FORMAT) return refuse("malformed");
	const nonce = map.value.bytes(1, TIME_NONCE_BYTES);
	const unixMs = map.value.uint(2, UNIX_MS_MAX);
	return nonce === undefined || unixMs === undefined ? refuse("malformed") : accept({ nonce, unixMs });
}
