/**
 * A token bucket: at most `burst` at once, `perMinute` in the long run. Time is an argument and never goes back.
 */
export class TokenBucket {
	readonly #burst: number;
	readonly #perMs: number;
	#tokens: number;
	#atMs: number;

	constructor(burst: number, perMinute: number, nowMs: number) {
		this.#burst = burst;
		this.#perMs = perMinute / 60000;
		this.#tokens = burst;
		this.#atMs = nowMs;
	}

	/** Whether `take` would find a token. */
	has(nowMs: number): boolean {
		this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
		this.#atMs = nowMs;
		return this.#tokens >= 1;
	}

	/** Takes one token; false when there is none. */
	take(nowMs: number): boolean {
		if (!this.has(nowMs)) return false;
		this.#tokens -= 1;
		return true;
	}
}
