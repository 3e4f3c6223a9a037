/**
 * SymmetricState (Noise 5.2) for 25519, ChaChaPoly and SHA256: the chaining key and the message key are handles that this
 * object owns; the transcript hash is public.
 */
import { assert } from "../base/assert.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { Crypto, Secret } from "../platform/crypto.ts";
import { CipherState } from "./cipher-state.ts";

const HASH_BYTES = 32;

export class SymmetricState {
	readonly #crypto: Crypto;
	readonly #cipher: CipherState;
	#chainingKey: Secret | undefined;
	#hash: Uint8Array;

	/** InitializeSymmetric. */
	constructor(crypto: Crypto, protocolName: string) {
		const name = encodeUtf8(protocolName);
		this.#crypto = crypto;
		this.#cipher = new CipherState(crypto);
		if (name.length > HASH_BYTES) this.#hash = crypto.sha256(name);
		else {
			this.#hash = new Uint8Array(HASH_BYTES);
			this.#hash.set(name);
		}
		this.#chainingKey = crypto.chainFrom(this.#hash);
	}

	/** GetHandshakeHash. */
	get hash(): Uint8Array {
		return this.#hash;
	}

	/** Whether what encryptAndHash writes is encrypted, and so carries a tag. */
	get encrypts(): boolean {
		return this.#cipher.hasKey;
	}

	mixKey(input: Secret | Uint8Array): void {
		const [chainingKey, key] = this.#chain(input, 2);
		this.#advance(chainingKey!, key!);
	}

	mixHash(data: Uint8Array): void {
		const joined = new Uint8Array(HASH_BYTES + data.length);
		joined.set(this.#hash);
		joined.set(data, HASH_BYTES);
		this.#hash = this.#crypto.sha256(joined);
	}

	/** For a psk. */
	mixKeyAndHash(input: Secret): void {
		const [chainingKey, mixed, key] = this.#chain(input, 3);
		this.#advance(chainingKey!, key!);
		try {
			this.#hash = this.#crypto.mixSecretIntoHash(this.#hash, mixed!);
		} finally {
			mixed!.close();
		}
	}

	encryptAndHash(plaintext: Uint8Array | Secret): Uint8Array {
		let written: Uint8Array;
		if (this.#cipher.hasKey) written = this.#cipher.seal(this.#hash, plaintext);
		else {
			assert(plaintext instanceof Uint8Array, "a secret would leave without encryption");
			written = plaintext;
		}
		this.mixHash(written);
		return written;
	}

	/** Undefined when data is not authentic. */
	decryptAndHash(data: Uint8Array): Uint8Array | undefined {
		const plaintext = this.#cipher.hasKey ? this.#cipher.open(this.#hash, data) : new Uint8Array(data);
		if (plaintext !== undefined) this.mixHash(data);
		return plaintext;
	}

	/** The keys of the initiator's and of the responder's direction, which the caller now owns. Closes this. */
	split(): readonly [Secret, Secret] {
		const [first, second] = this.#chain(new Uint8Array(0), 2);
		this.close();
		return [first!, second!];
	}

	/** Idempotent. */
	close(): void {
		this.#chainingKey?.close();
		this.#chainingKey = undefined;
		this.#cipher.close();
	}

	#chain(input: Secret | Uint8Array, outputs: 2 | 3): Secret[] {
		assert(this.#chainingKey !== undefined, "a symmetric state is used after its end");
		return this.#crypto.chain(this.#chainingKey, input, outputs);
	}

	#advance(chainingKey: Secret, key: Secret): void {
		this.#chainingKey?.close();
		this.#chainingKey = chainingKey;
		this.#cipher.initialize(key);
	}
}
