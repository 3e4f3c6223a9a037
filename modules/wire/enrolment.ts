/**
 * What a phone signs to show that it holds the P-256 key it enrols (PROTOCOL 5.5): a COSE Sig_structure (RFC 9052
 * 4.4) over serial and Noise key. Lock and phone build the same bytes; only the signature travels.
 */
import { encodeUtf8 } from "../base/utf8.ts";
import { encodeCbor } from "./cbor-encode.ts";

/** RFC 9053 2.1: ES256. */
const ES256 = -7;

export function enrolmentBytes(serial: string, key25519: Uint8Array): Uint8Array {
	const protectedHeader = encodeCbor({ 1: ES256 });
	const payload = encodeCbor([serial, key25519]);
	return encodeCbor(["Signature1", protectedHeader, encodeUtf8("latchkey enrol"), payload]);
}
