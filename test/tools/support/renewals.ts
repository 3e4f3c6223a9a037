/** Requests for operational certificates as a lock makes them, with keys that a test holds. */
import "reflect-metadata";
import { createPrivateKey, type KeyObject, sign, webcrypto } from "node:crypto";
import { PemConverter, X509Certificate } from "@peculiar/x509";
import { encodeCsr } from "../../../modules/identity/csr.ts";
import { renewalBytes } from "../../../modules/identity/renewal-request.ts";
import { decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { encodeEnvelope } from "../../../modules/wire/envelope.ts";
import { check } from "../../harness/test.ts";
import { type ClientIdentity, newKeys } from "./identities.ts";
import type { TestClient } from "./web-socket.ts";

export interface NewKey {
	readonly key: KeyObject;
	readonly pem: string;
	readonly point: Uint8Array;
}

export async function newKey(): Promise<NewKey> {
	const keys = await newKeys();
	const pem = PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
	const point = new Uint8Array(await webcrypto.subtle.exportKey("raw", keys.publicKey));
	return { key: createPrivateKey(pem), pem, point };
}

export function signWith(key: KeyObject): (message: Uint8Array) => Uint8Array {
	return (message) => new Uint8Array(sign("sha256", message, { key, dsaEncoding: "ieee-p1363" }));
}

export interface RequestParts {
	readonly serial: string;
	readonly newKey: NewKey;
	/** Whose signature goes over serial and request. */
	readonly factory: KeyObject;
	/** The serial inside the PKCS#10, when it is another. */
	readonly requestSerial?: string;
	/** Who signs the PKCS#10, when it is not the new key. */
	readonly requestSigner?: KeyObject;
}

export function renewalMessage(parts: RequestParts): Uint8Array {
	const { serial, newKey: made, factory } = parts;
	const csr = encodeCsr(parts.requestSerial ?? serial, made.point, signWith(parts.requestSigner ?? made.key));
	const signature = signWith(factory)(renewalBytes(serial, csr));
	return encodeEnvelope({ kind: "renewal", csr, signature });
}

/** The relay's answer: the chain as PEM, or undefined for its refusal. */
export async function takeAnswer(client: TestClient): Promise<string | undefined> {
	const message = await client.take();
	const map = message === undefined ? undefined : decodeCborMap(message);
	check.ok(map?.ok && map.value.uint(0) === 5, "no answer to a renewal");
	const chain = map.value.array(1, { min: 1, max: 3 });
	return chain
		?.map((each) => new X509Certificate(each as Uint8Array<ArrayBuffer>).toString("pem"))
		.join("\n");
}

/** What comes of a certificate and the key that it is for. */
export function identityOf(chain: string, { pem, point }: NewKey): ClientIdentity {
	return { cert: `${chain}\n`, key: pem, publicKeyHex: Buffer.from(point).toString("hex") };
}
