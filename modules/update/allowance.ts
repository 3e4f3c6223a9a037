/**
 * A token bucket that outlives a reboot (docs/UPDATE.md 6): what wears flash is allowed so often at once and so often in a day
 * of uptime. It fills with uptime only, since that is the one clock that nobody can set; what it filled since it was last
 * written down is lost with the power, so that no series of reboots refills it.
 *
 * Tokens are written in thousandths, rounded down. Time is an argument and never goes back.
 */

const THOUSAND = 1000;
const DAY_MS = 86400000;

/** The most that a record may say of a bucket of so many tokens. */
export function allowanceMax(burst: number): number {
	return burst * THOUSAND;
}

export class Allowance {
	readonly #burst: number;
	readonly #perMs: number;
	#tokens: number;
	#atMs: number;

	/** `thousandths`: as they were written down. */
	constructor(burst: number, perDay: number, thousandths: number, nowMs: number) {
		this.#burst = burst;
		this.#perMs = perDay / DAY_MS;
		this.#tokens = Math.min(burst, thousandths / THOUSAND);
		this.#atMs = nowMs;
	}

	/** What is there now, to be written down. */
	thousandths(nowMs: number): number {
		this.#fill(nowMs);
		return Math.floor(this.#tokens * THOUSAND);
	}

	/** Whether `take` would find a token. */
	has(nowMs: number): boolean {
		this.#fill(nowMs);
		return this.#tokens >= 1;
	}

	/** Takes one token; false when there is none. */
	take(nowMs: number): boolean {
		if (!this.has(nowMs)) return false;
		this.#tokens -= 1;
		return true;
	}

	/** What was taken was not used. */
	giveBack(): void {
		this.#tokens = Math.min(this.#burst, this.#tokens + 1);
	}

	#fill(nowMs: number): void {
		this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
		this.#atMs = nowMs;
	}
}
