/** Certificates of every shape, legal and not: each field can be set, and what is not set is as a good CA would have it. */
import { createSign, generateKeyPairSync, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import * as der from "./der.ts";

export interface Keys {
	readonly publicKey: KeyObject;
	readonly privateKey: KeyObject;
}

export type KeyKind = "p256" | "p384" | "p521" | "p224" | "ed25519" | `rsa${number}`;
export type Algorithm = "sha1" | "sha224" | "sha256" | "sha384" | "sha512" | "pss";

export interface Extension {
	readonly id: string;
	readonly critical: boolean;
	readonly value: Uint8Array;
}

export interface Certificate {
	readonly der: Buffer;
	readonly pem: string;
	readonly name: Buffer;
	readonly keys: Keys;
}

export interface Wanted {
	/** Common name, or the DER of the Name. */
	readonly subject?: string | Buffer;
	readonly issuerName?: Buffer;
	readonly signer?: Certificate;
	readonly keys?: Keys;
	readonly algorithm?: Algorithm;
	/** 1, 2 or 3. */
	readonly version?: number;
	readonly serial?: Buffer;
	readonly from?: string;
	readonly until?: string;
	readonly extensions?: readonly Extension[];
	/** Instead of what signer and algorithm give. */
	readonly innerAlgorithm?: Buffer;
	readonly publicKeyInfo?: Buffer;
	/** Instead of the algorithm's own, inside and outside. */
	readonly algorithmBytes?: Buffer;
	/** issuerUniqueID and subjectUniqueID, as they are. */
	readonly uniqueIds?: readonly Buffer[];
	/** Unused bits that the signature claims. */
	readonly unusedBits?: number;
	readonly validity?: Buffer;
	/** Changes the signature's bytes. */
	readonly forge?: boolean;
}

/** RSA keys take seconds to make: one of each kind and number serves every test. */
const made = new Map<string, Keys>();

export function keysOf(kind: KeyKind, number = 0): Keys {
	const id = `${kind}/${number}`;
	let keys = made.get(id);
	if (keys === undefined) {
		keys = generate(kind);
		made.set(id, keys);
	}
	return keys;
}

function generate(kind: KeyKind): Keys {
	if (kind === "ed25519") return generateKeyPairSync("ed25519");
	if (kind.startsWith("rsa")) return generateKeyPairSync("rsa", { modulusLength: Number(kind.slice(3)) });
	const curves: Record<string, string> = {
		p256: "prime256v1",
		p384: "secp384r1",
		p521: "secp521r1",
		p224: "secp224r1",
	};
	return generateKeyPairSync("ec", { namedCurve: curves[kind]! });
}

/* ---- extensions ---- */

export function extension(id: string, critical: boolean, value: Uint8Array): Extension {
	return { id, critical, value };
}

export const OID = Object.freeze({
	basicConstraints: "2.5.29.19",
	keyUsage: "2.5.29.15",
	purposes: "2.5.29.37",
	names: "2.5.29.17",
	nameConstraints: "2.5.29.30",
	policies: "2.5.29.32",
	policyConstraints: "2.5.29.36",
	policyMappings: "2.5.29.33",
	inhibitAnyPolicy: "2.5.29.54",
	subjectKeyId: "2.5.29.14",
	authorityKeyId: "2.5.29.35",
	distributionPoints: "2.5.29.31",
	tlsFeature: "1.3.6.1.5.5.7.1.24",
	serverAuth: "1.3.6.1.5.5.7.3.1",
	clientAuth: "1.3.6.1.5.5.7.3.2",
	anyPurpose: "2.5.29.37.0",
	unknown: "1.3.6.1.4.1.55555.1",
});

export function basicConstraints(isCa: boolean, pathLength?: number): Extension {
	const parts = [
		...(isCa ? [der.boolean(true)] : []),
		...(pathLength === undefined ? [] : [der.integer(pathLength)]),
	];
	return extension(OID.basicConstraints, true, der.sequence(...parts));
}

const USAGE_BITS = Object.freeze({
	digitalSignature: 0,
	keyEncipherment: 2,
	keyAgreement: 4,
	keyCertSign: 5,
	crlSign: 6,
});
export type Usage = keyof typeof USAGE_BITS;

export function keyUsage(...usages: readonly Usage[]): Extension {
	let byte = 0;
	let last = 0;
	for (const usage of usages) {
		byte |= 0x80 >> USAGE_BITS[usage];
		last = Math.max(last, USAGE_BITS[usage]);
	}
	return extension(OID.keyUsage, true, der.bits(7 - last, Buffer.from([byte])));
}

export function purposes(...ids: readonly string[]): Extension {
	return extension(OID.purposes, false, der.sequence(...ids.map(der.oid)));
}

function addressBytes(text: string): Buffer {
	if (isIP(text) === 4) return Buffer.from(text.split(".").map(Number));
	const [head = "", tail = ""] = text.split("::");
	const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
	const left = groups(head);
	const right = groups(tail);
	const middle = Array.from({ length: 8 - left.length - right.length }, () => "0");
	return Buffer.from([...left, ...middle, ...right].map((group) => group.padStart(4, "0")).join(""), "hex");
}

/** Host names and addresses; an entry given as bytes is a GeneralName of its own. */
export function names(...entries: readonly (string | Buffer)[]): Extension {
	const parts = entries.map((entry) =>
		typeof entry !== "string"
			? entry
			: isIP(entry)
				? der.tlv(0x87, addressBytes(entry))
				: der.tlv(0x82, Buffer.from(entry, "latin1")),
	);
	return extension(OID.names, false, der.sequence(...parts));
}

/* ---- certificates ---- */

export function nameOf(common: string): Buffer {
	return der.sequence(der.setOf(der.sequence(der.oid("2.5.4.3"), der.utf8(common))));
}

const RSA_ALGORITHMS: Readonly<Record<string, string>> = Object.freeze({
	sha1: "1.2.840.113549.1.1.5",
	sha224: "1.2.840.113549.1.1.14",
	sha256: "1.2.840.113549.1.1.11",
	sha384: "1.2.840.113549.1.1.12",
	sha512: "1.2.840.113549.1.1.13",
});
const EC_ALGORITHMS: Readonly<Record<string, string>> = Object.freeze({
	sha1: "1.2.840.10045.4.1",
	sha224: "1.2.840.10045.4.3.1",
	sha256: "1.2.840.10045.4.3.2",
	sha384: "1.2.840.10045.4.3.3",
	sha512: "1.2.840.10045.4.3.4",
});

export const SHA256_ALGORITHM = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.nothing());

