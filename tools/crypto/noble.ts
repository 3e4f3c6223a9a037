/**
 * Cryptography on the @noble packages: for tools, the browser and tests. A device never carries this file.
 *
 * Secrets are objects around bytes of this process's heap, overwritten at `close`; that is the best a JavaScript
 * program can promise. It keeps no state of its own and imports nothing of Node.
 */
import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { assert } from "../../modules/base/assert.ts";
import type {
	AeadAlgorithm,
	DhKeyPair,
	Hash,
	HashAlgorithm,
	Secret,
	TestCrypto,
} from "../../modules/platform/crypto.ts";

/** Web Crypto: a global of Node and of browsers. */
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array };

const AEAD_TAG_BYTES = 16;
const COUNTER_MAX = Number.MAX_SAFE_INTEGER;
const RANDOM_BYTES_MAX = 1024;

class NobleSecret implements Secret {
	#bytes: Uint8Array | undefined;

	/** Takes the bytes over: they are overwritten at close. */
	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	static bytesOf(secret: Secret): Uint8Array {
		assert(secret instanceof NobleSecret, "a secret of another provider");
		assert(secret.#bytes !== undefined, "a secret is used after close");
		return secret.#bytes;
	}

	close(): void {
		this.#bytes?.fill(0);
		this.#bytes = undefined;
	}
}

class NobleKeyPair implements DhKeyPair {
	readonly publicKey: Uint8Array;
	#privateKey: Uint8Array | undefined;

	/** Takes the private key over. */
	constructor(privateKey: Uint8Array) {
		assert(privateKey.length === 32, "an X25519 private key has 32 bytes");
		this.#privateKey = privateKey;
		this.publicKey = x25519.getPublicKey(privateKey);
	}

