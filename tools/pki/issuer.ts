/**
 * Who signs certificates: its own certificate and those above it, and a signature over bytes. Where the private key is,
 * a file or a token, nobody else knows; nothing here returns, prints or logs it.
 *
 *   file.key                            a PEM file of its own (development, a small relay)
 *   pkcs11:token=...;object=...?...     a key in a token (a line, a vendor's relay); RFC 7512
 */
import "reflect-metadata";
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { PemConverter, X509Certificate } from "@peculiar/x509";
import { CliFault } from "../cli/fault.ts";
import { openPkcs11Key } from "./pkcs11-key.ts";
import { IssuerFault, type Signer } from "./signer.ts";

export interface Issuer {
	/** Its own first, then what leads to the root, the root itself left out. */
	readonly certificates: readonly [X509Certificate, ...X509Certificate[]];
	readonly sign: Signer;
}

const PROBE = Buffer.from("latchkey issuer probe");

/**
 * `key`: a file or a pkcs11: URI. `certificateFile`: PEM, the issuer's own certificate first; for a key in a file the
 * default is the file of the same name that ends in .pem. Rejects with IssuerFault, and with CliFault without that file.
 */
export async function openIssuer(key: string, certificateFile?: string): Promise<Issuer> {
	const isToken = key.startsWith("pkcs11:");
	if (isToken && certificateFile === undefined)
		throw new CliFault("a key in a token needs its certificate in a file (--issuer-certificate)", 2);
	const certificates = readChain(certificateFile ?? key.replace(/\.key$/, ".pem"));
	const signer = isToken ? await openPkcs11Key(key) : fileSigner(key);
	const issuer: Issuer = { certificates, sign: signer };
	await assertOwnKey(issuer);
	return issuer;
}

function readChain(file: string): readonly [X509Certificate, ...X509Certificate[]] {
	let read: X509Certificate[];
	try {
		read = PemConverter.decode(readFileSync(file, "utf8")).map((each) => new X509Certificate(each));
	} catch (error) {
		throw new IssuerFault(`${file}: ${(error as Error).message}`);
	}
	const [own, ...above] = read.filter((certificate) => certificate.subject !== certificate.issuer);
	if (own === undefined) throw new IssuerFault(`${file} holds no issuer's certificate`);
	return [own, ...above];
}

function fileSigner(file: string): Signer {
	let key: KeyObject;
	try {
		key = createPrivateKey(readFileSync(file, "utf8"));
	} catch (error) {
		throw new IssuerFault(`${file}: ${(error as Error).message}`);
	}
	return async (signedBytes) => new Uint8Array(sign("sha256", signedBytes, key));
}

/** Before anything is issued: the key is the certificate's. */
async function assertOwnKey({ certificates, sign }: Issuer): Promise<void> {
	const key = createPublicKey({
		key: Buffer.from(certificates[0].publicKey.rawData),
		format: "der",
		type: "spki",
	});
	const isP256 = key.asymmetricKeyDetails?.namedCurve === "prime256v1";
	if (!isP256 || !verify("sha256", PROBE, key, await sign(PROBE)))
		throw new IssuerFault(`the key is not that of ${certificates[0].subject}`);
}
