/**
 * An allowance for each who asks something that costs signatures (T16): link, serial line, and each grant for itself, so that nobody spends
 * what another has. Time is an argument. Bounded: the buckets of grants that are gone make room.
 */
import { LIMITS } from "../base/limits.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Session } from "../session/session.ts";

/** A session asks as its grant. */
export type Asker = "link" | "line" | "pairing" | number;

export function askerOf({ grantId }: Session): Asker {
	return grantId ?? "pairing";
}

/** As many as grants, and the other askers. */
const ASKERS_MAX = LIMITS.grants + 3;

export class AskerAllowance {
	readonly #burst: number;
	readonly #perMinute: number;
	readonly #buckets = new Map<Asker, TokenBucket>();

	constructor(burst: number, perMinute: number) {
		this.#burst = burst;
		this.#perMinute = perMinute;
	}

	has(asker: Asker, nowMs: number): boolean {
		return this.#of(asker, nowMs).has(nowMs);
	}

	/** False when there is no token. */
	take(asker: Asker, nowMs: number): boolean {
		return this.#of(asker, nowMs).take(nowMs);
	}

	#of(asker: Asker, nowMs: number): TokenBucket {
		const known = this.#buckets.get(asker);
		const bucket = known ?? new TokenBucket(this.#burst, this.#perMinute, nowMs);
		// Who asked last is last to go.
		this.#buckets.delete(asker);
		this.#buckets.set(asker, bucket);
		const oldest = this.#buckets.keys().next();
		if (this.#buckets.size > ASKERS_MAX && !oldest.done) this.#buckets.delete(oldest.value);
		return bucket;
	}
}
