/**
 * What the lock must know of a certificate: whose it is and whose word, which key it carries, when it is valid, what it
 * may do. A reader of X.509 version 3 (RFC 5280 4.1), bounded and strict; it returns undefined for what it cannot read
 * and never throws (I9). Byte strings are views of what was read. It judges nothing and verifies no signature:
 * device-chain.ts does for a device's certificates, TLS for a relay's (docs/TLS.md).
 */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import { DER, DerReader, der, derIdentifier } from "./der.ts";
import { decodeEcdsaSignature } from "./ecdsa-signature.ts";
import { OID } from "./object-identifiers.ts";

export interface Certificate {
	/** Subject attribute serialNumber; undefined when there is none, or more than one. */
	readonly subjectSerial: string | undefined;
	/** The uncompressed point; undefined when the key is not a P-256 key. */
	readonly keyP256: Uint8Array | undefined;
	/** Milliseconds since 1970 UTC, both ends included. */
	readonly notBeforeMs: number;
	readonly notAfterMs: number;
	readonly isCa: boolean;
	/** Certificates of authorities that may stand between this one and a leaf; undefined: any number. */
	readonly pathLength: number | undefined;
	/** Extended key usage names clientAuth. */
	readonly clientAuth: boolean;
	/** How many purposes the extended key usage names; 0 without that extension. */
	readonly purposes: number;
	/** Key usage names digitalSignature. */
	readonly digitalSignature: boolean;
	/** Key usage names keyCertSign. */
	readonly keyCertSign: boolean;
	/** It has an extension that limits it in a way that nothing here reads: a critical one, or name constraints. */
	readonly limitedOtherwise: boolean;
	/** Names, DER. */
	readonly issuer: Uint8Array;
	readonly subject: Uint8Array;
	/** What the issuer signed. */
	readonly signedBytes: Uint8Array;
	/** r || s; undefined when it is signed otherwise than by ecdsa-with-SHA256. */
	readonly signature: Uint8Array | undefined;
}

const EXTENSIONS_MAX = 32;
const NAMES_MAX = 16;
/** RFC 5280 4.2.1.3: bits 0 and 5. */
const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;

/** Undefined when the bytes are not one certificate of version 3. */
export function decodeCertificate(bytes: Uint8Array): Certificate | undefined {
	const outer = new DerReader(bytes);
	const certificate = outer.enter(DER.sequence);
	if (certificate === undefined || !outer.done) return undefined;
	const signed = certificate.readElement(DER.sequence);
	const algorithm = certificate.readElement(DER.sequence);
	const signature = certificate.read(DER.bitString);
	if (signed === undefined || algorithm === undefined || signature === undefined || !certificate.done) {
		return undefined;
	}
	const fields = decodeFields(new DerReader(signed.content), algorithm.whole);
	if (fields === undefined) return undefined;
	const isEcdsa = bytesEqual(algorithm.whole, ecdsaWithSha256()) && signature[0] === 0;
	return {
		...fields,
		signedBytes: signed.whole,
		signature: isEcdsa ? decodeEcdsaSignature(signature.subarray(1)) : undefined,
	};
}

function ecdsaWithSha256(): Uint8Array {
	return der(DER.sequence, derIdentifier(OID.ecdsaWithSha256));
}

