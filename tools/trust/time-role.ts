/**
 * The time role (PROTOCOL 11): says what time it is on this machine, over a lock's nonce, with a key that signs nothing
 * else. It is as right as this machine's clock, so that one is kept by NTP or better.
 */
import { type KeyObject, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { keyIdOf } from "../../modules/cose/key-id.ts";
import { buildSign1 } from "../../modules/cose/sign1.ts";
import { TIME_NONCE_BYTES } from "../../modules/wire/envelope.ts";
import { encodeTimeClaim, timeStatementAad } from "../../modules/wire/time-statement.ts";
import { TimeFault } from "../cli/time-client.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { readP256PrivateKey } from "../crypto/p256-key.ts";

export class TimeRole {
	/** Uncompressed P-256 point: what a trust bundle names. */
	readonly publicKey: Uint8Array;
	readonly #key: KeyObject;
	readonly #keyId: Uint8Array;
	readonly #now: () => number;

	/** pem: PKCS#8, P-256. Throws TimeFault. */
	constructor(pem: string, now: () => number = Date.now) {
		const read = readP256PrivateKey(pem);
		if (!read.ok)
			throw new TimeFault(
				read.reason === "not-pem" ? "the key is no PEM of a private key" : "the key is not of P-256",
			);
		this.#key = read.value.key;
		this.publicKey = read.value.point;
		this.#keyId = keyIdOf(new NobleCrypto(), this.publicKey);
		this.#now = now;
	}

	/** Throws TimeFault. */
	static fromFile(path: string): TimeRole {
		return new TimeRole(readFileSync(path, "utf8"));
	}

	/** The statement for a nonce of TIME_NONCE_BYTES. */
	answer(nonce: Uint8Array): Uint8Array {
		if (nonce.length !== TIME_NONCE_BYTES) throw new TimeFault("a nonce has 16 bytes");
		const payload = encodeTimeClaim({ nonce, unixMs: Math.floor(this.#now()) });
		return buildSign1("untagged", timeStatementAad(), payload, this.#keyId, (bytes) =>
			Uint8Array.from(sign("sha256", bytes, { key: this.#key, dsaEncoding: "ieee-p1363" })),
		);
	}
}
