/**
 * The extensions of a certificate that the lock reads (RFC 5280 4.2), each in the one form that the RFC gives it; what
 * it does not read is noted when it limits. Undefined for what is malformed; it never throws (I9), and takes nothing that
 * hosts/bindings/certificate-extensions.c refuses.
 */
import { toHex } from "../base/bytes.ts";
import { DER, DerReader, isUnsigned } from "./der.ts";
import { OID } from "./object-identifiers.ts";

export interface ExtendedUsage {
	readonly isCa: boolean;
	/** Certificates of authorities that may stand between this one and a leaf; undefined: any number. */
	readonly pathLength: number | undefined;
	/** Extended key usage names clientAuth. */
	readonly clientAuth: boolean;
	/** How many purposes the extended key usage names; 0 without that extension. */
	readonly purposes: number;
	/** Extended key usage permits the issuing of servers' certificates: absent, serverAuth or any. */
	readonly servers: boolean;
	/** There is a key usage. */
	readonly hasUsage: boolean;
	/** Key usage names digitalSignature. */
	readonly digitalSignature: boolean;
	/** Key usage names keyCertSign. */
	readonly keyCertSign: boolean;
	/** It has an extension that limits it in a way that nothing here reads: a critical one, or name constraints. */
	readonly limitedOtherwise: boolean;
	/** Alternative names are there, and critical. */
	readonly namesCritical: boolean;
}

const EXTENSIONS_MAX = 32;
/** RFC 5280 4.2.1.3: nine bits. */
const USAGE_BYTES_MAX = 3;
const PATH_LENGTH_BYTES_MAX = 5;
/** RFC 5280 4.2.1.3: bits 0 and 5. */
const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;
/** RFC 5280 4.2.1.6 */
const GENERAL_NAME_LAST = 8;
const IP_ADDRESS = 0x87;

interface Constraints {
	readonly isCa: boolean;
	readonly pathLength: number | undefined;
}

export function decodeExtensions(outer: DerReader): ExtendedUsage | undefined {
	const extensions = outer.enter(DER.sequence);
	if (extensions === undefined || extensions.done || !outer.done) return undefined;
	const seen: string[] = [];
	let constraints: Constraints | undefined = { isCa: false, pathLength: undefined };
	let purposes: readonly string[] | undefined = [];
	let keyUsage: number | undefined = 0;
	let limitedOtherwise = false;
	let namesCritical = false;
	while (!extensions.done) {
		const extension = extensions.enter(DER.sequence);
		const identifier = extension?.read(DER.objectIdentifier);
		if (extension === undefined || identifier === undefined || identifier.length === 0) return undefined;
		if (seen.length === EXTENSIONS_MAX) return undefined;
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
		else if (isCritical || isLimit(type)) limitedOtherwise = true;
		if (type !== OID.subjectAltName) continue;
		if (!areGeneralNames(value)) return undefined;
		namesCritical = isCritical;
	}
	if (constraints === undefined || purposes === undefined || keyUsage === undefined) return undefined;
	return {
		...constraints,
		clientAuth: purposes.includes(OID.clientAuth),
		purposes: purposes.length,
		servers: purposes.length === 0 || purposes.includes(OID.serverAuth) || purposes.includes(OID.anyPurpose),
		hasUsage: seen.includes(OID.keyUsage),
		digitalSignature: (keyUsage & DIGITAL_SIGNATURE) !== 0,
		keyCertSign: (keyUsage & KEY_CERT_SIGN) !== 0,
		limitedOtherwise,
		namesCritical,
	};
}

/** These limit whether they are critical or not (RFC 5280 4.2.1.10, 4.2.1.11, 4.2.1.14). */
function isLimit(type: string): boolean {
	return type === OID.nameConstraints || type === OID.policyConstraints || type === OID.inhibitAnyPolicy;
}

/** RFC 5280 4.2.1.6: at least one, none of them empty, addresses of 4 or 16 bytes. */
function areGeneralNames(value: Uint8Array): boolean {
	const outer = new DerReader(value);
	const names = outer.enter(DER.sequence);
	if (names === undefined || names.done || !outer.done) return false;
	while (!names.done) {
		const name = names.next();
		if (name === undefined || (name.tag & 0xc0) !== 0x80 || (name.tag & 0x1f) > GENERAL_NAME_LAST)
			return false;
		const { length } = name.content;
		if (length === 0 || (name.tag === IP_ADDRESS && length !== 4 && length !== 16)) return false;
	}
	return true;
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
		if (!isCa || length === undefined || !isUnsigned(length)) return undefined;
		if (
			length.length > PATH_LENGTH_BYTES_MAX ||
			(length.length === PATH_LENGTH_BYTES_MAX && length[0] !== 0)
		) {
			return undefined;
		}
		if (length.length === 1) pathLength = length[0];
	}
	return fields.done ? { isCa, pathLength } : undefined;
}

/** RFC 5280 4.2.1.12, in hexadecimal. */
function decodePurposes(value: Uint8Array): readonly string[] | undefined {
	const outer = new DerReader(value);
	const purposes = outer.enter(DER.sequence);
	if (purposes === undefined || purposes.done || !outer.done) return undefined;
	const found: string[] = [];
	while (!purposes.done) {
		const purpose = purposes.read(DER.objectIdentifier);
		if (purpose === undefined || purpose.length === 0 || found.length === EXTENSIONS_MAX) return undefined;
		found.push(toHex(purpose));
	}
	return found;
}

/** RFC 5280 4.2.1.3: the first eight bits, of which bit 0 is the highest. Spare bits are zero (X.690 11.2.1). */
function decodeKeyUsage(value: Uint8Array): number | undefined {
	const outer = new DerReader(value);
	const bits = outer.read(DER.bitString);
	if (bits === undefined || !outer.done || bits.length < 2) return undefined;
	if (bits.length > USAGE_BYTES_MAX || bits[0]! > 7) return undefined;
	if ((bits.at(-1)! & ((1 << bits[0]!) - 1)) !== 0) return undefined;
	return bits[1];
}

function isTrue(content: Uint8Array | undefined): boolean {
	return content?.length === 1 && content[0] === 0xff;
}
