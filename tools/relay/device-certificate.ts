/**
 * What a device's certificate says about it, after TLS has verified the chain to the device roots (T6, PROTOCOL 8).
 * OpenSSL takes a certificate without any extended key usage for a client's; here clientAuth must be there by name.
 */
import type { X509Certificate } from "node:crypto";
import { toHex } from "../../modules/base/bytes.ts";
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { readP256Point } from "../crypto/p256-key.ts";

export type CertificateReason =
	| "certificate-ca"
	| "certificate-purpose"
	| "certificate-key"
	| "certificate-expired"
	| "certificate-serial";

export interface DeviceIdentity {
	readonly serial: string;
	/** The uncompressed P-256 point in hexadecimal. */
	readonly publicKeyHex: string;
	/** Until when the certificate is valid, in milliseconds since 1970. */
	readonly notAfterMs: number;
}

const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const SERIAL = /^[A-Z0-9-]{4,24}$/;

/** `nowMs` since 1970: TLS judged the validity when the session began, which may be a day ago (resumption). */
export function readDeviceCertificate(
	certificate: X509Certificate,
	nowMs: number,
): Result<DeviceIdentity, CertificateReason> {
	if (certificate.ca) return refuse("certificate-ca");
	// Node names this property keyUsage although it lists the extended key usage.
	if (!(certificate.keyUsage as readonly string[] | undefined)?.includes(CLIENT_AUTH))
		return refuse("certificate-purpose");
	const serial = readSubjectSerial(certificate.subject);
	if (serial === undefined) return refuse("certificate-serial");
	const point = readP256Point(certificate.publicKey);
	if (point === undefined) return refuse("certificate-key");
	const notAfterMs = Date.parse(certificate.validTo);
	// What cannot be read is over: NaN is not greater than anything.
	if (!(notAfterMs > nowMs)) return refuse("certificate-expired");
	return accept({ serial, publicKeyHex: toHex(point), notAfterMs });
}

/** PROTOCOL 8: the subject is exactly one CN and one serialNumber, and they agree. */
function readSubjectSerial(subject: string | undefined): string | undefined {
	const fields = (subject ?? "").split("\n").map((line) => line.split("="));
	if (fields.length !== 2 || fields.some((field) => field.length !== 2)) return undefined;
	const [commonName, serialNumber] = ["CN", "serialNumber"].map(
		(name) => fields.find((field) => field[0] === name)?.[1],
	);
	return serialNumber !== undefined && commonName === serialNumber && SERIAL.test(serialNumber)
		? serialNumber
		: undefined;
}
