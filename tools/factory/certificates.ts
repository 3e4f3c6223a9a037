/**
 * X.509 certificates of a Latchkey PKI (RFC 5280, DESIGN 7): roots, intermediates, listeners, devices. P-256 and SHA-256
 * throughout. Nothing here reads or writes a file, and nobody's private key but the issuer's is seen.
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
	type X509Certificate,
	X509CertificateGenerator,
} from "@peculiar/x509";

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
const DEVICE_YEARS = 20;
const LISTENER_DAYS = 825;

/** What an authority may sign for; undefined leaves an intermediate without an extended key usage. */
export type Purpose = "relay" | "device" | "update";

const EXTENDED_USAGE: Readonly<Record<Purpose, ExtendedKeyUsage | undefined>> = Object.freeze({
	relay: ExtendedKeyUsage.serverAuth,
	device: ExtendedKeyUsage.clientAuth,
	update: ExtendedKeyUsage.codeSigning,
});

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
	/** Absent for a root, which signs itself with `signingKey`. */
	readonly issuer?: Authority;
	readonly signingKey: webcrypto.CryptoKey;
	readonly lifeMs: number;
	readonly extensions: readonly Extension[];
}

async function issue(request: Issue): Promise<X509Certificate> {
	const nowMs = Date.now();
	const issuerKey = request.issuer?.certificate.publicKey ?? request.publicKey;
	return await X509CertificateGenerator.create({
		subject: request.subject,
		issuer: request.issuer?.certificate.subjectName ?? request.subject,
		notBefore: wholeSeconds(nowMs - BACKDATED_MS),
		notAfter: wholeSeconds(nowMs + request.lifeMs),
		publicKey: request.publicKey,
		signingKey: request.signingKey,
		signingAlgorithm: SIGNATURE,
		extensions: [
			...request.extensions,
			await SubjectKeyIdentifierExtension.create(request.publicKey),
			await AuthorityKeyIdentifierExtension.create(issuerKey),
		],
	});
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
		signingKey: keys.privateKey,
		lifeMs: ROOT_YEARS * YEAR_MS,
		extensions: authorityExtensions(1),
	});
	return { certificate, key: keys.privateKey };
}

/** An intermediate may issue leaves of its root's one purpose, and no further authority. */
export async function issueIntermediate(purpose: Purpose, root: Authority): Promise<Authority> {
	const keys = await generateKeyPair();
	const usage = EXTENDED_USAGE[purpose];
	const certificate = await issue({
		subject: commonName(`Latchkey development ${purpose} intermediate`),
		publicKey: keys.publicKey,
		issuer: root,
		signingKey: root.key,
		lifeMs: INTERMEDIATE_YEARS * YEAR_MS,
		extensions: [
			...authorityExtensions(0),
			...(usage === undefined ? [] : [new ExtendedKeyUsageExtension([usage], false)]),
		],
	});
	return { certificate, key: keys.privateKey };
}

/** A TLS server certificate for DNS names and IP addresses. */
export async function issueListener(issuer: Authority, names: readonly string[]): Promise<Authority> {
	const keys = await generateKeyPair();
	const certificate = await issue({
		subject: commonName(names[0] ?? "relay"),
		publicKey: keys.publicKey,
		issuer,
		signingKey: issuer.key,
		lifeMs: LISTENER_DAYS * DAY_MS,
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

/** The identity certificate of a device (PROTOCOL 8): what the request says counts for nothing but its key. */
export async function issueDevice(
	issuer: Authority,
	serial: string,
	publicKey: webcrypto.CryptoKey | PublicKey,
): Promise<X509Certificate> {
	return await issue({
		subject: deviceSubject(serial),
		publicKey,
		issuer,
		signingKey: issuer.key,
		lifeMs: DEVICE_YEARS * YEAR_MS,
		extensions: [
			new BasicConstraintsExtension(false, undefined, true),
			new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
			new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth], false),
		],
	});
}
