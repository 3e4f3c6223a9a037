/**
 * Ecdsa-Sig-Value (RFC 3279 2.2.3) of P-256: what stands in requests and certificates, from and to the r || s that
 * signers and verifiers use. A signature has one DER form; any other is refused. Never throws on what it reads (I9).
 */
import { assert } from "../base/assert.ts";
import { bytesEqual } from "../base/bytes.ts";
import { DER, DerReader, der, derUnsigned } from "./der.ts";

const HALF_BYTES = 32;

/** DER of r || s, 64 bytes. */
export function encodeEcdsaSignature(signature: Uint8Array): Uint8Array {
	assert(signature.length === 2 * HALF_BYTES, "a P-256 signature has 64 bytes");
	return der(
		DER.sequence,
		derUnsigned(signature.subarray(0, HALF_BYTES)),
		derUnsigned(signature.subarray(HALF_BYTES)),
	);
}

/** r || s, 64 bytes; undefined when the bytes are not the one form of a signature. */
export function decodeEcdsaSignature(bytes: Uint8Array): Uint8Array | undefined {
	const integers = new DerReader(bytes).enter(DER.sequence);
	const signature = new Uint8Array(2 * HALF_BYTES);
	for (let half = 1; half <= 2; half++) {
		const integer = integers?.read(DER.integer);
		if (integer === undefined) return undefined;
		const digits = integer[0] === 0 ? integer.subarray(1) : integer;
		if (digits.length > HALF_BYTES) return undefined;
		signature.set(digits, half * HALF_BYTES - digits.length);
	}
	return bytesEqual(encodeEcdsaSignature(signature), bytes) ? signature : undefined;
}
