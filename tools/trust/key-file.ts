/**
 * P-256 keys of trust as files: a holder's private key (PEM, PKCS#8, mode 0600) and what others need of it, the public key
 * (PEM, SubjectPublicKeyInfo). Signatures are ES256 with deterministic nonces (RFC 6979). A private key leaves neither its
 * file nor the process that signs with it.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { toHex } from "../../modules/base/bytes.ts";
import { keyIdOf } from "../../modules/cose/key-id.ts";
import { NobleCrypto, NobleSigningKey } from "../crypto/noble.ts";
import { readP256Point, readP256PrivateKey } from "../crypto/p256-key.ts";
import { TrustFault } from "./trust-fault.ts";

/** Makes a key; never replaces a file. */
export function makeKeyFiles(privatePath: string, publicPath: string): void {
	const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const pem = privateKey.export({ format: "pem", type: "pkcs8" });
	writeFileSync(privatePath, pem, { mode: 0o600, flag: "wx" });
	writeFileSync(publicPath, publicKey.export({ format: "pem", type: "spki" }), { flag: "wx" });
}

/** The point of a public key, or of a private one; 65 bytes. Throws TrustFault. */
export function readPublicKeyFile(path: string): Uint8Array {
	const pem = readFileSync(path, "utf8");
	let key: KeyObject;
	try {
		// It takes the private key's PEM too.
		key = createPublicKey(pem);
	} catch {
		throw new TrustFault(`${path} holds no key in PEM`);
	}
	const point = readP256Point(key);
	if (point === undefined) throw new TrustFault(`${path} is no P-256 key`);
	return point;
}

/** For as long as `use` takes. Throws TrustFault. */
export function withKeyFile<Value>(path: string, use: (key: NobleSigningKey) => Value): Value {
	const read = readP256PrivateKey(readFileSync(path, "utf8"));
	if (!read.ok)
		throw new TrustFault(
			`${path} ${read.reason === "not-pem" ? "holds no private key in PEM" : "is no P-256 key"}`,
		);
	const secret = Buffer.from(read.value.key.export({ format: "jwk" }).d!, "base64url");
	const signer = new NobleSigningKey(secret);
	secret.fill(0);
	try {
		return use(signer);
	} finally {
		signer.close();
	}
}

/** PROTOCOL 10 key-id in hexadecimal: how people name a key. */
export function keyName(publicKey: Uint8Array): string {
	return toHex(keyIdOf(new NobleCrypto(), publicKey));
}
