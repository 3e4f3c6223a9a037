/** A rate limit with a burst. Time is an argument, in milliseconds that never go back. */
export class TokenBucket {
	readonly #burst: number;
	readonly #perMs: number;
	#tokens: number;
	#atMs: number;

	constructor(burst: number, perMinute: number, nowMs: number) {
		this.#burst = burst;
		this.#perMs = perMinute / 60_000;
		this.#tokens = burst;
		this.#atMs = nowMs;
	}

	/** Takes `count` when they are there; false, and nothing is taken, when they are not. */
	take(count: number, nowMs: number): boolean {
		this.#refill(nowMs);
		if (this.#tokens < count) return false;
		this.#tokens -= count;
		return true;
	}

	/** Takes `count` in any case and returns how long until the bucket is out of debt: 0 when it is not in it. */
	charge(count: number, nowMs: number): number {
		this.#refill(nowMs);
		this.#tokens -= count;
		return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perMs);
	}

	/** True when nothing has been taken lately: forgetting this bucket forgets nothing. */
	isFull(nowMs: number): boolean {
		this.#refill(nowMs);
		return this.#tokens === this.#burst;
	}

	#refill(nowMs: number): void {
		this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
		this.#atMs = nowMs;
	}
}
