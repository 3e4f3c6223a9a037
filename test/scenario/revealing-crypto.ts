/**
 * A phone's provider that remembers the bytes of every secret it made, so that a test can look for them in the
 * lock's memory: both sides of a session hold the same transport keys. Node only; @noble underneath.
 */
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { DhKeyPair, Secret } from "../../modules/platform/crypto.ts";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { DelegatingCrypto } from "../harness/delegating-crypto.ts";

const NOTHING = new Uint8Array(0);

export class RevealingCrypto extends DelegatingCrypto {
	readonly #bytes = new WeakMap<Secret, Uint8Array>();
	/** Outputs of the last HKDF over nothing: Noise's Split, both directions. */
	transportKeys: readonly Uint8Array[] = [];
	/** Every Diffie-Hellman output and chaining key so far. */
	readonly intermediates: Uint8Array[] = [];

	constructor() {
		super(new NobleCrypto());
	}

	override importSecret(bytes: Uint8Array): Secret {
		const copy = bytes.slice();
		const secret = super.importSecret(bytes);
		this.#bytes.set(secret, copy);
		return secret;
	}

	override derive(secret: Secret, salt: Uint8Array, info: Uint8Array, bytes: number): Secret {
		return this.importSecret(hkdf(sha256, this.#bytesOf(secret), salt, info, bytes));
	}

	override generateEphemeral(): DhKeyPair {
		return this.importKeyPair(x25519.utils.randomSecretKey());
	}

	override importKeyPair(privateKey: Uint8Array): DhKeyPair {
		const copy = privateKey.slice();
		const pair = super.importKeyPair(privateKey);
		return {
			publicKey: pair.publicKey,
			agree: (peer) => {
				const shared = x25519.getSharedSecret(copy, peer);
				this.intermediates.push(shared.slice());
				return this.importSecret(shared);
			},
			close: () => pair.close(),
		};
	}

	override chainFrom(publicBytes: Uint8Array): Secret {
		return this.importSecret(publicBytes.slice());
	}

	override chain(chainingKey: Secret, input: Secret | Uint8Array, outputs: 2 | 3): Secret[] {
		const material = input instanceof Uint8Array ? input : this.#bytesOf(input);
		const okm = hkdf(sha256, material, this.#bytesOf(chainingKey), NOTHING, 32 * outputs);
		const parts = Array.from({ length: outputs }, (_, index) => okm.slice(32 * index, 32 * index + 32));
		if (material.length === 0) this.transportKeys = parts.map((part) => part.slice());
		else this.intermediates.push(...parts.map((part) => part.slice()));
		return parts.map((part) => this.importSecret(part));
	}

	#bytesOf(secret: Secret): Uint8Array {
		const bytes = this.#bytes.get(secret);
		if (bytes === undefined) throw new Error("a secret of another provider");
		return bytes;
	}
}
