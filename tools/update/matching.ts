/**
 * Which parts of a source a result is made of: the matching of bsdiff 4 (Colin Percival, "Naive differences of executable code",
 * 2003). A match need not be exact: where an image moved, most bytes stay and some change a little, and such a run is one
 * match that is cheaper than many. Deterministic: the same bytes give the same matches.
 */
import { suffixArray } from "./suffix-array.ts";

/** `bytes` bytes of the result, from `result` on, resemble the source from `source` on; `inserted` new ones follow. */
export interface Match {
	readonly source: number;
	readonly result: number;
	readonly bytes: number;
	readonly inserted: number;
}

/** Equal bytes that a match at another distance must have more than the one that goes on. */
const WORTH_A_JUMP = 8;

class Matcher {
	readonly #source: Uint8Array;
	readonly #result: Uint8Array;
	readonly #suffixes: Int32Array;

	constructor(source: Uint8Array, result: Uint8Array) {
		this.#source = source;
		this.#result = result;
		this.#suffixes = suffixArray(source);
	}

	#equalBytes(from: number, at: number): number {
		const limit = Math.min(this.#source.length - from, this.#result.length - at);
		let count = 0;
		while (count < limit && this.#source[from + count] === this.#result[at + count]) count++;
		return count;
	}

	/** The longest run of the source that is equal to the result from `at` on. */
	longest(at: number): { readonly source: number; readonly bytes: number } {
		const suffixes = this.#suffixes;
		if (suffixes.length === 0) return { source: 0, bytes: 0 };
		let low = 0;
		let high = suffixes.length - 1;
		while (high - low >= 2) {
			const middle = (low + high) >> 1;
			const from = suffixes[middle]!;
			const equal = this.#equalBytes(from, at);
			const isBefore =
				from + equal >= this.#source.length ||
				(at + equal < this.#result.length && this.#source[from + equal]! < this.#result[at + equal]!);
			if (isBefore) low = middle;
			else high = middle;
		}
		const first = this.#equalBytes(suffixes[low]!, at);
		const second = this.#equalBytes(suffixes[high]!, at);
		return first > second
			? { source: suffixes[low]!, bytes: first }
			: { source: suffixes[high]!, bytes: second };
	}

	isEqual(at: number, distance: number): boolean {
		return this.#source[at + distance] === this.#result[at] && at < this.#result.length;
	}

	/** How far a match from (source, result) on goes before it costs more than it gives; not beyond result byte `end`. */
	forward(source: number, result: number, end: number): number {
		let equal = 0;
		let best = 0;
		let bestBytes = 0;
		for (let count = 1; result + count <= end && source + count <= this.#source.length; count++) {
			if (this.#source[source + count - 1] === this.#result[result + count - 1]) equal++;
			if (equal * 2 - count > best * 2 - bestBytes) {
				best = equal;
				bestBytes = count;
			}
		}
		return bestBytes;
	}

	/** The same backwards, from (source, result) to result byte `start`. */
	backward(source: number, result: number, start: number): number {
		let equal = 0;
		let best = 0;
		let bestBytes = 0;
		for (let count = 1; result - count >= start && source - count >= 0; count++) {
			if (this.#source[source - count] === this.#result[result - count]) equal++;
			if (equal * 2 - count > best * 2 - bestBytes) {
				best = equal;
				bestBytes = count;
			}
		}
		return bestBytes;
	}

	/** Of `bytes` result bytes that two matches claim, how many the first one has better. */
	split(bytes: number, result: number, first: number, second: number): number {
		let score = 0;
		let best = 0;
		let bestBytes = 0;
		for (let count = 0; count < bytes; count++) {
			const byte = this.#result[result + count];
			if (byte === this.#source[first + count]) score++;
			if (byte === this.#source[second + count]) score--;
			if (score > best) {
				best = score;
				bestBytes = count + 1;
			}
		}
		return bestBytes;
	}
}

/** Matches in the order of the result, which together make it whole; none for an empty result. */
export function findMatches(source: Uint8Array, result: Uint8Array): readonly Match[] {
	const matcher = new Matcher(source, result);
	const matches: Match[] = [];
	let at = 0;
	let found = { source: 0, bytes: 0 };
	let last = { source: 0, result: 0 };
	let distance = 0;
	while (at < result.length) {
		at += found.bytes;
		let counted = at;
		/** Bytes from `at` to `counted` that the last match, gone on with, would have right. */
		let equal = 0;
		for (; at < result.length; at++) {
			found = matcher.longest(at);
			for (; counted < at + found.bytes; counted++) if (matcher.isEqual(counted, distance)) equal++;
			if ((found.bytes === equal && found.bytes > 0) || found.bytes > equal + WORTH_A_JUMP) break;
			if (matcher.isEqual(at, distance)) equal--;
		}
		if (found.bytes === equal && at < result.length) continue;
		let bytes = matcher.forward(last.source, last.result, at);
		let back = at < result.length ? matcher.backward(found.source, at, last.result) : 0;
		const claimed = last.result + bytes - (at - back);
		if (claimed > 0) {
			const kept = matcher.split(claimed, at - back, last.source + bytes - claimed, found.source - back);
			bytes += kept - claimed;
			back -= kept;
		}
		const inserted = at - back - (last.result + bytes);
		if (bytes + inserted > 0) matches.push({ ...last, bytes, inserted });
		last = { source: found.source - back, result: at - back };
		distance = found.source - at;
	}
	return matches;
}
