/** The time role in a test's hand: it signs whatever it is asked to, also what no honest one would. */
import { keyIdOf } from "../../modules/cose/key-id.ts";
import { buildSign1 } from "../../modules/cose/sign1.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import { encodeTimeClaim, timeStatementAad } from "../../modules/wire/time-statement.ts";
import { p256PublicKey, p256Sign } from "./p256.ts";

export class SimTimeRole {
	readonly publicKey: Uint8Array;
	readonly #crypto: TestCrypto;
	readonly #privateKey: Uint8Array;

	constructor(crypto: TestCrypto, seed = 31) {
		this.#crypto = crypto;
		this.#privateKey = new Uint8Array(32).fill(seed);
		this.publicKey = p256PublicKey(this.#privateKey);
	}

	answer(nonce: Uint8Array, unixMs: number): Uint8Array {
		return this.sign(encodeTimeClaim({ nonce, unixMs }));
	}

	/** Any payload, under any kind, with any key id. */
	sign(
		payload: Uint8Array,
		externalAad: Uint8Array = timeStatementAad(),
		keyId: Uint8Array | undefined = keyIdOf(this.#crypto, this.publicKey),
	): Uint8Array {
		return buildSign1("untagged", externalAad, payload, keyId, (bytes) =>
			p256Sign(this.#crypto, this.#privateKey, bytes),
		);
	}
}
