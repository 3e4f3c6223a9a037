/**
 * Which manifest is the newest, and until when that may be believed (docs/UPDATE.md 4; T11): a COSE_Sign1 by one of the trust
 * bundle's freshness keys. Whoever carries a statement can hold it back and nothing else. It never throws.
 */
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { keyIdOf } from "../cose/key-id.ts";
import { type Sign1Reason, verifySign1 } from "../cose/sign1.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { TlsTime } from "../platform/tls.ts";
import {
	decodeFreshnessClaim,
	FRESHNESS_BYTES_MAX,
	type FreshnessClaim,
	freshnessAad,
} from "../wire/freshness.ts";

/** What this lock is, as manifests and statements name it. */
export interface LockNames {
	readonly vendor: string;
	/** undefined: a board that the factory line has not named yet. No release is for it. */
	readonly hardwareClass: string | undefined;
	readonly board: string;
}

export type FreshnessReason =
	| Sign1Reason
	| "size"
	| "claim" // signed, but no claim about freshness
	| "foreign"; // about releases for another kind of board

/** The claim that a statement makes; whether it holds now is `isHolding`'s. `freshnessKeys`: uncompressed P-256 points. */
export function verifyFreshness(
	crypto: Crypto,
	names: LockNames,
	freshnessKeys: readonly Uint8Array[],
	statement: Uint8Array,
): Result<FreshnessClaim, FreshnessReason> {
	if (statement.length === 0 || statement.length > FRESHNESS_BYTES_MAX) return refuse("size");
	const payload = verifySign1(crypto, statement, {
		framing: "untagged",
		externalAad: freshnessAad(),
		keyFor: (keyId) => keyId && freshnessKeys.find((key) => bytesEqual(keyIdOf(crypto, key), keyId)),
	});
	if (!payload.ok) return payload;
	const decoded = decodeFreshnessClaim(payload.value);
	if (!decoded.ok) return refuse("claim");
	const claim = decoded.value;
	if (claim.vendor !== names.vendor || claim.hardwareClass !== names.hardwareClass) return refuse("foreign");
	return claim.board === names.board ? accept(claim) : refuse("foreign");
}

/** Neither over, nor issued so far in the future that only a thief of the key can have meant it. */
export function isHolding(claim: FreshnessClaim, time: TlsTime): boolean {
	return !isOver(claim, time) && !isFromTheFuture(claim, time);
}

/** From the second of its expiry on. */
export function isOver(claim: FreshnessClaim, { unixMs }: TlsTime): boolean {
	return unixMs >= claim.expiresUnixSeconds * 1000;
}

/** The floor alone says nothing about it: a lock may have slept for years. */
export function isFromTheFuture(claim: FreshnessClaim, { unixMs, kind }: TlsTime): boolean {
	return kind === "estimate" && claim.issuedUnixSeconds * 1000 > unixMs + LIMITS.freshnessAheadMs;
}
