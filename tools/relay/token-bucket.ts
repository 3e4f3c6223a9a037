/**
 * A rate limit with a burst. Time is an argument, in milliseconds that never go back. It counts in parts of a token
 * that make a minute's rate a whole number per millisecond, so that nothing is lost to rounding.
 */
const PARTS = 60_000;

export class TokenBucket {
	readonly #burst: number;
	readonly #perMs: number;
	#parts: number;
	#atMs: number;

	constructor(burst: number, perMinute: number, nowMs: number) {
		this.#burst = burst * PARTS;
		this.#perMs = perMinute;
		this.#parts = this.#burst;
		this.#atMs = nowMs;
	}

	/** Takes `count` when they are there; false, and nothing is taken, when they are not. */
	take(count: number, nowMs: number): boolean {
		if (!this.has(count, nowMs)) return false;
		this.#parts -= count * PARTS;
		return true;
	}

	/** Whether `count` are there to be taken. */
	has(count: number, nowMs: number): boolean {
		this.#refill(nowMs);
		return this.#parts >= count * PARTS;
	}

	/** Takes `count` in any case and returns how long until the bucket is out of debt: 0 when it is not in it. */
	charge(count: number, nowMs: number): number {
		this.#refill(nowMs);
		this.#parts -= count * PARTS;
		return this.#parts >= 0 ? 0 : Math.ceil(-this.#parts / this.#perMs);
	}

	/** True when nothing has been taken lately: forgetting this bucket forgets nothing. */
	isFull(nowMs: number): boolean {
		this.#refill(nowMs);
		return this.#parts === this.#burst;
	}

	#refill(nowMs: number): void {
		this.#parts = Math.min(this.#burst, this.#parts + (nowMs - this.#atMs) * this.#perMs);
		this.#atMs = nowMs;
	}
}
