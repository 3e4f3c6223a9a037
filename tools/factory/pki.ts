/**
 * A development PKI in a folder: three separate roots (relay, device, update), an intermediate each, a second one under
 * the device root for operational certificates, and the relay's listeners. Made once and then kept; only listener certificates are issued again, for other names or near their end.
 *
 *   PKI/<purpose>-root.pem, .key          the roots; a vendor keeps these keys offline
 *   PKI/<purpose>-intermediate.pem, .key  what signs from day to day; device: the factory line's
 *   PKI/operational-intermediate.pem, .key  what a relay issues operational certificates with
 *   PKI/relay-server/                     all that a relay needs, and no authority's key
 */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmdirSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { PemConverter, SubjectAlternativeNameExtension, X509Certificate } from "@peculiar/x509";
import { CREDENTIAL_FILES } from "../relay/credentials.ts";
import {
	type Authority,
	type IntermediateName,
	issueIntermediate,
	issueListener,
	issueRoot,
	KEY_ALGORITHM,
	type Purpose,
} from "./certificates.ts";

export const PURPOSES: readonly Purpose[] = Object.freeze(["relay", "device", "update"] as const);

const INTERMEDIATES: readonly IntermediateName[] = Object.freeze([...PURPOSES, "operational"] as const);

const RENEW_BEFORE_MS = 30 * 86_400_000;

/** Why a folder is no PKI. */
export class PkiFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "PkiFault";
	}
}

export const PKI_FILES = Object.freeze({
	rootCertificate: (dir: string, purpose: Purpose) => join(dir, `${purpose}-root.pem`),
	rootKey: (dir: string, purpose: Purpose) => join(dir, `${purpose}-root.key`),
	intermediateCertificate: (dir: string, name: IntermediateName) => join(dir, `${name}-intermediate.pem`),
	intermediateKey: (dir: string, name: IntermediateName) => join(dir, `${name}-intermediate.key`),
	/** The folder for `latchkey relay --tls`. */
	relayServer: (dir: string) => join(dir, "relay-server"),
});

function writeCertificates(path: string, certificates: readonly X509Certificate[]): void {
	writeFileSync(path, `${certificates.map((certificate) => certificate.toString("pem")).join("\n")}\n`);
}

async function writeKey(path: string, key: webcrypto.CryptoKey): Promise<void> {
	const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", key);
	rmSync(path, { force: true });
	writeFileSync(path, `${PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`, { mode: 0o600, flag: "wx" });
}

export function readCertificate(path: string): X509Certificate {
	return new X509Certificate(readFileSync(path, "utf8"));
}

async function readKey(path: string): Promise<webcrypto.CryptoKey> {
	const pkcs8 = PemConverter.decodeFirst(readFileSync(path, "utf8"));
	return await webcrypto.subtle.importKey("pkcs8", pkcs8, KEY_ALGORITHM, true, ["sign"]);
}

/** The intermediate that signs from day to day. */
export async function readIntermediate(dir: string, name: IntermediateName): Promise<Authority> {
	return {
		certificate: readCertificate(PKI_FILES.intermediateCertificate(dir, name)),
		key: await readKey(PKI_FILES.intermediateKey(dir, name)),
	};
}

async function writeIntermediate(dir: string, name: IntermediateName, root: Authority): Promise<void> {
	const { certificate, key } = await issueIntermediate(name, root);
	writeCertificates(PKI_FILES.intermediateCertificate(dir, name), [certificate]);
	await writeKey(PKI_FILES.intermediateKey(dir, name), key);
}

async function makeAuthorities(dir: string): Promise<void> {
	for (const purpose of PURPOSES) {
		const root = await issueRoot(purpose);
		writeCertificates(PKI_FILES.rootCertificate(dir, purpose), [root.certificate]);
		await writeKey(PKI_FILES.rootKey(dir, purpose), root.key);
		await writeIntermediate(dir, purpose, root);
		if (purpose === "device") await writeIntermediate(dir, "operational", root);
	}
}

async function writeListener(
	certificatePath: string,
	keyPath: string,
	issuer: Authority,
	names: readonly string[],
): Promise<void> {
	const listener = await issueListener(issuer, names);
	await writeKey(keyPath, listener.key);
	writeCertificates(certificatePath, [listener.certificate, issuer.certificate]);
}

async function makeListeners(dir: string, names: readonly string[]): Promise<void> {
	const server = PKI_FILES.relayServer(dir);
	mkdirSync(server, { recursive: true, mode: 0o700 });
	const issuer = await readIntermediate(dir, "relay");
	const at = (file: string): string => join(server, file);
	await writeListener(at(CREDENTIAL_FILES.deviceCertificate), at(CREDENTIAL_FILES.deviceKey), issuer, names);
	await writeListener(at(CREDENTIAL_FILES.appCertificate), at(CREDENTIAL_FILES.appKey), issuer, names);
	writeCertificates(at(CREDENTIAL_FILES.deviceRoots), [
		readCertificate(PKI_FILES.rootCertificate(dir, "device")),
	]);
}

function namesOf(certificate: X509Certificate): string[] {
	const extension = certificate.getExtension(SubjectAlternativeNameExtension);
	return (extension?.names.items ?? []).map((name) => name.value);
}

function listenersServe(dir: string, names: readonly string[]): boolean {
	return [CREDENTIAL_FILES.deviceCertificate, CREDENTIAL_FILES.appCertificate].every((file) => {
		const path = join(PKI_FILES.relayServer(dir), file);
		if (!existsSync(path)) return false;
		const certificate = readCertificate(path);
		const named = namesOf(certificate);
		const sameNames = named.length === names.length && names.every((name) => named.includes(name));
		return sameNames && certificate.notAfter.getTime() - Date.now() > RENEW_BEFORE_MS;
	});
}

export type PkiOutcome = "made" | "listeners-renewed" | "unchanged";

/**
 * Makes what is missing in `dir` for a relay of these names. Throws PkiFault when the folder holds something else.
 * Interrupted, it leaves no half-made PKI: the authorities appear all at once.
 */
export async function ensurePki(dir: string, names: readonly string[]): Promise<PkiOutcome> {
	const isPki = existsSync(PKI_FILES.rootCertificate(dir, "relay"));
	if (!isPki) {
		if (existsSync(dir)) {
			if (readdirSync(dir).length > 0)
				throw new PkiFault(`${dir} has other files in it: give the PKI a folder of its own`);
			rmdirSync(dir);
		}
		mkdirSync(dirname(resolve(dir)), { recursive: true });
		const draft = `${resolve(dir)}.${process.pid}.new`;
		rmSync(draft, { recursive: true, force: true });
		mkdirSync(draft, { mode: 0o700 });
		await makeAuthorities(draft);
		await makeListeners(draft, names);
		renameSync(draft, dir);
		return "made";
	}
	const missing = [
		...PURPOSES.map((purpose) => PKI_FILES.rootCertificate(dir, purpose)),
		...INTERMEDIATES.flatMap((name) => [
			PKI_FILES.intermediateCertificate(dir, name),
			PKI_FILES.intermediateKey(dir, name),
		]),
	].find((path) => !existsSync(path));
	if (missing !== undefined) throw new PkiFault(`${missing} is missing: the PKI is not whole`);
	if (listenersServe(dir, names)) return "unchanged";
	await makeListeners(dir, names);
	return "listeners-renewed";
}
