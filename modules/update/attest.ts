/**
 * An attestation as a message (docs/UPDATE.md 9): COSE_Sign1 by the device's P-256 key over the asker's nonce. The lock makes it;
 * relay and phone verify it. What it proves, and what it does not without secure boot, is said there. Nothing throws on
 * bytes of others.
 */
import { bytesEqual } from "../base/bytes.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { buildSign1, type Sign1Reason, verifySign1 } from "../cose/sign1.ts";
import type { Crypto } from "../platform/crypto.ts";
import {
	ATTESTATION_BYTES_MAX,
	type Attestation,
	attestationAad,
	decodeAttestation,
	encodeAttestation,
} from "../wire/attestation.ts";

export type AttestationReason =
	| Sign1Reason
	| "size"
	| "claim" // signed, but no attestation
	| "nonce"; // an answer to another question

/** `sign`: by the device's key, over the SHA-256 of its argument; 64 bytes r || s. */
export function makeAttestation(
	attestation: Attestation,
	sign: (toBeSigned: Uint8Array) => Uint8Array,
): Uint8Array {
	return buildSign1("untagged", attestationAad(), encodeAttestation(attestation), undefined, sign);
}

/**
 * `deviceKey`: the P-256 point of the certificate of the lock that was asked. Whoever asks compares the serial, too: the key
 * answers for what is said, not for whom it was asked of.
 */
export function verifyAttestation(
	crypto: Crypto,
	deviceKey: Uint8Array,
	nonce: Uint8Array,
	message: Uint8Array,
): Result<Attestation, AttestationReason> {
	if (message.length === 0 || message.length > ATTESTATION_BYTES_MAX) return refuse("size");
	const payload = verifySign1(crypto, message, {
		framing: "untagged",
		externalAad: attestationAad(),
		keyFor: (keyId) => (keyId === undefined ? deviceKey : undefined),
	});
	if (!payload.ok) return payload;
	const attestation = decodeAttestation(payload.value);
	if (!attestation.ok) return refuse("claim");
	return bytesEqual(attestation.value.nonce, nonce) ? accept(attestation.value) : refuse("nonce");
}
