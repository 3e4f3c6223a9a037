/** The simulator's key store, where P-256 is reckoned once for each key: every boot asks for the same few points and signatures. */
import { createHash } from "node:crypto";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { KeyKind, KeyName, KeyStore } from "../../modules/platform/keys.ts";
import type { RecordStorage } from "../../modules/platform/storage.ts";
import { SimKeys } from "../sim/keys.ts";

const points = new Map<string, Uint8Array>();

class FastKeys extends SimKeys {
	readonly #storage: RecordStorage;

	constructor(crypto: TestCrypto, storage: RecordStorage) {
		super(crypto, storage);
		this.#storage = storage;
	}

	/** A P-256 key is always the same one of its name. */
	override generate(name: KeyName, kind: KeyKind, secretBytes = 32): void {
		if (kind !== "p256") return super.generate(name, kind, secretBytes);
		const bytes = createHash("sha256").update(name).digest();
		this.#storage.write("keys", name, Uint8Array.of(0, ...bytes));
	}

	override publicKey(name: KeyName): Uint8Array {
		return this.#once(name, "point", () => super.publicKey(name));
	}

	override sign(name: KeyName, message: Uint8Array): Uint8Array {
		return this.#once(name, Buffer.from(message).toString("base64"), () => super.sign(name, message));
	}

	#once(name: KeyName, what: string, reckon: () => Uint8Array): Uint8Array {
		const record = Buffer.from(this.#storage.read("keys", name) ?? []).toString("base64");
		const key = `${record} ${what}`;
		const known = points.get(key) ?? reckon();
		points.set(key, known);
		return known.slice();
	}
}

export function fastKeys(crypto: TestCrypto, storage: RecordStorage): KeyStore {
	return new FastKeys(crypto, storage);
}
