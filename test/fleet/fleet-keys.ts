/** The simulator's key records with Node's ECDSA, for 200 boards share one processor. A record is one byte of kind and then the key. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign as nodeSign } from "node:crypto";
import { concatBytes } from "../../modules/base/bytes.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { KeyKind, KeyName } from "../../modules/platform/keys.ts";
import type { RecordStorage } from "../../modules/platform/storage.ts";
import { SimKeys } from "../sim/keys.ts";

const P256 = 0;

export interface PrivateJwk {
	readonly kty: string;
	readonly crv: string;
	readonly x: string;
	readonly y: string;
	readonly d: string;
}

export class FleetKeys extends SimKeys {
	readonly #storage: RecordStorage;
	readonly #opened = new Map<string, KeyObject>();

	constructor(crypto: TestCrypto, storage: RecordStorage) {
		super(crypto, storage);
		this.#storage = storage;
	}

	override generate(name: KeyName, kind: KeyKind, secretBytes?: number): void {
		if (kind !== "p256") return super.generate(name, kind, secretBytes);
		const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
		const { d } = privateKey.export({ format: "jwk" });
		const secret = new Uint8Array(Buffer.from(d!, "base64url"));
		this.#storage.write("keys", name, concatBytes(Uint8Array.of(P256), secret));
		this.#opened.set(name, privateKey);
	}

	override publicKey(name: KeyName): Uint8Array {
		if (this.kindOf(name) !== "p256") return super.publicKey(name);
		const { x, y } = this.privateJwk(name);
		const part = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64url"));
		return concatBytes(Uint8Array.of(4), part(x), part(y));
	}

	override sign(name: KeyName, message: Uint8Array): Uint8Array {
		const key = this.#open(name);
		return new Uint8Array(nodeSign("sha256", message, { key, dsaEncoding: "ieee-p1363" }));
	}

	/** PEM, for TLS. */
	privateKey(name: string): string {
		return this.#open(name as KeyName).export({ format: "pem", type: "pkcs8" }) as string;
	}

	/** As Web Crypto takes it. */
	privateJwk(name: KeyName): PrivateJwk {
		return this.#open(name).export({ format: "jwk" }) as unknown as PrivateJwk;
	}

	#open(name: KeyName): KeyObject {
		const known = this.#opened.get(name);
		if (known !== undefined) return known;
		const record = this.#storage.read("keys", name);
		if (record === undefined) throw new Error(`no key ${name}`);
		const key = createPrivateKey({ key: sec1(record.subarray(1)), format: "der", type: "sec1" });
		this.#opened.set(name, key);
		return key;
	}
}

/** RFC 5915 without the public key: Node computes it. */
function sec1(secret: Uint8Array): Buffer {
	const curve = Buffer.from("a00a06082a8648ce3d030107", "hex");
	const body = Buffer.concat([Buffer.from([2, 1, 1, 4, 32]), secret, curve]);
	return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}
