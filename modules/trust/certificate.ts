/**
 * What the lock must know of a certificate that the factory line installs: whose it is, which key it carries, when it
 * is valid, what it may do. A reader of X.509 version 3 (RFC 5280 4.1), bounded and strict; it returns undefined for
 * what it cannot read and never throws (I9). It verifies no signature: TLS does (docs/TLS.md), against roots.
 */
import { bytesEqual, fromHex, toHex } from "../base/bytes.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import { DER, DerReader } from "./der.ts";
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
	/** Extended key usage names clientAuth. */
	readonly clientAuth: boolean;
	/** Key usage names digitalSignature. */
	readonly digitalSignature: boolean;
}

const EXTENSIONS_MAX = 32;
const NAMES_MAX = 16;

/** Undefined when the bytes are not one certificate of version 3. */
export function decodeCertificate(bytes: Uint8Array): Certificate | undefined {
	const outer = new DerReader(bytes);
	const certificate = outer.enter(DER.sequence);
	if (certificate === undefined || !outer.done) return undefined;
	const fields = certificate.enter(DER.sequence);
	const algorithm = certificate.read(DER.sequence);
	const signature = certificate.read(DER.bitString);
	if (fields === undefined || algorithm === undefined || signature === undefined || !certificate.done) {
		return undefined;
	}
	return decodeFields(fields);
}

function decodeFields(fields: DerReader): Certificate | undefined {
	const version = fields.enter(DER.context0);
	const versionNumber = version?.read(DER.integer);
	if (version?.done !== true || versionNumber?.length !== 1 || versionNumber[0] !== 2) return undefined;
	const serial = fields.read(DER.integer);
	const algorithm = fields.read(DER.sequence);
	const issuer = fields.read(DER.sequence);
	const validity = fields.enter(DER.sequence);
	const subject = fields.enter(DER.sequence);
	const key = fields.enter(DER.sequence);
	const extensions = fields.enter(DER.context3);
	if (serial === undefined || algorithm === undefined || issuer === undefined || !fields.done)
		return undefined;
	if (validity === undefined || subject === undefined || key === undefined || extensions === undefined) {
		return undefined;
	}
	const notBeforeMs = decodeTime(validity);
	const notAfterMs = decodeTime(validity);
	const name = decodeSubjectSerial(subject);
	const publicKey = decodeKey(key);
	const usage = decodeExtensions(extensions);
	if (notBeforeMs === undefined || notAfterMs === undefined || !validity.done) return undefined;
	if (name === undefined || publicKey === undefined || usage === undefined) return undefined;
	return {
		subjectSerial: name.serial,
		keyP256: publicKey.p256,
		notBeforeMs,
		notAfterMs,
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

interface Usage {
	readonly isCa: boolean;
	readonly clientAuth: boolean;
	readonly digitalSignature: boolean;
}

function decodeExtensions(outer: DerReader): Usage | undefined {
	const extensions = outer.enter(DER.sequence);
	if (extensions === undefined || !outer.done) return undefined;
	const seen: string[] = [];
	let isCa: boolean | undefined = false;
	let clientAuth: boolean | undefined = false;
	let digitalSignature: boolean | undefined = false;
	while (!extensions.done) {
		const extension = extensions.enter(DER.sequence);
		const identifier = extension?.read(DER.objectIdentifier);
		if (extension === undefined || identifier === undefined || seen.length === EXTENSIONS_MAX)
			return undefined;
		// RFC 5280 4.2: an extension appears once; critical is DEFAULT FALSE, so DER has it only when it is true.
		if (extension.peek() === DER.boolean && !isTrue(extension.read(DER.boolean))) return undefined;
		const value = extension.read(DER.octetString);
		const type = toHex(identifier);
		if (value === undefined || !extension.done || seen.includes(type)) return undefined;
		seen.push(type);
		if (type === OID.basicConstraints) isCa = decodeBasicConstraints(value);
		else if (type === OID.extendedKeyUsage) clientAuth = decodePurposes(value);
		else if (type === OID.keyUsage) digitalSignature = decodeKeyUsage(value);
	}
	if (isCa === undefined || clientAuth === undefined || digitalSignature === undefined) return undefined;
	return { isCa, clientAuth, digitalSignature };
}

/** RFC 5280 4.2.1.9. */
function decodeBasicConstraints(value: Uint8Array): boolean | undefined {
	const outer = new DerReader(value);
	const fields = outer.enter(DER.sequence);
	if (fields === undefined || !outer.done) return undefined;
	let isCa = false;
	if (fields.peek() === DER.boolean) {
		if (!isTrue(fields.read(DER.boolean))) return undefined;
		isCa = true;
	}
	if (fields.peek() === DER.integer) fields.read(DER.integer);
	return fields.done ? isCa : undefined;
}

/** RFC 5280 4.2.1.12: whether clientAuth is among the purposes. */
function decodePurposes(value: Uint8Array): boolean | undefined {
	const outer = new DerReader(value);
	const purposes = outer.enter(DER.sequence);
	if (purposes === undefined || !outer.done) return undefined;
	const clientAuth = fromHex(OID.clientAuth)!;
	let found = false;
	while (!purposes.done) {
		const purpose = purposes.read(DER.objectIdentifier);
		if (purpose === undefined) return undefined;
		if (bytesEqual(purpose, clientAuth)) found = true;
	}
	return found;
}

/** RFC 5280 4.2.1.3: bit 0 is digitalSignature. */
function decodeKeyUsage(value: Uint8Array): boolean | undefined {
	const outer = new DerReader(value);
	const bits = outer.read(DER.bitString);
	if (bits === undefined || !outer.done || bits.length < 2 || bits[0]! > 7) return undefined;
	return (bits[1]! & 0x80) !== 0;
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
