/**
 * The certificate request that the device makes of itself (PROTOCOL 8, RFC 2986): version 1, subject CN and
 * serialNumber, P-256 key, no attributes, ecdsa-with-SHA256. It never sees a private key: the caller signs.
 */
import { assert } from "../base/assert.ts";
import { DER, der, derBits, derIdentifier, derUnsigned } from "../trust/der.ts";
import { encodeDeviceSubject } from "../trust/device-subject.ts";
import { encodeEcdsaSignature } from "../trust/ecdsa-signature.ts";
import { OID } from "../trust/object-identifiers.ts";

/** Signs message with the device key: 64 bytes r || s. */
export type SignMessage = (message: Uint8Array) => Uint8Array;

/** DER. The serial is of PROTOCOL 1's form (its characters are a subset of PrintableString), the key 65 bytes. */
export function encodeCsr(serial: string, publicKey: Uint8Array, sign: SignMessage): Uint8Array {
	const info = der(
		DER.sequence,
		derUnsigned(new Uint8Array(1)),
		encodeDeviceSubject(serial),
		encodeP256Key(publicKey),
		der(DER.context0),
	);
	return der(
		DER.sequence,
		info,
		der(DER.sequence, derIdentifier(OID.ecdsaWithSha256)),
		derBits(encodeEcdsaSignature(sign(info))),
	);
}

/** SubjectPublicKeyInfo (RFC 5480 2). */
function encodeP256Key(publicKey: Uint8Array): Uint8Array {
	assert(publicKey.length === 65 && publicKey[0] === 4, "an uncompressed P-256 point has 65 bytes");
	return der(
		DER.sequence,
		der(DER.sequence, derIdentifier(OID.ecPublicKey), derIdentifier(OID.prime256v1)),
		derBits(publicKey),
	);
}
