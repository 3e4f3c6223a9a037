/**
 * What the time role says, as a lock hears it (PROTOCOL 11): a COSE_Sign1 over the lock's own nonce by one of the trust
 * bundle's time keys. Whoever carries a statement can hold it back and nothing else: it cannot be made, changed, or used
 * again (T13). It never throws.
 */
import { assert } from "../base/assert.ts";
import { bytesEqual } from "../base/bytes.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { keyIdOf } from "../cose/key-id.ts";
import { type Sign1Reason, verifySign1 } from "../cose/sign1.ts";
import type { Crypto } from "../platform/crypto.ts";
import { TIME_STATEMENT_BYTES_MAX } from "../wire/envelope.ts";
import { decodeTimeClaim, timeStatementAad } from "../wire/time-statement.ts";

export type TimeStatementReason =
	| Sign1Reason
	| "size"
	| "claim" // signed, but no claim about the time
	| "nonce"; // an answer to another question

export interface ToldTime {
	/** Milliseconds since 1970 UTC. */
	readonly unixMs: number;
	/** Whose word it is, one of the time keys. */
	readonly signer: Uint8Array;
}

/** The time that the statement gives. `timeKeys`: uncompressed P-256 points. */
export function verifyTimeStatement(
	crypto: Crypto,
	timeKeys: readonly Uint8Array[],
	nonce: Uint8Array,
	statement: Uint8Array,
): Result<ToldTime, TimeStatementReason> {
	let signer: Uint8Array | undefined;
	if (statement.length === 0 || statement.length > TIME_STATEMENT_BYTES_MAX) return refuse("size");
	const payload = verifySign1(crypto, statement, {
		framing: "untagged",
		externalAad: timeStatementAad(),
		keyFor: (keyId) => {
			signer = keyId && timeKeys.find((publicKey) => bytesEqual(keyIdOf(crypto, publicKey), keyId));
			return signer;
		},
	});
	if (!payload.ok) return payload;
	const claim = decodeTimeClaim(payload.value);
	if (!claim.ok) return refuse("claim");
	if (!bytesEqual(claim.value.nonce, nonce)) return refuse("nonce");
	assert(signer !== undefined, "a signature was verified by a key");
	return accept({ unixMs: claim.value.unixMs, signer });
}
