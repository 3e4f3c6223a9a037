/**
 * X.509 certificates of a Latchkey PKI (RFC 5280, DESIGN 7): roots, intermediates, listeners, devices. P-256 and SHA-256
 * throughout. Nothing here reads or writes a file. What is signed is built first and signed by an Issuer, which may keep
 * its key in a token.
 *
 * What must serve at any age has no end (99991231235959Z, RFC 5280 4.1.2.5, as IEEE 802.1AR 8.7 has it for an IDevID):
 * a device's factory certificate, the intermediate that issued it, the device root. They end by a new trust bundle, or
 * in the registry.
 */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
	AuthorityKeyIdentifierExtension,
	BasicConstraintsExtension,
	ExtendedKeyUsage,
	ExtendedKeyUsageExtension,
	type Extension,
	KeyUsageFlags,
	KeyUsagesExtension,
	Name,
	type PublicKey,
	SubjectAlternativeNameExtension,
	SubjectKeyIdentifierExtension,
	X509Certificate,
	X509CertificateGenerator,
} from "@peculiar/x509";
import { DER, DerReader, der } from "../../modules/trust/der.ts";
import { encodeEcdsaSignature } from "../../modules/trust/ecdsa-signature.ts";
import type { Issuer } from "../pki/issuer.ts";
import type { Signer } from "../pki/signer.ts";

/** A certificate with its private key. */
export interface Authority {
	readonly certificate: X509Certificate;
	readonly key: webcrypto.CryptoKey;
}

export const KEY_ALGORITHM = Object.freeze({ name: "ECDSA", namedCurve: "P-256" } as const);
const SIGNATURE = Object.freeze({ name: "ECDSA", hash: "SHA-256" } as const);

const COMMON_NAME = "2.5.4.3";
const SERIAL_NUMBER = "2.5.4.5";

const DAY_MS = 86_400_000;
const YEAR_MS = 365.25 * DAY_MS;
/** Clocks of devices and lines differ by minutes, not days. */
const BACKDATED_MS = DAY_MS;
const ROOT_YEARS = 30;
const INTERMEDIATE_YEARS = 25;
const OPERATIONAL_ISSUER_YEARS = 10;
/** RFC 5280 4.1.2.5: no well-defined end. */
const NO_END = new Date(Date.UTC(9999, 11, 31, 23, 59, 59));
const LISTENER_DAYS = 825;

/** What an authority may sign for; undefined leaves an intermediate without an extended key usage. */
export type Purpose = "relay" | "device" | "update";

const EXTENDED_USAGE: Readonly<Record<Purpose, ExtendedKeyUsage | undefined>> = Object.freeze({
	relay: ExtendedKeyUsage.serverAuth,
	device: ExtendedKeyUsage.clientAuth,
	update: ExtendedKeyUsage.codeSigning,
});

/** What signs from day to day; operational certificates have an issuer of their own under the device root. */
export type IntermediateName = Purpose | "operational";

/** The root that an intermediate is under. */
export function rootOf(name: IntermediateName): Purpose {
	return name === "operational" ? "device" : name;
}

/** An authority whose key is at hand, as an issuer. */
export function issuerFor({ certificate, key }: Authority): Issuer {
	return { certificates: [certificate], sign: signerWith(key) };
}

function signerWith(key: webcrypto.CryptoKey): Signer {
	return async (signedBytes) =>
		encodeEcdsaSignature(new Uint8Array(await webcrypto.subtle.sign(SIGNATURE, key, signedBytes)));
}

export async function generateKeyPair(): Promise<webcrypto.CryptoKeyPair> {
	return await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
}

function wholeSeconds(milliseconds: number): Date {
	return new Date(Math.floor(milliseconds / 1_000) * 1_000);
}

function commonName(text: string): Name {
	return new Name([{ [COMMON_NAME]: [{ utf8String: text }] }]);
}

/** PROTOCOL 8: the subject of a device's request and certificate. */
export function deviceSubject(serial: string): Name {
	return new Name([
		{ [COMMON_NAME]: [{ utf8String: serial }] },
		{ [SERIAL_NUMBER]: [{ printableString: serial }] },
	]);
}

interface Issue {
	readonly subject: Name;
	readonly publicKey: webcrypto.CryptoKey | PublicKey;
	/** Absent for a root, which signs itself. */
	readonly issuer?: X509Certificate;
	readonly sign: Signer;
	readonly notBefore?: Date;
	readonly notAfter: Date;
	readonly extensions: readonly Extension[];
}

