/**
 * What a lock asks for a certificate with (PROTOCOL 8.1): a PKCS#10 request for the new key, and the factory key's
 * signature over serial and request (RFC 9052 4.4), so that nobody without the factory key gets a certificate in this
 * lock's name. It never sees a private key: the caller signs.
 */
import { encodeUtf8 } from "../base/utf8.ts";
import { sigStructure } from "../cose/sign1.ts";
import { encodeCbor } from "../wire/cbor-encode.ts";
import { encodeCsr, type SignMessage } from "./csr.ts";

export interface RenewalRequest {
	/** PKCS#10, DER. */
	readonly csr: Uint8Array;
	/** By the factory key, r || s. */
	readonly signature: Uint8Array;
}

/** What the factory key signs. */
export function renewalBytes(serial: string, csr: Uint8Array): Uint8Array {
	return sigStructure(encodeUtf8("latchkey renewal"), encodeCbor([serial, csr]));
}

export function buildRenewalRequest(
	serial: string,
	newKey: { readonly publicKey: Uint8Array; readonly sign: SignMessage },
	signWithFactoryKey: SignMessage,
): RenewalRequest {
	const csr = encodeCsr(serial, newKey.publicKey, newKey.sign);
	return { csr, signature: signWithFactoryKey(renewalBytes(serial, csr)) };
}
