/** What boards of a fleet compute with: as the simulator's, with ECDSA and hashes done by Node, for 200 boards share one processor. */
import {
	createHash,
	createPrivateKey,
	createPublicKey,
	type KeyObject,
	sign as nodeSign,
	verify as nodeVerify,
} from "node:crypto";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { KeyName } from "../../modules/platform/keys.ts";
import type { RecordStorage } from "../../modules/platform/storage.ts";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { SimKeys } from "../sim/keys.ts";

const KEYS_REMEMBERED = 64;

export class FleetCrypto extends NobleCrypto {
	readonly #keys = new Map<string, KeyObject>();

	override sha256(data: Uint8Array): Uint8Array {
		return new Uint8Array(createHash("sha256").update(data).digest());
	}

	override verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
		if (publicKey.length !== 65 || publicKey[0] !== 4 || signature.length !== 64) return false;
		try {
			const key = this.#publicKey(publicKey);
			return nodeVerify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
		} catch {
			return false;
		}
	}

	#publicKey(point: Uint8Array): KeyObject {
		const name = Buffer.from(point).toString("hex");
		const known = this.#keys.get(name);
		if (known !== undefined) return known;
		const key = createPublicKey({ key: pointJwk(point), format: "jwk" });
		if (this.#keys.size >= KEYS_REMEMBERED) this.#keys.clear();
		this.#keys.set(name, key);
		return key;
	}
}

function pointJwk(point: Uint8Array): { kty: string; crv: string; x: string; y: string } {
	const text = (from: number, to: number): string => Buffer.from(point.subarray(from, to)).toString("base64url");
	return { kty: "EC", crv: "P-256", x: text(1, 33), y: text(33, 65) };
}

/** The simulator's key records, one byte of kind and then the key. */
export class FleetKeys extends SimKeys {
	readonly #storage: RecordStorage;
	readonly #opened = new Map<string, KeyObject>();

	constructor(crypto: TestCrypto, storage: RecordStorage) {
		super(crypto, storage);
		this.#storage = storage;
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
	privateJwk(name: KeyName): Record<string, string> {
		const record = this.#storage.read("keys", name);
		if (record === undefined) throw new Error(`no key ${name}`);
		return { ...pointJwk(this.publicKey(name)), d: Buffer.from(record.subarray(1)).toString("base64url") };
	}

	#open(name: KeyName): KeyObject {
		const known = this.#opened.get(name);
		if (known !== undefined) return known;
		const key = createPrivateKey({ key: this.privateJwk(name), format: "jwk" });
		this.#opened.set(name, key);
		return key;
	}
}
