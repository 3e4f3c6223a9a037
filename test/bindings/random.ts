/** Randomness that a printed seed brings back. */

/** xorshift32: the same run for the same seed. */
export function randomOf(seed: number): (below: number) => number {
	let state = seed || 1;
	return (below) => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) % below;
	};
}