/** outerAlgorithm: RFC 5280 4.1.1.2, the same stands inside. */
function decodeFields(
	fields: DerReader,
	outerAlgorithm: Uint8Array,
): Omit<Certificate, "signedBytes" | "signature"> | undefined {
	const version = fields.enter(DER.context0);
	const versionNumber = version?.read(DER.integer);
	if (version?.done !== true || versionNumber?.length !== 1 || versionNumber[0] !== 2) return undefined;
	const serial = fields.read(DER.integer);
	const algorithm = fields.readElement(DER.sequence);
	const issuer = fields.readElement(DER.sequence);
	const validity = fields.enter(DER.sequence);
	const subject = fields.readElement(DER.sequence);
	const key = fields.enter(DER.sequence);
	const extensions = fields.enter(DER.context3);
	if (serial === undefined || algorithm === undefined || issuer === undefined || !fields.done)
		return undefined;
	if (validity === undefined || subject === undefined || key === undefined || extensions === undefined) {
		return undefined;
	}
	if (!bytesEqual(algorithm.whole, outerAlgorithm)) return undefined;
	const notBeforeMs = decodeTime(validity);
	const notAfterMs = decodeTime(validity);
	const name = decodeSubjectSerial(new DerReader(subject.content));
	const publicKey = decodeKey(key);
	const usage = decodeExtensions(extensions);
	if (notBeforeMs === undefined || notAfterMs === undefined || !validity.done) return undefined;
	if (name === undefined || publicKey === undefined || usage === undefined) return undefined;
	return {
		subjectSerial: name.serial,
		keyP256: publicKey.p256,
		notBeforeMs,
		notAfterMs,
		issuer: issuer.whole,
		subject: subject.whole,
		...usage,
	};
}

function decodeSubjectSerial(subject: DerReader): { readonly serial: string | undefined } | undefined {
	let serial: string | undefined;
	let found = 0;
	for (let names = 0; !subject.done; names++) {
		const set = subject.enter(DER.set);
		if (set === undefined || names === NAMES_MAX) return undefined;
		const attribute = set.enter(DER.sequence);
		const type = attribute?.read(DER.objectIdentifier);
		const value = attribute?.next();
		if (type === undefined || value === undefined || attribute?.done !== true || !set.done) return undefined;
		if (toHex(type) !== OID.serialNumber) continue;
		if (value.tag !== DER.printableString && value.tag !== DER.utf8String) return undefined;
		serial = decodeUtf8(value.content);
		found++;
	}
	return { serial: found === 1 ? serial : undefined };
}

function decodeKey(key: DerReader): { readonly p256: Uint8Array | undefined } | undefined {
	const algorithm = key.enter(DER.sequence);
	const bits = key.read(DER.bitString);
	const type = algorithm?.read(DER.objectIdentifier);
	if (algorithm === undefined || type === undefined || bits === undefined || !key.done) return undefined;
	if (toHex(type) !== OID.ecPublicKey) return { p256: undefined };
	const curve = algorithm.read(DER.objectIdentifier);
	if (curve === undefined || !algorithm.done) return undefined;
	if (toHex(curve) !== OID.prime256v1) return { p256: undefined };
	if (bits.length !== 66 || bits[0] !== 0 || bits[1] !== 4) return undefined;
	return { p256: bits.slice(1) };
}

type Usage = Pick<
	Certificate,
	"isCa" | "pathLength" | "clientAuth" | "purposes" | "digitalSignature" | "keyCertSign" | "limitedOtherwise"
>;

interface Constraints {
	readonly isCa: boolean;
	readonly pathLength: number | undefined;
}

function decodeExtensions(outer: DerReader): Usage | undefined {
	const extensions = outer.enter(DER.sequence);
	if (extensions === undefined || !outer.done) return undefined;
	const seen: string[] = [];
	let constraints: Constraints | undefined = { isCa: false, pathLength: undefined };
	let purposes: readonly string[] | undefined = [];
	let keyUsage: number | undefined = 0;
	let limitedOtherwise = false;
	while (!extensions.done) {
		const extension = extensions.enter(DER.sequence);
		const identifier = extension?.read(DER.objectIdentifier);
		if (extension === undefined || identifier === undefined || seen.length === EXTENSIONS_MAX)
			return undefined;
		// RFC 5280 4.2: an extension appears once; critical is DEFAULT FALSE, so DER has it only when it is true.
		const isCritical = extension.peek() === DER.boolean;
		if (isCritical && !isTrue(extension.read(DER.boolean))) return undefined;
		const value = extension.read(DER.octetString);
		const type = toHex(identifier);
		if (value === undefined || !extension.done || seen.includes(type)) return undefined;
		seen.push(type);
		if (type === OID.basicConstraints) constraints = decodeBasicConstraints(value);
		else if (type === OID.extendedKeyUsage) purposes = decodePurposes(value);
		else if (type === OID.keyUsage) keyUsage = decodeKeyUsage(value);
		else if (isCritical || type === OID.nameConstraints) limitedOtherwise = true;
	}
	if (constraints === undefined || purposes === undefined || keyUsage === undefined) return undefined;
	return {
		...constraints,
		clientAuth: purposes.includes(OID.clientAuth),
		purposes: purposes.length,
		digitalSignature: (keyUsage & DIGITAL_SIGNATURE) !== 0,
		keyCertSign: (keyUsage & KEY_CERT_SIGN) !== 0,
		limitedOtherwise,
	};
}

