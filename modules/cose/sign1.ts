/**
 * COSE_Sign1 (RFC 9052 4.2) with ES256 (RFC 9053 2.1), in one form: protected header {1: -7} and nothing else, unprotected
 * header empty or {4: key id}, payload attached, deterministic CBOR. external_aad names the kind of what is signed
 * (DESIGN 4), so that a signature of one kind says nothing about another.
 *
 * A payload leaves `verifySign1` only when its signature holds. Any other header is refused, critical or not;
 * so is the other framing, so that a signed message has one encoding.
 */
import { assert } from "../base/assert.ts";
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Crypto } from "../platform/crypto.ts";
import { decodeCbor } from "../wire/cbor-decode.ts";
import { encodeCbor } from "../wire/cbor-encode.ts";
import { asArray, asBytes, CborMap } from "../wire/cbor-map.ts";

/** Whether the message stands under CBOR tag 18; the protocol says which for each message. */
export type Sign1Framing = "tagged" | "untagged";

export type Sign1Reason =
	| "malformed" // not the four parts of a COSE_Sign1 in this framing
	| "header" // a protected or unprotected header outside the one form
	| "unknown-key" // no key for this key id
	| "signature"; // the signature does not hold

export interface Sign1Expectation {
	readonly framing: Sign1Framing;
	/** The kind of what is signed. */
	readonly externalAad: Uint8Array;
	/** The P-256 public key for a key id, or for a message that names none; undefined when there is no such key. */
	keyFor(keyId: Uint8Array | undefined): Uint8Array | undefined;
}

export const SIGNATURE_BYTES = 64;
const TAG_18 = 0xd2;
export const HEADER_KEY_ID = 4;

/** {1: -7}: the algorithm is ES256. */
export function protectedHeader(): Uint8Array {
	return Uint8Array.of(0xa1, 0x01, 0x26);
}

/** What is signed: Sig_structure, RFC 9052 4.4. */
export function sigStructure(externalAad: Uint8Array, payload: Uint8Array): Uint8Array {
	return encodeCbor(["Signature1", protectedHeader(), externalAad, payload]);
}

/** For a signature that travels without its payload (PROTOCOL 5.5, proof). False for any malformed key or signature. */
export function verifyDetached(
	crypto: Crypto,
	publicKey: Uint8Array,
	externalAad: Uint8Array,
	payload: Uint8Array,
	signature: Uint8Array,
): boolean {
	return crypto.verifyP256(publicKey, sigStructure(externalAad, payload), signature);
}

/** sign gives the 64 bytes r || s over the SHA-256 of its argument. */
export function buildSign1(
	framing: Sign1Framing,
	externalAad: Uint8Array,
	payload: Uint8Array,
	keyId: Uint8Array | undefined,
	sign: (toBeSigned: Uint8Array) => Uint8Array,
): Uint8Array {
	assert(payload.length <= LIMITS.cosePayloadBytes, "a signed payload beyond the limit");
	assert(
		keyId === undefined || (keyId.length > 0 && keyId.length <= LIMITS.coseKeyIdBytes),
		"a key id of 1 to 64 bytes",
	);
	const signature = sign(sigStructure(externalAad, payload));
	assert(signature.length === SIGNATURE_BYTES, "an ES256 signature has 64 bytes");
	const message = encodeCbor([protectedHeader(), { [HEADER_KEY_ID]: keyId }, payload, signature]);
	if (framing === "untagged") return message;
	const tagged = new Uint8Array(message.length + 1);
	tagged[0] = TAG_18;
	tagged.set(message, 1);
	return tagged;
}

/** The payload, once its signature held. */
export function verifySign1(
	crypto: Crypto,
	message: Uint8Array,
	expectation: Sign1Expectation,
): Result<Uint8Array, Sign1Reason> {
	const tagged = expectation.framing === "tagged";
	if (tagged && message[0] !== TAG_18) return refuse("malformed");
	const decoded = decodeCbor(tagged ? message.subarray(1) : message);
	const parts = decoded.ok ? asArray(decoded.value, 4) : undefined;
	if (parts === undefined) return refuse("malformed");
	const [protectedPart, unprotected] = parts;
	const payload = asBytes(parts[2], { min: 0, max: LIMITS.cosePayloadBytes });
	const signature = asBytes(parts[3], SIGNATURE_BYTES);
	if (!(protectedPart instanceof Uint8Array) || !(unprotected instanceof CborMap)) return refuse("malformed");
	if (!bytesEqual(protectedPart, protectedHeader())) return refuse("header");
	if (payload === undefined || signature === undefined) return refuse("malformed");
	if (!unprotected.hasOnly([HEADER_KEY_ID])) return refuse("header");
	const keyId = unprotected.bytes(HEADER_KEY_ID, { min: 1, max: LIMITS.coseKeyIdBytes });
	if (unprotected.size > 0 && keyId === undefined) return refuse("header");
	const publicKey = expectation.keyFor(keyId);
	if (publicKey === undefined) return refuse("unknown-key");
	return verifyDetached(crypto, publicKey, expectation.externalAad, payload, signature)
		? accept(payload)
		: refuse("signature");
}
