/**
 * The key store in memory: each key is one record of a SimStorage (its kind, then its bytes), so that power cuts and
 * full disks meet keys as they meet everything else. What stays in C on a board lies in the JavaScript heap here.
 */
import { assert } from "../../modules/base/assert.ts";
import { concatBytes } from "../../modules/base/bytes.ts";
import { DeviceError } from "../../modules/base/device-error.ts";
import type { DhKeyPair, Secret, TestCrypto } from "../../modules/platform/crypto.ts";
import type { KeyKind, KeyName, KeyStore } from "../../modules/platform/keys.ts";
import type { RecordStorage } from "../../modules/platform/storage.ts";
import { p256Generate, p256PublicKey, p256Sign } from "./p256.ts";

const DOMAIN = "keys";
const KINDS: readonly KeyKind[] = Object.freeze(["p256", "x25519", "secret"]);

export class SimKeys implements KeyStore {
	readonly #crypto: TestCrypto;
	readonly #storage: RecordStorage;

	constructor(crypto: TestCrypto, storage: RecordStorage) {
		this.#crypto = crypto;
		this.#storage = storage;
	}

	generate(name: KeyName, kind: KeyKind, secretBytes = 32): void {
		assert(kind === "secret" || secretBytes === 32, "only a secret has a length");
		assert(
			Number.isInteger(secretBytes) && secretBytes >= 16 && secretBytes <= 32,
			"a secret has 16 .. 32 bytes",
		);
		const bytes = kind === "p256" ? p256Generate(this.#crypto) : this.#crypto.random(secretBytes);
		try {
			this.#storage.write(DOMAIN, name, concatBytes(Uint8Array.of(KINDS.indexOf(kind)), bytes));
		} catch (error) {
			if (error instanceof DeviceError) throw new DeviceError("key/storage", error.message);
			throw error;
		}
	}

	kindOf(name: KeyName): KeyKind | undefined {
		return this.#read(name)?.kind;
	}

	publicKey(name: KeyName): Uint8Array {
		const { kind, bytes } = this.#find(name);
		if (kind === "p256") return p256PublicKey(bytes);
		if (kind === "secret") throw new DeviceError("key/kind", `${name} is a secret`);
		const pair = this.#crypto.importKeyPair(bytes);
		const publicKey = pair.publicKey.slice();
		pair.close();
		return publicKey;
	}

	sign(name: KeyName, message: Uint8Array): Uint8Array {
		return p256Sign(this.#crypto, this.#find(name, "p256").bytes, message);
	}

	openKeyPair(name: KeyName): DhKeyPair {
		return this.#crypto.importKeyPair(this.#find(name, "x25519").bytes);
	}

	openSecret(name: KeyName): Secret {
		return this.#crypto.importSecret(this.#find(name, "secret").bytes);
	}

	delete(name: KeyName): void {
		this.#storage.delete(DOMAIN, name);
	}

	#find(name: KeyName, wanted?: KeyKind): { readonly kind: KeyKind; readonly bytes: Uint8Array } {
		const key = this.#read(name);
		if (key === undefined) throw new DeviceError("key/absent", name);
		if (wanted !== undefined && key.kind !== wanted)
			throw new DeviceError("key/kind", `${name} is ${key.kind}`);
		return key;
	}

	#read(name: KeyName): { readonly kind: KeyKind; readonly bytes: Uint8Array } | undefined {
		let record: Uint8Array | undefined;
		try {
			record = this.#storage.read(DOMAIN, name);
		} catch (error) {
			if (!(error instanceof DeviceError)) throw error;
			throw new DeviceError(error.code === "record/corrupt" ? "key/corrupt" : "key/storage", name);
		}
		if (record === undefined) return undefined;
		const kind = KINDS[record[0]!];
		if (kind === undefined || record.length < 17) throw new DeviceError("key/corrupt", name);
		return { kind, bytes: record.slice(1) };
	}
}
