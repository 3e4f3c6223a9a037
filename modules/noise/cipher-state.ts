/**
 * CipherState (Noise 5.1): one ChaCha20-Poly1305 key and its counter. The key is a handle that this object owns.
 *
 * A counter is used once: it advances with each message sealed or opened, and stays where a message did not open.
 */
import { assert } from "../base/assert.ts";
import type { Crypto, Secret } from "../platform/crypto.ts";

export class CipherState {
	readonly #crypto: Crypto;
	#key: Secret | undefined;
	#counter = 0;

	constructor(crypto: Crypto, key?: Secret) {
		this.#crypto = crypto;
		this.#key = key;
	}

	/** InitializeKey: takes key over and wipes the one before. */
	initialize(key: Secret): void {
		this.#key?.close();
		this.#key = key;
		this.#counter = 0;
	}

	get hasKey(): boolean {
		return this.#key !== undefined;
	}

	/** How many messages this key has sealed or opened. */
	get counter(): number {
		return this.#counter;
	}

	/** A secret as the plaintext leaves sealed without entering the heap. */
	seal(associated: Uint8Array, plaintext: Uint8Array | Secret): Uint8Array {
		assert(this.#key !== undefined, "a cipher state seals without a key");
		const sealed =
			plaintext instanceof Uint8Array
				? this.#crypto.sealCounter(this.#key, this.#counter, associated, plaintext)
				: this.#crypto.sealSecretCounter(this.#key, this.#counter, associated, plaintext);
		this.#counter++;
		return sealed;
	}

	/** Undefined when sealed is not authentic under this key, counter and associated data. */
	open(associated: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
		assert(this.#key !== undefined, "a cipher state opens without a key");
		const plaintext = this.#crypto.openCounter(this.#key, this.#counter, associated, sealed);
		if (plaintext !== undefined) this.#counter++;
		return plaintext;
	}

	/** Wipes the key. Idempotent. */
	close(): void {
		this.#key?.close();
		this.#key = undefined;
	}
}
