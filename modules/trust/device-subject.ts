/** The one subject that a device's requests and certificates have (PROTOCOL 8): CN and serialNumber, both its serial. */
import { encodeUtf8 } from "../base/utf8.ts";
import { DER, der, derIdentifier } from "./der.ts";
import { OID } from "./object-identifiers.ts";

/** A Name, DER. The serial is of PROTOCOL 1's form: its characters are a subset of PrintableString. */
export function encodeDeviceSubject(serial: string): Uint8Array {
	const bytes = encodeUtf8(serial);
	return der(
		DER.sequence,
		relativeName(OID.commonName, DER.utf8String, bytes),
		relativeName(OID.serialNumber, DER.printableString, bytes),
	);
}

function relativeName(type: string, tag: number, value: Uint8Array): Uint8Array {
	const identifier = derIdentifier(type);
	return der(DER.set, der(DER.sequence, identifier, der(tag, value)));
}
