/**
 * What the lock must know of a certificate: whose it is and whose word, which key it carries, when it is valid, what it
 * may do. A reader of X.509 version 3 (RFC 5280 4.1), bounded and strict; it returns undefined for what it cannot read
 * and never throws (I9). Byte strings are views of what was read. It judges nothing and verifies no signature:
 * device-chain.ts does for a device's certificates, TLS for a relay's (docs/TLS.md).
 *
 * It takes nothing that hosts/bindings/certificate.c refuses (docs/TLS.md 2): a root that was admitted here is one that
 * every connection can use. test/bindings/root-tests.ts holds the two against each other.
 */

import { bytesEqual, toHex } from "../base/bytes.ts";
import { DIGITS, hasOnly } from "../base/characters.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import { decodeExtensions, type ExtendedUsage } from "./certificate-extensions.ts";
import { DER, DerReader, der, derIdentifier, isUnsigned } from "./der.ts";
import { decodeEcdsaSignature } from "./ecdsa-signature.ts";
import { OID } from "./object-identifiers.ts";

export interface Certificate extends Omit<ExtendedUsage, "namesCritical"> {
	/** Subject attribute serialNumber; undefined when there is none, or more than one. */
	readonly subjectSerial: string | undefined;
	/** The uncompressed point; undefined when the key is not a P-256 key. */
	readonly keyP256: Uint8Array | undefined;
	/** Milliseconds since 1970 UTC, both ends included. */
	readonly notBeforeMs: number;
	readonly notAfterMs: number;
	/** The key is in the profile of TLS (docs/TLS.md 1): P-256, P-384, RSA of 2048 to 4096 bits. */
	readonly strongKey: boolean;
	/** Names, DER. */
	readonly issuer: Uint8Array;
	readonly subject: Uint8Array;
	/** What the issuer signed. */
	readonly signedBytes: Uint8Array;
	/** r || s; undefined when it is signed otherwise than by ecdsa-with-SHA256. */
	readonly signature: Uint8Array | undefined;
}

const NAMES_MAX = 16;
/** RFC 5280 4.1.2.2 */
const SERIAL_BYTES_MAX = 20;
/** RFC 5280 4.1.2.5: dates before it are UTCTime. */
const GENERALIZED_FROM_YEAR = 2050;
const P256_BITS = 66;
const P384_BITS = 98;
const RSA_BITS_MIN = 2048;
const RSA_BITS_MAX = 4096;

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
	if (signature.length < 2 || signature[0] !== 0) return undefined;
	const fields = decodeFields(new DerReader(signed.content), algorithm.whole);
	if (fields === undefined) return undefined;
	const isEcdsa = bytesEqual(algorithm.whole, ecdsaWithSha256());
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
	if (!isSerialNumber(serial) || !isIssuer(new DerReader(issuer.content))) return undefined;
	if (!bytesEqual(algorithm.whole, outerAlgorithm)) return undefined;
	const notBeforeMs = decodeTime(validity);
	const notAfterMs = decodeTime(validity);
	const name = decodeSubjectSerial(new DerReader(subject.content));
	const publicKey = decodeKey(key);
	const extended = decodeExtensions(extensions);
	if (notBeforeMs === undefined || notAfterMs === undefined || !validity.done) return undefined;
	if (name === undefined || publicKey === undefined || extended === undefined) return undefined;
	const { namesCritical, ...usage } = extended;
	// RFC 5280 4.1.2.6: who issues has a name; who has no name has critical alternative names.
	if (subject.content.length === 0 && (usage.isCa || !namesCritical)) return undefined;
	return {
		subjectSerial: name.serial,
		keyP256: publicKey.p256,
		strongKey: publicKey.strong,
		notBeforeMs,
		notAfterMs,
		issuer: issuer.whole,
		subject: subject.whole,
		...usage,
	};
}

