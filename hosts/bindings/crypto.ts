/** Cryptography through PSA: the thin half of crypto.c, aead.c and x25519.c. Bytes of secrets stay there. */
import type {
	AeadAlgorithm,
	Crypto,
	DhKeyPair,
	Hash,
	HashAlgorithm,
	Secret,
} from "../../modules/platform/crypto.ts";
import { decided, done, type Fault } from "./fault.ts";
import { HandlePair, SecretHandle } from "./secrets.ts";

type Bytes = Uint8Array;
type Done = Fault | undefined;

const fillRandom = native<(out: Bytes) => Done>("xs_lk_random");
const equalBytes = native<(a: Bytes, b: Bytes) => boolean>("xs_lk_equal");
const computeSha256 = native<(out: Bytes, data: Bytes) => Done>("xs_lk_sha256");
const openHash = native<(hash: PsaHash, algorithm: number) => Done>("xs_lk_hash_open");
const updateHash = native<(hash: PsaHash, data: Bytes) => Done>("xs_lk_hash_update");
const digestHash = native<(hash: PsaHash, out: Bytes) => Done>("xs_lk_hash_digest");
const closeHash = native<(hash: PsaHash) => void>("xs_lk_hash_close");
const computeHmac =
	native<(out: Bytes, algorithm: number, key: Secret | Bytes, data: Bytes) => Done>("xs_lk_hmac");
const deriveSecret =
	native<(out: SecretHandle, secret: Secret, salt: Bytes, info: Bytes, bytes: number) => Done>(
		"xs_lk_derive",
	);
const verifyP256 =
	native<(key: Bytes, message: Bytes, signature: Bytes) => Fault | boolean>("xs_lk_verify_p256");
const generatePair = native<(pair: SecretHandle, publicKey: Bytes) => Done>("xs_lk_pair_generate");
const startChain = native<(out: SecretHandle, bytes: Bytes) => Done>("xs_lk_chain_from");
const chainSecrets =
	native<
		(chainingKey: Secret, input: Secret | Bytes, a: SecretHandle, b: SecretHandle, c?: SecretHandle) => Done
	>("xs_lk_chain");
const mixSecret = native<(out: Bytes, hash: Bytes, secret: Secret) => Done>("xs_lk_mix_secret");
const seal =
	native<(out: Bytes, algorithm: number, key: Secret, nonce: Bytes, associated: Bytes, plain: Bytes) => Done>(
		"xs_lk_seal",
	);
const open =
	native<
		(
			out: Bytes,
			algorithm: number,
			key: Secret,
			nonce: Bytes,
			associated: Bytes,
			sealed: Bytes,
		) => Fault | boolean
	>("xs_lk_open");
const sealCounter =
	native<(out: Bytes, key: Secret, counter: number, associated: Bytes, plain: Bytes) => Done>(
		"xs_lk_seal_counter",
	);
const openCounter =
	native<(out: Bytes, key: Secret, counter: number, associated: Bytes, sealed: Bytes) => Fault | boolean>(
		"xs_lk_open_counter",
	);
const secretLength = native<(secret: Secret) => number>("xs_lk_secret_length");
const sealSecretCounter =
	native<(out: Bytes, key: Secret, counter: number, associated: Bytes, secret: Secret) => Done>(
		"xs_lk_seal_secret_counter",
	);

const TAG_BYTES = 16;
const KEY_BYTES = 32;
const SHA256_BYTES = 32;
const HASH_NUMBER: Readonly<Record<HashAlgorithm, number>> = Object.freeze({ sha256: 1, sha512: 2 });
const HASH_BYTES: Readonly<Record<HashAlgorithm, number>> = Object.freeze({ sha256: 32, sha512: 64 });
const AEAD_NUMBER: Readonly<Record<AeadAlgorithm, number>> = Object.freeze({
	"chacha20-poly1305": 1,
	"aes-gcm": 2,
});

class PsaHash extends Native("xs_lk_hash_destructor") implements Hash {
	readonly #bytes: number;

	constructor(algorithm: HashAlgorithm) {
		super();
		this.#bytes = HASH_BYTES[algorithm];
		done(openHash(this, HASH_NUMBER[algorithm]), "openHash");
	}

	update(data: Bytes): void {
		done(updateHash(this, data), "hash update");
	}