/** RFC 4055 3.1, with the mask's hash told apart. */
export function pssAlgorithm(sha256 = SHA256_ALGORITHM, mask = sha256): Buffer {
	return der.sequence(
		der.oid("1.2.840.113549.1.1.10"),
		der.sequence(
			der.tlv(0xa0, sha256),
			der.tlv(0xa1, der.sequence(der.oid("1.2.840.113549.1.1.8"), mask)),
			der.tlv(0xa2, der.integer(32)),
		),
	);
}

function algorithmOf(key: KeyObject, algorithm: Algorithm): Buffer {
	if (key.asymmetricKeyType === "ed25519") return der.sequence(der.oid("1.3.101.112"));
	if (algorithm === "pss") return pssAlgorithm();
	if (key.asymmetricKeyType === "rsa")
		return der.sequence(der.oid(RSA_ALGORITHMS[algorithm]!), der.nothing());
	return der.sequence(der.oid(EC_ALGORITHMS[algorithm]!));
}

/** The same content signed by the same key is the same certificate: ECDSA draws a number each time, so the first one is kept. */
const signatures = new Map<KeyObject, Map<string, Buffer>>();

function signatureOf(tbs: Buffer, key: KeyObject, algorithm: Algorithm): Buffer {
	const known = signatures.get(key) ?? new Map<string, Buffer>();
	signatures.set(key, known);
	const id = `${algorithm} ${tbs.toString("base64")}`;
	const signature = known.get(id) ?? sign(tbs, key, algorithm);
	known.set(id, signature);
	return signature;
}

