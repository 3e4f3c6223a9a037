/**
 * Cryptography as a host gives it (DESIGN 4): on a device the PSA Crypto API through hosts/bindings, elsewhere
 * the @noble packages. Secrets are objects that name what C holds; their bytes never enter the JavaScript heap.
 *
 * Lengths: X25519 keys 32 bytes; P-256 public keys 65 bytes (uncompressed, SEC 1), signatures 64 bytes (r || s).
 * A wrong length is a programmer's error unless a function says that it refuses.
 */

/** A secret held outside the heap. It is wiped by `close`, which is idempotent; use after close asserts. */
export interface Secret {
	close(): void;
}

/** An X25519 key pair whose private part stays with the provider. */
export interface DhKeyPair {
	readonly publicKey: Uint8Array;
	/** RFC 7748 6.1. Undefined when the result is all zero (a low-order peer key). */
	agree(peerPublicKey: Uint8Array): Secret | undefined;
	/** Wipes the private part where this pair owns it (an ephemeral); a stored key is only released. Idempotent. */
	close(): void;
}

export interface Hash {
	update(data: Uint8Array): void;
	/** Ends the hash; a second call asserts. */
	digest(): Uint8Array;
	/** Releases an unfinished hash; idempotent. */
	close(): void;
}

export type HashAlgorithm = "sha256" | "sha512";
export type AeadAlgorithm = "chacha20-poly1305" | "aes-gcm";

export interface Crypto {
	/** 1 .. 1024 bytes from the CSPRNG. Throws DeviceError entropy/unavailable before it is seeded. */
	random(bytes: number): Uint8Array;

	sha256(data: Uint8Array): Uint8Array;
	openHash(algorithm: HashAlgorithm): Hash;
	/** Constant-time in the content; false for different lengths. */
	equal(a: Uint8Array, b: Uint8Array): boolean;

	/** HMAC (RFC 2104) under a secret, or under a key that is public by design. */
	hmac(algorithm: HashAlgorithm, key: Secret | Uint8Array, data: Uint8Array): Uint8Array;
	/** HKDF (RFC 5869) from a secret to a new secret of `bytes` (16 .. 64). */
	derive(secret: Secret, salt: Uint8Array, info: Uint8Array, bytes: number): Secret;

	/** ECDSA P-256 with SHA-256 over message. False for any malformed key or signature. */
	verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;

	/** A fresh X25519 key pair. */
	generateEphemeral(): DhKeyPair;

	/** Noise 5.2: a chaining key that starts as 32 public bytes. */
	chainFrom(publicBytes: Uint8Array): Secret;
	/** Noise 4.3 HKDF: two or three outputs of 32 bytes. The inputs stay open. */
	chain(chainingKey: Secret, input: Secret | Uint8Array, outputs: 2 | 3): Secret[];
	/** Noise 5.2 MixHash of a secret (psk modifier): SHA-256(hash || secret). */
	mixSecretIntoHash(hash: Uint8Array, secret: Secret): Uint8Array;

	/** AEAD with a 12-byte nonce and a 16-byte tag appended; key of 32 bytes (aes-gcm: 16 or 32). */
	seal(
		algorithm: AeadAlgorithm,
		key: Secret,
		nonce: Uint8Array,
		associated: Uint8Array,
		plaintext: Uint8Array,
	): Uint8Array;
	/** Undefined when the tag does not match or the input is shorter than a tag. */
	open(
		algorithm: AeadAlgorithm,
		key: Secret,
		nonce: Uint8Array,
		associated: Uint8Array,
		sealed: Uint8Array,
	): Uint8Array | undefined;
	/** Noise 12.3 ChaChaPoly with nonce = 4 zero bytes || counter (0 .. 2^53-1, little-endian). */
	sealCounter(key: Secret, counter: number, associated: Uint8Array, plaintext: Uint8Array): Uint8Array;
	openCounter(
		key: Secret,
		counter: number,
		associated: Uint8Array,
		sealed: Uint8Array,
	): Uint8Array | undefined;
	/** As sealCounter with a secret's own bytes as the plaintext: how a setup secret leaves for its label. */
	sealSecretCounter(key: Secret, counter: number, associated: Uint8Array, secret: Secret): Uint8Array;
}

/** What only a test build of the bindings has (DESIGN 4): keys from bytes. */
export interface TestCrypto extends Crypto {
	importSecret(bytes: Uint8Array): Secret;
	importKeyPair(privateKey: Uint8Array): DhKeyPair;
}
