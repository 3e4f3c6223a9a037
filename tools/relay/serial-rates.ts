/**
 * An allowance for each lock, by serial, that a new connection does not fill again. Bounded: beyond so many locks the one
 * that asked longest ago is forgotten first.
 */
import { TokenBucket } from "./token-bucket.ts";

const SERIALS_REMEMBERED = 20_000;

export class SerialRates {
	readonly #burst: number;
	readonly #perMinute: number;
	readonly #remembered: number;
	readonly #rates = new Map<string, TokenBucket>();

	constructor(burst: number, perMinute: number, remembered = SERIALS_REMEMBERED) {
		this.#burst = burst;
		this.#perMinute = perMinute;
		this.#remembered = remembered;
	}

	/** Whether this lock may once more, or so much more, at a monotonic time. */
	take(serial: string, nowMs: number, count = 1): boolean {
		const rate = this.#rates.get(serial) ?? new TokenBucket(this.#burst, this.#perMinute, nowMs);
		this.#rates.delete(serial);
		this.#rates.set(serial, rate);
		if (this.#rates.size > this.#remembered) this.#rates.delete(this.#rates.keys().next().value!);
		return rate.take(count, nowMs);
	}
}
