/** A hash that is made piece by piece, by Node's OpenSSL. The answers are those of every other provider. */
import { createHash, type Hash as NodeHash } from "node:crypto";
import { assert } from "../../modules/base/assert.ts";
import type { Hash, HashAlgorithm } from "../../modules/platform/crypto.ts";

export class OpenHash implements Hash {
	#hash: NodeHash | undefined;

	constructor(algorithm: HashAlgorithm) {
		this.#hash = createHash(algorithm);
	}

	update(data: Uint8Array): void {
		assert(this.#hash !== undefined, "a hash is used after its end");
		this.#hash.update(data);
	}

	digest(): Uint8Array {
		assert(this.#hash !== undefined, "a hash is used after its end");
		const digest = new Uint8Array(this.#hash.digest());
		this.#hash = undefined;
		return digest;
	}

	close(): void {
		this.#hash = undefined;
	}
}