	agree(peerPublicKey: Uint8Array): Secret | undefined {
		assert(this.#privateKey !== undefined, "a key pair is used after close");
		assert(peerPublicKey.length === 32, "an X25519 public key has 32 bytes");
		try {
			return new NobleSecret(x25519.getSharedSecret(this.#privateKey, peerPublicKey));
		} catch {
			return undefined; // Its only refusal for 32 bytes: the result is all zero.
		}
	}

	close(): void {
		this.#privateKey?.fill(0);
		this.#privateKey = undefined;
	}
}

class NobleHash implements Hash {
	#hash: ReturnType<typeof sha256.create> | ReturnType<typeof sha512.create> | undefined;

	constructor(algorithm: HashAlgorithm) {
		this.#hash = algorithm === "sha256" ? sha256.create() : sha512.create();
	}

	update(data: Uint8Array): void {
		assert(this.#hash !== undefined, "a hash is used after its end");
		this.#hash.update(data);
	}

	digest(): Uint8Array {
		assert(this.#hash !== undefined, "a hash is used after its end");
		const digest = this.#hash.digest();
		this.#hash = undefined;
		return digest;
	}

	close(): void {
		this.#hash?.destroy();
		this.#hash = undefined;
	}
}

function aead(algorithm: AeadAlgorithm, secret: Secret, nonce: Uint8Array, associated: Uint8Array) {
	const key = NobleSecret.bytesOf(secret);
	assert(nonce.length === 12, "a nonce has 12 bytes");
	if (algorithm === "aes-gcm") {
		assert(key.length === 16 || key.length === 32, "an AES key has 16 or 32 bytes");
		return gcm(key, nonce, associated);
	}
	assert(key.length === 32, "a ChaCha20-Poly1305 key has 32 bytes");
	return chacha20poly1305(key, nonce, associated);
}

/** Noise 12.3. */
function counterNonce(counter: number): Uint8Array {
	assert(Number.isInteger(counter) && counter >= 0 && counter <= COUNTER_MAX, "a counter is 0 .. 2^53 - 1");
	const nonce = new Uint8Array(12);
	const view = new DataView(nonce.buffer);
	view.setUint32(4, counter % 4294967296, true);
	view.setUint32(8, Math.floor(counter / 4294967296), true);
	return nonce;
}

function hashOf(algorithm: HashAlgorithm): typeof sha256 | typeof sha512 {
	return algorithm === "sha256" ? sha256 : sha512;
}

function bytesOf(input: Secret | Uint8Array): Uint8Array {
	return input instanceof Uint8Array ? input : NobleSecret.bytesOf(input);
}

export class NobleCrypto implements TestCrypto {
	random(bytes: number): Uint8Array {
		assert(
			Number.isInteger(bytes) && bytes >= 1 && bytes <= RANDOM_BYTES_MAX,
			"random draws 1 .. 1024 bytes",
		);
		return crypto.getRandomValues(new Uint8Array(bytes));
	}

	sha256(data: Uint8Array): Uint8Array {
		return sha256(data);
	}

	openHash(algorithm: HashAlgorithm): Hash {
		return new NobleHash(algorithm);
	}

	equal(a: Uint8Array, b: Uint8Array): boolean {
		if (a.length !== b.length) return false;
		let difference = 0;
		for (let index = 0; index < a.length; index++) difference |= a[index]! ^ b[index]!;
		return difference === 0;
	}

	hmac(algorithm: HashAlgorithm, key: Secret | Uint8Array, data: Uint8Array): Uint8Array {
		return hmac(hashOf(algorithm), bytesOf(key), data);
	}

	derive(secret: Secret, salt: Uint8Array, info: Uint8Array, bytes: number): Secret {
		assert(Number.isInteger(bytes) && bytes >= 16 && bytes <= 64, "a derived secret has 16 .. 64 bytes");
		return new NobleSecret(hkdf(sha256, NobleSecret.bytesOf(secret), salt, info, bytes));
	}

	verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
		if (publicKey.length !== 65 || publicKey[0] !== 4 || signature.length !== 64) return false;
		try {
			// Both halves of the range of s are valid in ECDSA; uniqueness is not what a signature is for here.
			return p256.verify(signature, message, publicKey, { lowS: false, prehash: true });
		} catch {
			return false; // A point off the curve, or r or s out of range.
		}
	}

	generateEphemeral(): DhKeyPair {
		return new NobleKeyPair(this.random(32));
	}

	chainFrom(publicBytes: Uint8Array): Secret {
		assert(publicBytes.length === 32, "a chaining key has 32 bytes");
		return new NobleSecret(new Uint8Array(publicBytes));
	}

	chain(chainingKey: Secret, input: Secret | Uint8Array, outputs: 2 | 3): Secret[] {
		// Noise 4.3 is RFC 5869 with the chaining key as salt and no info.
		const okm = hkdf(
			sha256,
			bytesOf(input),
			NobleSecret.bytesOf(chainingKey),
			new Uint8Array(0),
			32 * outputs,
		);
		const secrets = [];
		for (let index = 0; index < outputs; index++) {
			secrets.push(new NobleSecret(okm.slice(32 * index, 32 * index + 32)));
		}
		okm.fill(0);
		return secrets;
	}

	mixSecretIntoHash(hash: Uint8Array, secret: Secret): Uint8Array {
		return sha256.create().update(hash).update(NobleSecret.bytesOf(secret)).digest();
	}

	seal(
		algorithm: AeadAlgorithm,
		key: Secret,
		nonce: Uint8Array,
		associated: Uint8Array,
		plaintext: Uint8Array,
	): Uint8Array {
		return aead(algorithm, key, nonce, associated).encrypt(plaintext);
	}

	open(
		algorithm: AeadAlgorithm,
		key: Secret,
		nonce: Uint8Array,
		associated: Uint8Array,
		sealed: Uint8Array,
	): Uint8Array | undefined {
		const cipher = aead(algorithm, key, nonce, associated);
		if (sealed.length < AEAD_TAG_BYTES) return undefined;
		try {
			return cipher.decrypt(sealed);
		} catch {
			return undefined;
		}
	}

	sealCounter(key: Secret, counter: number, associated: Uint8Array, plaintext: Uint8Array): Uint8Array {
		return this.seal("chacha20-poly1305", key, counterNonce(counter), associated, plaintext);
	}

	openCounter(
		key: Secret,
		counter: number,
		associated: Uint8Array,
		sealed: Uint8Array,
	): Uint8Array | undefined {
		return this.open("chacha20-poly1305", key, counterNonce(counter), associated, sealed);
	}

	sealSecretCounter(key: Secret, counter: number, associated: Uint8Array, secret: Secret): Uint8Array {
		return this.sealCounter(key, counter, associated, NobleSecret.bytesOf(secret));
	}

	importSecret(bytes: Uint8Array): Secret {
		return new NobleSecret(new Uint8Array(bytes));
	}

	importKeyPair(privateKey: Uint8Array): DhKeyPair {
		return new NobleKeyPair(new Uint8Array(privateKey));
	}
}

/** A P-256 signing key of a tool: what a phone or a factory line holds. */
export class NobleSigningKey {
	/** 65 bytes, uncompressed. */
	readonly publicKey: Uint8Array;
	#privateKey: Uint8Array | undefined;

	/** Takes a copy; undefined makes a new key. */
	constructor(privateKey?: Uint8Array) {
		this.#privateKey = privateKey === undefined ? p256.utils.randomSecretKey() : new Uint8Array(privateKey);
		this.publicKey = p256.getPublicKey(this.#privateKey, false);
	}

	/** The 32-byte private key, for the tool's own key file. The caller wipes it. */
	exportPrivateKey(): Uint8Array {
		assert(this.#privateKey !== undefined, "a signing key is used after close");
		return new Uint8Array(this.#privateKey);
	}

	/** Deterministic ECDSA (RFC 6979), SHA-256 over message, as 64 bytes r || s. */
	sign(message: Uint8Array): Uint8Array {
		assert(this.#privateKey !== undefined, "a signing key is used after close");
		return p256.sign(message, this.#privateKey, { lowS: false, prehash: true });
	}

	close(): void {
		this.#privateKey?.fill(0);
		this.#privateKey = undefined;
	}
}
