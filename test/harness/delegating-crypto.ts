/**
 * The provider under test with something added for a test: ephemerals that a vector fixes, or a count of the handles
 * that are still open. Every operation is the provider's own.
 */
import type {
	AeadAlgorithm,
	DhKeyPair,
	Hash,
	HashAlgorithm,
	Secret,
	TestCrypto,
} from "../../modules/platform/crypto.ts";

export class DelegatingCrypto implements TestCrypto {
	protected readonly provider: TestCrypto;

	constructor(provider: TestCrypto) {
		this.provider = provider;
	}

	random(bytes: number): Uint8Array {
		return this.provider.random(bytes);
	}
	sha256(data: Uint8Array): Uint8Array {
		return this.provider.sha256(data);
	}
	openHash(algorithm: HashAlgorithm): Hash {
		return this.provider.openHash(algorithm);
	}
	equal(a: Uint8Array, b: Uint8Array): boolean {
		return this.provider.equal(a, b);
	}
	hmac(algorithm: HashAlgorithm, key: Secret | Uint8Array, data: Uint8Array): Uint8Array {
		return this.provider.hmac(algorithm, key, data);
	}
	derive(secret: Secret, salt: Uint8Array, info: Uint8Array, bytes: number): Secret {
		return this.provider.derive(secret, salt, info, bytes);
	}
	verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
		return this.provider.verifyP256(publicKey, message, signature);
	}
	generateEphemeral(): DhKeyPair {
		return this.provider.generateEphemeral();
	}
	chainFrom(publicBytes: Uint8Array): Secret {
		return this.provider.chainFrom(publicBytes);
	}
	chain(chainingKey: Secret, input: Secret | Uint8Array, outputs: 2 | 3): Secret[] {
		return this.provider.chain(chainingKey, input, outputs);
	}
	mixSecretIntoHash(hash: Uint8Array, secret: Secret): Uint8Array {
		return this.provider.mixSecretIntoHash(hash, secret);
	}
	seal(
		algorithm: AeadAlgorithm,
		key: Secret,
		nonce: Uint8Array,
		associated: Uint8Array,
		plaintext: Uint8Array,
	): Uint8Array {
		return this.provider.seal(algorithm, key, nonce, associated, plaintext);
	}
	open(
		algorithm: AeadAlgorithm,
		key: Secret,
		nonce: Uint8Array,
		associated: Uint8Array,
		sealed: Uint8Array,
	): Uint8Array | undefined {
		return this.provider.open(algorithm, key, nonce, associated, sealed);
	}
	sealCounter(key: Secret, counter: number, associated: Uint8Array, plaintext: Uint8Array): Uint8Array {
		return this.provider.sealCounter(key, counter, associated, plaintext);
	}
	openCounter(
		key: Secret,
		counter: number,
		associated: Uint8Array,
		sealed: Uint8Array,
	): Uint8Array | undefined {
		return this.provider.openCounter(key, counter, associated, sealed);
	}
	sealSecretCounter(key: Secret, counter: number, associated: Uint8Array, secret: Secret): Uint8Array {
		return this.provider.sealSecretCounter(key, counter, associated, secret);
	}
	importSecret(bytes: Uint8Array): Secret {
		return this.provider.importSecret(bytes);
	}
	importKeyPair(privateKey: Uint8Array): DhKeyPair {
		return this.provider.importKeyPair(privateKey);
	}
}

/** Its one ephemeral is the one given; asking for another fails the test. */
export class FixedEphemeralCrypto extends DelegatingCrypto {
	#privateKey: Uint8Array | undefined;

	constructor(provider: TestCrypto, privateKey: Uint8Array | undefined) {
		super(provider);
		this.#privateKey = privateKey;
	}

	override generateEphemeral(): DhKeyPair {
		if (this.#privateKey === undefined) throw new Error("no further ephemeral is fixed");
		const pair = this.provider.importKeyPair(this.#privateKey);
		this.#privateKey = undefined;
		return pair;
	}
}

/** Counts the secrets and key pairs that were handed out and not closed. */
export class TrackingCrypto extends DelegatingCrypto {
	readonly #open = new Set<object>();

	get openHandles(): number {
		return this.#open.size;
	}

	/** Defined, not assigned: on a board the handle's prototype is frozen and its methods cannot be assigned over. */
	#track<Handle extends Secret>(handle: Handle): Handle {
		const close = handle.close.bind(handle);
		this.#open.add(handle);
		Object.defineProperty(handle, "close", {
			value: () => {
				this.#open.delete(handle);
				close();
			},
		});
		return handle;
	}

	#trackPair(pair: DhKeyPair): DhKeyPair {
		const agree = pair.agree.bind(pair);
		Object.defineProperty(pair, "agree", {
			value: (peer: Uint8Array) => {
				const shared = agree(peer);
				return shared && this.#track(shared);
			},
		});
		return this.#track(pair);
	}

	override derive(secret: Secret, salt: Uint8Array, info: Uint8Array, bytes: number): Secret {
		return this.#track(super.derive(secret, salt, info, bytes));
	}
	override generateEphemeral(): DhKeyPair {
		return this.#trackPair(super.generateEphemeral());
	}
	override chainFrom(publicBytes: Uint8Array): Secret {
		return this.#track(super.chainFrom(publicBytes));
	}
	override chain(chainingKey: Secret, input: Secret | Uint8Array, outputs: 2 | 3): Secret[] {
		return super.chain(chainingKey, input, outputs).map((secret) => this.#track(secret));
	}
	override importSecret(bytes: Uint8Array): Secret {
		return this.#track(super.importSecret(bytes));
	}
	override importKeyPair(privateKey: Uint8Array): DhKeyPair {
		return this.#trackPair(super.importKeyPair(privateKey));
	}
}
