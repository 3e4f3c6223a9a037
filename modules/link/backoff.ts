/**
 * Exponential back-off with full jitter: the n-th wait is uniform between 0 and first * 2^(n-1), at most `maxMs`.
 * Full jitter spreads the boards of a fleet after a relay comes back; the draw comes from the CSPRNG.
 */
import { assert } from "../base/assert.ts";

export interface Backoff {
	readonly firstMs: number;
	readonly maxMs: number;
}

/** failures counts from 1. */
export function backoffCeilingMs(backoff: Backoff, failures: number): number {
	assert(failures >= 1, "a back-off follows a failure");
	// 2^30 first waits are above any maximum; a larger exponent would only lose the number.
	return Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(failures - 1, 30));
}

/** random: four octets of the CSPRNG. Uniform in 0 .. ceilingMs. */
export function jitteredMs(ceilingMs: number, random: Uint8Array): number {
	assert(random.length === 4, "jitter draws four octets");
	const draw = new DataView(random.buffer, random.byteOffset, 4).getUint32(0);
	return Math.floor((draw / 2 ** 32) * (ceilingMs + 1));
}
