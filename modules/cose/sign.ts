/**
 * COSE_Sign (RFC 9052 4.1), several ES256 signatures over one payload, in one form: untagged, nothing in the headers of
 * the body, each signature with protected {1: -7} and unprotected {4: key id}, payload attached, deterministic CBOR.
 * external_aad names the kind of what is signed (DESIGN 4). It knows no payload and no threshold: it says which keys
 * signed, and whoever asks decides whether they suffice.
 *
 * Which keys may sign can be in the payload itself, so decoding comes before verifying: a `SignMessage` is what somebody
 * sent and no more; only `verifySign` says that it holds. One signature that is not by a known key, does not hold or stands
 * twice refuses the whole message: a message has no part that nobody answers for.
 */
import { assert } from "../base/assert.ts";
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Crypto } from "../platform/crypto.ts";
import { decodeCbor } from "../wire/cbor-decode.ts";
import { encodeCbor } from "../wire/cbor-encode.ts";
import { asArray, asBytes, CborMap, type CborValue } from "../wire/cbor-map.ts";
import { HEADER_KEY_ID, protectedHeader, SIGNATURE_BYTES } from "./sign1.ts";

export interface CoseSignature {
	readonly keyId: Uint8Array;
	/** 64 bytes r || s. */
	readonly signature: Uint8Array;
}

/** A message that was read and not verified. */
export interface SignMessage {
	readonly payload: Uint8Array;
	/** 1 .. LIMITS.bundleSignatures */
	readonly signatures: readonly CoseSignature[];
}

export type SignReason =
	| "malformed" // not the four parts of a COSE_Sign
	| "header"; // a header outside the one form

export type SignersReason =
	| "unknown-key" // no key for a key id
	| "duplicate" // one key signed twice
	| "signature"; // a signature does not hold

export interface SignExpectation {
	/** The kind of what is signed. */
	readonly externalAad: Uint8Array;
	/** The P-256 public key for a key id; undefined when there is no such key. */
	keyFor(keyId: Uint8Array): Uint8Array | undefined;
}

/** What each signer signs: Sig_structure of a COSE_Sign, RFC 9052 4.4. */
export function signStructure(externalAad: Uint8Array, payload: Uint8Array): Uint8Array {
	return encodeCbor(["Signature", new Uint8Array(0), protectedHeader(), externalAad, payload]);
}

/** Of a payload and the signatures that were made over its `signStructure`. */
export function encodeSign({ payload, signatures }: SignMessage): Uint8Array {
	assert(payload.length <= LIMITS.cosePayloadBytes, "a signed payload beyond the limit");
	assert(signatures.length <= LIMITS.bundleSignatures, "more signatures than the limit");
	const parts = signatures.map(({ keyId, signature }) => {
		assert(keyId.length > 0 && keyId.length <= LIMITS.coseKeyIdBytes, "a key id of 1 to 64 bytes");
		assert(signature.length === SIGNATURE_BYTES, "an ES256 signature has 64 bytes");
		return [protectedHeader(), { [HEADER_KEY_ID]: keyId }, signature];
	});
	return encodeCbor([new Uint8Array(0), {}, payload, parts]);
}

/** Reads a message; nothing of it is verified. */
export function decodeSign(message: Uint8Array): Result<SignMessage, SignReason> {
	const decoded = decodeCbor(message);
	const parts = decoded.ok ? asArray(decoded.value, 4) : undefined;
	const payload = asBytes(parts?.[2], { min: 0, max: LIMITS.cosePayloadBytes });
	const items = asArray(parts?.[3], { min: 1, max: LIMITS.bundleSignatures });
	if (parts === undefined || payload === undefined || items === undefined) return refuse("malformed");
	const [bodyProtected, bodyUnprotected] = parts;
	if (!(bodyProtected instanceof Uint8Array) || !(bodyUnprotected instanceof CborMap)) {
		return refuse("malformed");
	}
	if (bodyProtected.length !== 0 || bodyUnprotected.size !== 0) return refuse("header");
	const signatures: CoseSignature[] = [];
	for (const item of items) {
		const signature = decodeSignature(item);
		if (!signature.ok) return signature;
		signatures.push(signature.value);
	}
	return accept({ payload, signatures });
}

function decodeSignature(item: CborValue): Result<CoseSignature, SignReason> {
	const parts = asArray(item, 3);
	const signature = asBytes(parts?.[2], SIGNATURE_BYTES);
	const unprotected = parts?.[1];
	const signerProtected = asBytes(parts?.[0], { min: 0, max: LIMITS.cosePayloadBytes });
	if (signature === undefined || signerProtected === undefined || !(unprotected instanceof CborMap)) {
		return refuse("malformed");
	}
	const keyId = unprotected.bytes(HEADER_KEY_ID, { min: 1, max: LIMITS.coseKeyIdBytes });
	if (!bytesEqual(signerProtected, protectedHeader())) return refuse("header");
	if (keyId === undefined || unprotected.size !== 1) return refuse("header");
	return accept({ keyId, signature });
}

/**
 * The public keys that signed, each once, in the order of the message. Everything that costs nothing is looked at before
 * the first signature is verified, and the first one that does not hold ends it: a forger buys one verification (T16).
 */
export function verifySign(
	crypto: Crypto,
	{ payload, signatures }: SignMessage,
	expectation: SignExpectation,
): Result<readonly Uint8Array[], SignersReason> {
	const signers: Uint8Array[] = [];
	for (const { keyId } of signatures) {
		const publicKey = expectation.keyFor(keyId);
		if (publicKey === undefined) return refuse("unknown-key");
		if (signers.some((signer) => bytesEqual(signer, publicKey))) return refuse("duplicate");
		signers.push(publicKey);
	}
	const signed = signStructure(expectation.externalAad, payload);
	for (let index = 0; index < signatures.length; index++) {
		if (!crypto.verifyP256(signers[index]!, signed, signatures[index]!.signature)) return refuse("signature");
	}
	return accept(signers);
}