function sign(tbs: Buffer, key: KeyObject, algorithm: Algorithm): Buffer {
	const hash = algorithm === "pss" ? "sha256" : algorithm;
	if (algorithm === "pss") {
		// RSA_PKCS1_PSS_PADDING, as the padding of RFC 4055.
		return createSign(hash).update(tbs).sign({ key, padding: 6, saltLength: 32 });
	}
	return createSign(hash).update(tbs).sign(key);
}

function extensionBytes({ id, critical, value }: Extension): Buffer {
	return der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octets(value));
}

let serials = 1;

export function issue(wanted: Wanted): Certificate {
	const keys = wanted.keys ?? keysOf("p256", serials);
	const name =
		typeof wanted.subject === "object" ? wanted.subject : nameOf(wanted.subject ?? `subject ${serials}`);
	const signingKey = (wanted.signer?.keys ?? keys).privateKey;
	const algorithm = wanted.algorithm ?? "sha256";
	const algorithmBytes = wanted.algorithmBytes ?? algorithmOf(signingKey, algorithm);
	const version = wanted.version ?? 3;
	const extensions = wanted.extensions ?? [];
	serials++;
	const tbs = der.sequence(
		...(version === 1 ? [] : [der.tlv(0xa0, der.integer(version - 1))]),
		wanted.serial ?? der.integer(serials),
		wanted.innerAlgorithm ?? algorithmBytes,
		wanted.issuerName ?? wanted.signer?.name ?? name,
		wanted.validity ??
			der.sequence(
				der.time(new Date(wanted.from ?? "2025-01-01T00:00:00Z")),
				der.time(new Date(wanted.until ?? "2045-01-01T00:00:00Z")),
			),
		name,
		wanted.publicKeyInfo ?? keys.publicKey.export({ type: "spki", format: "der" }),
		...(wanted.uniqueIds ?? []),
		...(extensions.length === 0 ? [] : [der.tlv(0xa3, der.sequence(...extensions.map(extensionBytes)))]),
	);
	const signature = Buffer.from(signatureOf(tbs, signingKey, algorithm));
	if (wanted.forge) signature[signature.length - 1]! ^= 1;
	const whole = der.sequence(tbs, algorithmBytes, der.bits(wanted.unusedBits ?? 0, signature));
	const base64 = whole.toString("base64").replace(/.{64}/g, "$&\n");
	return {
		der: whole,
		pem: `-----BEGIN CERTIFICATE-----\n${base64.trimEnd()}\n-----END CERTIFICATE-----\n`,
		name,
		keys,
	};
}

export function keyPem(certificate: Certificate): string {
	return certificate.keys.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

/* ---- what a good CA issues ---- */

export function rootOf(wanted: Wanted = {}): Certificate {
	return issue({
		subject: "relay root",
		extensions: [basicConstraints(true), keyUsage("keyCertSign", "crlSign")],
		...wanted,
	});
}

export function intermediateOf(signer: Certificate, wanted: Wanted = {}): Certificate {
	return issue({
		subject: "relay intermediate",
		extensions: [basicConstraints(true), keyUsage("keyCertSign", "crlSign")],
		signer,
		...wanted,
	});
}

export function leafExtensions(...server: readonly (string | Buffer)[]): Extension[] {
	return [keyUsage("digitalSignature"), purposes(OID.serverAuth), names(...server)];
}

export function leafOf(signer: Certificate, wanted: Wanted = {}): Certificate {
	return issue({ subject: "relay", extensions: leafExtensions("relay.test"), signer, ...wanted });
}