	digest(): Bytes {
		const out = new Uint8Array(this.#bytes);
		done(digestHash(this, out), "hash digest");
		return out;
	}

	close(): void {
		closeHash(this);
	}
}

export class PsaCrypto implements Crypto {
	/** The native itself: it is called with each piece of an image. */
	readonly equal = equalBytes;

	random(bytes: number): Bytes {
		const out = new Uint8Array(bytes);
		done(fillRandom(out), "random");
		return out;
	}

	sha256(data: Bytes): Bytes {
		const out = new Uint8Array(SHA256_BYTES);
		done(computeSha256(out, data), "sha256");
		return out;
	}

	openHash(algorithm: HashAlgorithm): Hash {
		return new PsaHash(algorithm);
	}

	hmac(algorithm: HashAlgorithm, key: Secret | Bytes, data: Bytes): Bytes {
		const out = new Uint8Array(HASH_BYTES[algorithm]);
		done(computeHmac(out, HASH_NUMBER[algorithm], key, data), "hmac");
		return out;
	}

	derive(secret: Secret, salt: Bytes, info: Bytes, bytes: number): Secret {
		const out = new SecretHandle();
		done(deriveSecret(out, secret, salt, info, bytes), "derive");
		return out;
	}

	verifyP256(publicKey: Bytes, message: Bytes, signature: Bytes): boolean {
		return decided(verifyP256(publicKey, message, signature), "verifyP256");
	}

	generateEphemeral(): DhKeyPair {
		const pair = new SecretHandle();
		const publicKey = new Uint8Array(KEY_BYTES);
		done(generatePair(pair, publicKey), "generateEphemeral");
		return new HandlePair(pair, publicKey);
	}

	chainFrom(publicBytes: Bytes): Secret {
		const out = new SecretHandle();
		done(startChain(out, publicBytes), "chainFrom");
		return out;
	}

	chain(chainingKey: Secret, input: Secret | Bytes, outputs: 2 | 3): Secret[] {
		const first = new SecretHandle();
		const second = new SecretHandle();
		const third = outputs === 3 ? new SecretHandle() : undefined;
		done(chainSecrets(chainingKey, input, first, second, third), "chain");
		return third ? [first, second, third] : [first, second];
	}

	mixSecretIntoHash(hash: Bytes, secret: Secret): Bytes {
		const out = new Uint8Array(SHA256_BYTES);
		done(mixSecret(out, hash, secret), "mixSecretIntoHash");
		return out;
	}

	seal(algorithm: AeadAlgorithm, key: Secret, nonce: Bytes, associated: Bytes, plaintext: Bytes): Bytes {
		const out = new Uint8Array(plaintext.length + TAG_BYTES);
		done(seal(out, AEAD_NUMBER[algorithm], key, nonce, associated, plaintext), "seal");
		return out;
	}

	open(
		algorithm: AeadAlgorithm,
		key: Secret,
		nonce: Bytes,
		associated: Bytes,
		sealed: Bytes,
	): Bytes | undefined {
		if (sealed.length < TAG_BYTES) return undefined;
		const out = new Uint8Array(sealed.length - TAG_BYTES);
		const opened = decided(open(out, AEAD_NUMBER[algorithm], key, nonce, associated, sealed), "open");
		return opened ? out : undefined;
	}

	sealCounter(key: Secret, counter: number, associated: Bytes, plaintext: Bytes): Bytes {
		const out = new Uint8Array(plaintext.length + TAG_BYTES);
		done(sealCounter(out, key, counter, associated, plaintext), "sealCounter");
		return out;
	}

	openCounter(key: Secret, counter: number, associated: Bytes, sealed: Bytes): Bytes | undefined {
		if (sealed.length < TAG_BYTES) return undefined;
		const out = new Uint8Array(sealed.length - TAG_BYTES);
		return decided(openCounter(out, key, counter, associated, sealed), "openCounter") ? out : undefined;
	}

	sealSecretCounter(key: Secret, counter: number, associated: Bytes, secret: Secret): Bytes {
		const out = new Uint8Array(secretLength(secret) + TAG_BYTES);
		done(sealSecretCounter(out, key, counter, associated, secret), "sealSecretCounter");
		return out;
	}
}
