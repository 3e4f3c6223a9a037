/** Certificates for tests: the real PKI once, and leaves of every wrong kind that its authorities could be made to sign. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
	AuthorityKeyIdentifierExtension,
	BasicConstraintsExtension,
	ExtendedKeyUsageExtension,
	type Extension,
	KeyUsageFlags,
	KeyUsagesExtension,
	type Name,
	PemConverter,
	X509CertificateGenerator,
} from "@peculiar/x509";
import { type Authority, deviceSubject, type IntermediateName } from "../../../tools/factory/certificates.ts";
import { ensurePki, PKI_FILES, readIntermediate } from "../../../tools/factory/pki.ts";
import { type RelayCredentials, readCredentials } from "../../../tools/relay/credentials.ts";
import { temporaryFolder } from "./temporary.ts";

export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
export const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
export const ANY_PURPOSE = "2.5.29.37.0";

export interface TestPki {
	readonly dir: string;
	readonly credentials: RelayCredentials;
	/** PEM: whom apps and devices trust. */
	readonly relayRoot: string;
	readonly intermediates: Readonly<Record<IntermediateName, Authority>>;
}

async function makePki(): Promise<TestPki> {
	const dir = join(temporaryFolder(), "pki");
	await ensurePki(dir, ["localhost", "127.0.0.1"]);
	return {
		dir,
		credentials: readCredentials(PKI_FILES.relayServer(dir)),
		relayRoot: readFileSync(PKI_FILES.rootCertificate(dir, "relay"), "utf8"),
		intermediates: {
			relay: await readIntermediate(dir, "relay"),
			device: await readIntermediate(dir, "device"),
			operational: await readIntermediate(dir, "operational"),
			update: await readIntermediate(dir, "update"),
		},
	};
}

const made: { pki?: Promise<TestPki>; foreign?: Promise<TestPki> } = {};

/** The PKI of this test run. */
export function sharedPki(): Promise<TestPki> {
	made.pki ??= makePki();
	return made.pki;
}

/** Somebody else's PKI, of the same shape. */
export function foreignPki(): Promise<TestPki> {
	made.foreign ??= makePki();
	return made.foreign;
}

export interface ClientIdentity {
	/** PEM: leaf and intermediate. */
	readonly cert: string;
	readonly key: string;
	readonly publicKeyHex: string;
}

export interface LeafOptions {
	/** Extended key usages; none at all when empty. */
	readonly purposes?: readonly string[];
	readonly isCa?: boolean;
	readonly curve?: "P-256" | "P-384";
	readonly subject?: Name;
	readonly notBefore?: Date;
	readonly notAfter?: Date;
	/** Reuses the key of another identity. */
	readonly keys?: webcrypto.CryptoKeyPair;
}

const DAY_MS = 86_400_000;

export async function newKeys(curve: "P-256" | "P-384" = "P-256"): Promise<webcrypto.CryptoKeyPair> {
	return await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: curve }, true, ["sign", "verify"]);
}

/** A leaf that `issuer` signs, right in everything that `options` does not make wrong. */
export async function issueLeaf(
	issuer: Authority,
	serial: string,
	options: LeafOptions = {},
): Promise<ClientIdentity> {
	const keys = options.keys ?? (await newKeys(options.curve));
	const purposes = options.purposes ?? [CLIENT_AUTH];
	const isCa = options.isCa ?? false;
	const extensions: Extension[] = [
		new BasicConstraintsExtension(isCa, undefined, true),
		new KeyUsagesExtension(
			isCa ? KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature : KeyUsageFlags.digitalSignature,
			true,
		),
		await AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey),
	];
	if (purposes.length > 0) extensions.push(new ExtendedKeyUsageExtension([...purposes]));
	const certificate = await X509CertificateGenerator.create({
		subject: options.subject ?? deviceSubject(serial),
		issuer: issuer.certificate.subjectName,
		notBefore: options.notBefore ?? new Date(Date.now() - DAY_MS),
		notAfter: options.notAfter ?? new Date(Date.now() + 365 * DAY_MS),
		publicKey: keys.publicKey,
		signingKey: issuer.key,
		signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
		extensions,
	});
	const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
	const point = await webcrypto.subtle.exportKey("raw", keys.publicKey);
	return {
		cert: `${certificate.toString("pem")}\n${issuer.certificate.toString("pem")}\n`,
		key: PemConverter.encode(pkcs8, "PRIVATE KEY"),
		publicKeyHex: Buffer.from(point).toString("hex"),
	};
}
