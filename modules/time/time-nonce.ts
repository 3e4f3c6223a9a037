/**
 * The lock's question for the time on one way in (PROTOCOL 11): one nonce is out at most, it serves one answer, and for
 * LIMITS.timeAnswerMs. The answer to a nonce is the first thing that comes back, whatever it is: so nobody makes the
 * lock verify more signatures than it asked for, and it asks at an allowance (T16).
 */
import { LIMITS } from "../base/limits.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Clock } from "../platform/clock.ts";
import { TIME_NONCE_BYTES } from "../wire/envelope.ts";

export interface AskedNonce {
	readonly nonce: Uint8Array;
	/** Between question and answer. */
	readonly elapsedMs: number;
}

export class TimeNonce {
	readonly #clock: Clock;
	readonly #random: (bytes: number) => Uint8Array;
	readonly #allowance: TokenBucket;
	#asked: { readonly nonce: Uint8Array; readonly atMs: number } | undefined;

	constructor(clock: Clock, random: (bytes: number) => Uint8Array) {
		this.#clock = clock;
		this.#random = random;
		this.#allowance = new TokenBucket(
			LIMITS.timeNoncesBurst,
			LIMITS.timeNoncesPerMinute,
			clock.monotonicMs(),
		);
	}

	/** A new one; the one before is void. Undefined when the allowance is spent. */
	issue(): Uint8Array | undefined {
		const atMs = this.#clock.monotonicMs();
		if (!this.#allowance.take(atMs)) return undefined;
		const nonce = this.#random(TIME_NONCE_BYTES);
		this.#asked = { nonce, atMs };
		return nonce;
	}

	/** Ends the question. Undefined when none was asked, or too long ago. */
	take(): AskedNonce | undefined {
		const asked = this.#asked;
		this.#asked = undefined;
		if (asked === undefined) return undefined;
		const elapsedMs = this.#clock.monotonicMs() - asked.atMs;
		return elapsedMs > LIMITS.timeAnswerMs ? undefined : { nonce: asked.nonce, elapsedMs };
	}
}