async function issue(request: Issue): Promise<X509Certificate> {
	const issuerKey = request.issuer?.publicKey ?? request.publicKey;
	// Built with a signature that is none, to be signed by whoever has the key.
	const draft = await X509CertificateGenerator.create({
		subject: request.subject,
		issuer: request.issuer?.subjectName ?? request.subject,
		notBefore: request.notBefore ?? wholeSeconds(Date.now() - BACKDATED_MS),
		notAfter: request.notAfter,
		publicKey: request.publicKey,
		signature: new Uint8Array(64).fill(1),
		signingAlgorithm: { ...KEY_ALGORITHM, ...SIGNATURE },
		extensions: [
			...request.extensions,
			await SubjectKeyIdentifierExtension.create(request.publicKey),
			await AuthorityKeyIdentifierExtension.create(issuerKey),
		],
	});
	const parts = new DerReader(new Uint8Array(draft.rawData)).enter(DER.sequence);
	const signedBytes = parts?.readElement(DER.sequence)?.whole;
	const algorithm = parts?.readElement(DER.sequence)?.whole;
	if (signedBytes === undefined || algorithm === undefined) throw new Error("a draft that is no certificate");
	const signature = await request.sign(signedBytes);
	return new X509Certificate(
		der(DER.sequence, signedBytes, algorithm, der(DER.bitString, new Uint8Array(1), signature)),
	);
}

function afterYears(years: number): Date {
	return wholeSeconds(Date.now() + years * YEAR_MS);
}

function authorityExtensions(pathLength: number): Extension[] {
	return [
		new BasicConstraintsExtension(true, pathLength, true),
		new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
	];
}

export async function issueRoot(purpose: Purpose): Promise<Authority> {
	const keys = await generateKeyPair();
	const certificate = await issue({
		subject: commonName(`Latchkey development ${purpose} root`),
		publicKey: keys.publicKey,
		sign: signerWith(keys.privateKey),
		notAfter: purpose === "device" ? NO_END : afterYears(ROOT_YEARS),
		extensions: authorityExtensions(1),
	});
	return { certificate, key: keys.privateKey };
}

/** An intermediate may issue leaves of its root's one purpose, and no further authority. */
export async function issueIntermediate(name: IntermediateName, root: Authority): Promise<Authority> {
	const keys = await generateKeyPair();
	return {
		certificate: await certifyIntermediate(name, issuerFor(root), keys.publicKey),
		key: keys.privateKey,
	};
}

/** For a key that is somewhere else, in a token for one. */
export async function certifyIntermediate(
	name: IntermediateName,
	root: Issuer,
	publicKey: webcrypto.CryptoKey | PublicKey,
): Promise<X509Certificate> {
	const usage = EXTENDED_USAGE[rootOf(name)];
	const years = name === "operational" ? OPERATIONAL_ISSUER_YEARS : INTERMEDIATE_YEARS;
	return await issue({
		subject: commonName(`Latchkey development ${name} intermediate`),
		publicKey,
		issuer: root.certificates[0],
		sign: root.sign,
		notAfter: name === "device" ? NO_END : afterYears(years),
		extensions: [
			...authorityExtensions(0),
			...(usage === undefined ? [] : [new ExtendedKeyUsageExtension([usage], false)]),
		],
	});
}

/** A TLS server certificate for DNS names and IP addresses. */
export async function issueListener(issuer: Authority, names: readonly string[]): Promise<Authority> {
	const keys = await generateKeyPair();
	const certificate = await issue({
		subject: commonName(names[0] ?? "relay"),
		publicKey: keys.publicKey,
		issuer: issuer.certificate,
		sign: signerWith(issuer.key),
		notAfter: wholeSeconds(Date.now() + LISTENER_DAYS * DAY_MS),
		extensions: [
			new BasicConstraintsExtension(false, undefined, true),
			new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
			new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth], false),
			new SubjectAlternativeNameExtension(
				names.map((name) => ({ type: isIP(name) === 0 ? ("dns" as const) : ("ip" as const), value: name })),
			),
		],
	});
	return { certificate, key: keys.privateKey };
}

/** The factory certificate of a device (PROTOCOL 8): what the request says counts for nothing but its key. */
export async function issueDevice(
	issuer: Issuer,
	serial: string,
	publicKey: webcrypto.CryptoKey | PublicKey,
): Promise<X509Certificate> {
	return await issueDeviceLeaf(issuer, serial, publicKey, { notAfter: NO_END });
}

export interface Validity {
	/** Default: a day ago. */
	readonly notBefore?: Date;
	readonly notAfter: Date;
}

/** An operational certificate of a device (PROTOCOL 8); it does not outlive its issuer's. */
export async function issueOperational(
	issuer: Issuer,
	serial: string,
	publicKey: webcrypto.CryptoKey | PublicKey,
	validity: Validity,
): Promise<X509Certificate> {
	const last = issuer.certificates[0].notAfter;
	const notAfter = validity.notAfter < last ? validity.notAfter : last;
	return await issueDeviceLeaf(issuer, serial, publicKey, {
		...validity,
		notAfter: wholeSeconds(notAfter.getTime()),
	});
}

async function issueDeviceLeaf(
	issuer: Issuer,
	serial: string,
	publicKey: webcrypto.CryptoKey | PublicKey,
	validity: Validity,
): Promise<X509Certificate> {
	return await issue({
		subject: deviceSubject(serial),
		publicKey,
		issuer: issuer.certificates[0],
		sign: issuer.sign,
		...validity,
		extensions: [
			new BasicConstraintsExtension(false, undefined, true),
			new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
			new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth], false),
		],
	});
}