/** RFC 5280 4.2.1.9. A path length above 127 is no limit to anything here. */
function decodeBasicConstraints(value: Uint8Array): Constraints | undefined {
	const outer = new DerReader(value);
	const fields = outer.enter(DER.sequence);
	if (fields === undefined || !outer.done) return undefined;
	let isCa = false;
	let pathLength: number | undefined;
	if (fields.peek() === DER.boolean) {
		if (!isTrue(fields.read(DER.boolean))) return undefined;
		isCa = true;
	}
	if (fields.peek() === DER.integer) {
		const length = fields.read(DER.integer);
		if (length?.[0] === undefined || length[0] >= 0x80) return undefined;
		if (length.length === 1) pathLength = length[0];
	}
	return fields.done ? { isCa, pathLength } : undefined;
}

/** RFC 5280 4.2.1.12, in hexadecimal. */
function decodePurposes(value: Uint8Array): readonly string[] | undefined {
	const outer = new DerReader(value);
	const purposes = outer.enter(DER.sequence);
	if (purposes === undefined || !outer.done) return undefined;
	const found: string[] = [];
	while (!purposes.done) {
		const purpose = purposes.read(DER.objectIdentifier);
		if (purpose === undefined || found.length === EXTENSIONS_MAX) return undefined;
		found.push(toHex(purpose));
	}
	return found;
}

/** RFC 5280 4.2.1.3: the first eight bits, of which bit 0 is the highest. */
function decodeKeyUsage(value: Uint8Array): number | undefined {
	const outer = new DerReader(value);
	const bits = outer.read(DER.bitString);
	if (bits === undefined || !outer.done || bits.length < 2 || bits[0]! > 7) return undefined;
	return bits[1];
}

function isTrue(content: Uint8Array | undefined): boolean {
	return content?.length === 1 && content[0] === 0xff;
}

/** RFC 5280 4.1.2.5: UTCTime YYMMDDHHMMSSZ (1950 .. 2049) or GeneralizedTime YYYYMMDDHHMMSSZ. */
function decodeTime(validity: DerReader): number | undefined {
	const element = validity.next();
	if (element === undefined) return undefined;
	const text = decodeUtf8(element.content);
	if (text === undefined) return undefined;
	let digits = text;
	if (element.tag === DER.utcTime) digits = (text < "5" ? "20" : "19") + text;
	else if (element.tag !== DER.generalizedTime) return undefined;
	if (!/^[0-9]{14}Z$/.test(digits)) return undefined;
	const part = (from: number, to: number) => Number.parseInt(digits.slice(from, to), 10);
	const [year, month, day] = [part(0, 4), part(4, 6), part(6, 8)];
	const [hour, minute, second] = [part(8, 10), part(10, 12), part(12, 14)];
	if (hour > 23 || minute > 59 || second > 59) return undefined;
	const unixMs = Date.UTC(year, month - 1, day, hour, minute, second);
	const date = new Date(unixMs);
	// Date.UTC rolls over impossible days and maps years below 100: what comes back must be what was written.
	if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
		return undefined;
	return unixMs;
}
