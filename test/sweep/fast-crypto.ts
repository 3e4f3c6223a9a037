/**
 * The tools' cryptography with Node's own hash and X25519, for sweeps that hash megabytes in every of thousands of lives. Random bytes come
 * from a seed, so that a life is the same whenever it is lived again. A signature that was verified is not verified
 * anew: the same three byte strings have the same answer.
 */
import { createHash, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { assert } from "../../modules/base/assert.ts";
import type { DhKeyPair, Hash, HashAlgorithm, Secret, TestCrypto } from "../../modules/platform/crypto.ts";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { OpenHash } from "../../tools/crypto/open-hash.ts";
import { DelegatingCrypto } from "../harness/delegating-crypto.ts";
import { Random } from "../harness/random.ts";

/** RFC 8410 7, 4: what stands before the 32 bytes of a key. */
const PRIVATE_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");
const PUBLIC_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

interface ImportedKey {
	readonly key: KeyObject;
	readonly publicKey: Uint8Array;
}

/** The few keys of a sweep, and an ephemeral for every session of a life that begins as the others do. */
const imported = new Map<string, ImportedKey>();
const KEPT_MAX = 256;

function keyOf(privateKey: Uint8Array): ImportedKey {
	const name = Buffer.from(privateKey).toString("base64");
	let found = imported.get(name);
	if (found === undefined) {
		const der = Buffer.concat([PRIVATE_PREFIX, privateKey]);
		const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
		const spki = createPublicKey(key).export({ format: "der", type: "spki" });
		found = { key, publicKey: new Uint8Array(spki.subarray(PUBLIC_PREFIX.length)) };
		if (imported.size >= KEPT_MAX) imported.clear();
		imported.set(name, found);
	}
	return found;
}

/** By both public keys. */
const agreed = new Map<string, Uint8Array>();

function sharedOf(privateKey: KeyObject, ownPublicKey: Uint8Array, peerPublicKey: Uint8Array): Uint8Array {
	const name = Buffer.concat([ownPublicKey, peerPublicKey]).toString("base64");
	let shared = agreed.get(name);
	if (shared === undefined) {
		const key = Buffer.concat([PUBLIC_PREFIX, peerPublicKey]);
		const publicKey = createPublicKey({ key, format: "der", type: "spki" });
		shared = new Uint8Array(diffieHellman({ privateKey, publicKey }));
		if (agreed.size >= KEPT_MAX) agreed.clear();
		agreed.set(name, shared);
	}
	return shared.slice();
}

class FastKeyPair implements DhKeyPair {
	readonly publicKey: Uint8Array;
	readonly #provider: TestCrypto;
	#privateKey: KeyObject | undefined;

	constructor(provider: TestCrypto, privateKey: Uint8Array) {
		this.#provider = provider;
		const { key, publicKey } = keyOf(privateKey);
		this.#privateKey = key;
		this.publicKey = publicKey.slice();
	}

	agree(peerPublicKey: Uint8Array): Secret | undefined {
		assert(this.#privateKey !== undefined, "a key pair is used after close");
		const shared = sharedOf(this.#privateKey, this.publicKey, peerPublicKey);
		return shared.every((byte) => byte === 0) ? undefined : this.#provider.importSecret(shared);
	}

	close(): void {
		this.#privateKey = undefined;
	}
}

export class FastCrypto extends DelegatingCrypto {
	readonly #verified = new Map<string, boolean>();
	#random: Random;

	constructor(seed: number) {
		super(new NobleCrypto());
		this.#random = new Random(seed, "crypto");
	}

	/** Random bytes start over. */
	reseed(seed: number): void {
		this.#random = new Random(seed, "crypto");
	}

	override random(bytes: number): Uint8Array {
		return this.#random.bytes(bytes);
	}

	override sha256(data: Uint8Array): Uint8Array {
		return new Uint8Array(createHash("sha256").update(data).digest());
	}

	override openHash(algorithm: HashAlgorithm): Hash {
		return new OpenHash(algorithm);
	}

	override generateEphemeral(): DhKeyPair {
		return new FastKeyPair(this.provider, this.random(32));
	}

	override importKeyPair(privateKey: Uint8Array): DhKeyPair {
		return new FastKeyPair(this.provider, privateKey);
	}

	override verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
		const name = createHash("sha256").update(publicKey).update(signature).update(message).digest("base64");
		let verified = this.#verified.get(name);
		if (verified === undefined) {
			verified = super.verifyP256(publicKey, message, signature);
			this.#verified.set(name, verified);
		}
		return verified;
	}
}
