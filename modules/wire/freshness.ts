/**
 * The payload of a freshness statement and what it is signed under (docs/UPDATE.md 4): which manifest is the newest for one
 * kind of board, from when to when that may be believed. Shared by the lock, which verifies (update/freshness), and by
 * whoever holds the online key (tools/update). The decoder never throws.
 */
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import { decodeCborMap } from "./cbor-decode.ts";
import { encodeCbor } from "./cbor-encode.ts";

const FORMAT = 1;

export const FRESHNESS_BYTES_MAX = 512;

export interface FreshnessClaim {
	readonly vendor: string;
	readonly hardwareClass: string;
	readonly board: string;
	/** Of the newest manifest. */
	readonly sequence: number;
	/** SHA-256 of its payload. */
	readonly manifestDigest: Uint8Array;
	readonly issuedUnixSeconds: number;
	/** After `issued`, by at most LIMITS.freshnessLifeSeconds. */
	readonly expiresUnixSeconds: number;
}

/** Says that a signature is one about freshness, and about nothing else (DESIGN 4). */
export function freshnessAad(): Uint8Array {
	return encodeUtf8("latchkey freshness");
}

export function encodeFreshnessClaim(claim: FreshnessClaim): Uint8Array {
	return encodeCbor({
		0: FORMAT,
		1: claim.vendor,
		2: claim.hardwareClass,
		3: claim.board,
		4: claim.sequence,
		5: claim.manifestDigest,
		6: claim.issuedUnixSeconds,
		7: claim.expiresUnixSeconds,
	});
}

export function decodeFreshnessClaim(payload: Uint8Array): Result<FreshnessClaim, "malformed"> {
	const map = decodeCborMap(payload);
	if (!map.ok || !map.value.hasOnly([0, 1, 2, 3, 4, 5, 6, 7])) return refuse("malformed");
	const fields = map.value;
	const vendor = fields.text(1, { min: 1, max: 32 });
	const hardwareClass = fields.text(2, { min: 1, max: LIMITS.hardwareClassBytes });
	const board = fields.text(3, { min: 1, max: 24 });
	const sequence = fields.uint(4, LIMITS.sequenceMax);
	const manifestDigest = fields.bytes(5, 32);
	const issuedUnixSeconds = fields.uint(6, LIMITS.unixSecondsMax);
	const expiresUnixSeconds = fields.uint(7, LIMITS.unixSecondsMax);
	if (fields.uint(0) !== FORMAT || vendor === undefined || hardwareClass === undefined)
		return refuse("malformed");
	if (board === undefined || sequence === undefined || manifestDigest === undefined)
		return refuse("malformed");
	if (issuedUnixSeconds === undefined || expiresUnixSeconds === undefined) return refuse("malformed");
	const lifeSeconds = expiresUnixSeconds - issuedUnixSeconds;
	if (lifeSeconds <= 0 || lifeSeconds > LIMITS.freshnessLifeSeconds) return refuse("malformed");
	return accept({
		vendor,
		hardwareClass,
		board,
		sequence,
		manifestDigest,
		issuedUnixSeconds,
		expiresUnixSeconds,
	});
}