/** RFC 5280 4.1.2.2: positive, at most 20 bytes. */
function isSerialNumber(content: Uint8Array): boolean {
	return (
		isUnsigned(content) && content.length <= SERIAL_BYTES_MAX && !(content.length === 1 && content[0] === 0)
	);
}

/** RFC 5280 4.1.2.4: not empty; sets of attributes, none of them empty. */
function isIssuer(name: DerReader): boolean {
	if (name.done) return false;
	while (!name.done) {
		const set = name.enter(DER.set);
		if (set === undefined || set.done) return false;
		while (!set.done) {
			const attribute = set.enter(DER.sequence);
			const type = attribute?.read(DER.objectIdentifier);
			if (type === undefined || type.length === 0) return false;
			if (attribute?.next() === undefined || !attribute.done) return false;
		}
	}
	return true;
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
		if (type.length === 0) return undefined;
		if (toHex(type) !== OID.serialNumber) continue;
		if (value.tag !== DER.printableString && value.tag !== DER.utf8String) return undefined;
		serial = decodeUtf8(value.content);
		found++;
	}
	return { serial: found === 1 ? serial : undefined };
}

interface PublicKey {
	readonly p256: Uint8Array | undefined;
	readonly strong: boolean;
}

const OUTSIDE: PublicKey = Object.freeze({ p256: undefined, strong: false });

function decodeKey(key: DerReader): PublicKey | undefined {
	const algorithm = key.enter(DER.sequence);
	const bits = key.read(DER.bitString);
	const type = algorithm?.read(DER.objectIdentifier);
	if (algorithm === undefined || type === undefined || bits === undefined || !key.done) return undefined;
	if (bits.length < 2 || bits[0] !== 0) return undefined;
	if (toHex(type) === OID.rsaEncryption) return decodeRsaKey(algorithm, bits.subarray(1));
	if (toHex(type) !== OID.ecPublicKey) return OUTSIDE;
	const curve = algorithm.read(DER.objectIdentifier);
	if (curve === undefined || !algorithm.done) return undefined;
	if (toHex(curve) === OID.secp384r1) {
		return { p256: undefined, strong: bits.length === P384_BITS && bits[1] === 4 };
	}
	if (toHex(curve) !== OID.prime256v1) return OUTSIDE;
	if (bits.length !== P256_BITS || bits[1] !== 4) return undefined;
	return { p256: bits.slice(1), strong: true };
}

/** RFC 3279 2.3.1, RFC 4055 1.2: parameters are NULL, and absent is accepted. */
function decodeRsaKey(algorithm: DerReader, content: Uint8Array): PublicKey | undefined {
	if (!algorithm.done && (algorithm.read(DER.null)?.length !== 0 || !algorithm.done)) return undefined;
	const outer = new DerReader(content);
	const fields = outer.enter(DER.sequence);
	const modulus = fields?.read(DER.integer);
	const exponent = fields?.read(DER.integer);
	if (fields?.done !== true || !outer.done || modulus === undefined || exponent === undefined)
		return undefined;
	if (!isUnsigned(modulus) || !isUnsigned(exponent)) return undefined;
	const first = modulus[0] === 0 ? 1 : 0;
	if (modulus.length === first) return undefined;
	const bits = (modulus.length - first) * 8 - (Math.clz32(modulus[first]!) - 24);
	// An even modulus or exponent, or the exponent 1, is no RSA key.
	const isOdd = (modulus.at(-1)! & 1) === 1 && (exponent.at(-1)! & 1) === 1;
	const isOne = exponent.length === 1 && exponent[0] === 1;
	return { p256: undefined, strong: isOdd && !isOne && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX };
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
	if (digits.charAt(14) !== "Z" || digits.length !== 15 || !hasOnly(digits.slice(0, 14), DIGITS))
		return undefined;
	// RFC 5280 4.1.2.5: and nothing else before 2050.
	if (element.tag === DER.generalizedTime && digits < `${GENERALIZED_FROM_YEAR}`) return undefined;
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
