/**
 * @noble's cryptography with hashes and ECDSA verification by Node's OpenSSL: for a process that verifies for thousands of locks. The
 * answers are the same; nothing here signs or holds a secret.
 */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import type { Hash, HashAlgorithm } from "../../modules/platform/crypto.ts";
import { NobleCrypto } from "./noble.ts";
import { OpenHash } from "./open-hash.ts";

const KEYS_REMEMBERED = 64;
const POINT_BYTES = 65;
const SIGNATURE_BYTES = 64;

export class NodeCrypto extends NobleCrypto {
	/** Keys that sign often: a vendor's. */
	readonly #keys = new Map<string, KeyObject>();

	override sha256(data: Uint8Array): Uint8Array {
		return new Uint8Array(createHash("sha256").update(data).digest());
	}

	override openHash(algorithm: HashAlgorithm): Hash {
		return new OpenHash(algorithm);
	}

	override verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
		if (publicKey.length !== POINT_BYTES || publicKey[0] !== 4) return false;
		if (signature.length !== SIGNATURE_BYTES) return false;
		try {
			return verify("sha256", message, { key: this.#keyOf(publicKey), dsaEncoding: "ieee-p1363" }, signature);
		} catch {
			// No point of the curve.
			return false;
		}
	}

	#keyOf(point: Uint8Array): KeyObject {
		const name = Buffer.from(point).toString("base64url");
		const known = this.#keys.get(name);
		if (known !== undefined) return known;
		const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((each) =>
			Buffer.from(each).toString("base64url"),
		);
		const key = createPublicKey({ key: { kty: "EC", crv: "P-256", x: x!, y: y! }, format: "jwk" });
		if (this.#keys.size >= KEYS_REMEMBERED) this.#keys.delete(this.#keys.keys().next().value!);
		this.#keys.set(name, key);
		return key;
	}
}
