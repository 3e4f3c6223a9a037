/**
 * The suffixes of some bytes in order, by doubling what they are sorted by (Manber and Myers 1990): n log n steps, whatever the
 * bytes are.
 */

/** Sorts `order` into `into` by `keys[item]`, which lie in 0..highest; equal ones stay as they are. */
function sortByKey(
	order: Int32Array,
	keys: Int32Array,
	highest: number,
	counts: Int32Array,
	into: Int32Array,
): void {
	counts.fill(0, 0, highest + 2);
	for (const key of keys) counts[key + 1]!++;
	for (let key = 0; key <= highest; key++) counts[key + 1]! += counts[key]!;
	for (const item of order) into[counts[keys[item]!]!++] = item;
}

/** Where each suffix begins, the smallest first; a suffix that is the beginning of another one comes before it. */
export function suffixArray(bytes: Uint8Array): Int32Array {
	const size = bytes.length;
	const counts = new Int32Array(Math.max(256, size) + 2);
	const inOrder = new Int32Array(size);
	const byTail = new Int32Array(size).map((_, index) => index);
	let ranks = Int32Array.from(bytes);
	let next = new Int32Array(size);
	let highest = 255;
	for (let length = 0; ; length = Math.max(1, length * 2)) {
		if (length > 0) {
			// By what begins `length` further on: the ones where nothing does come first.
			let filled = 0;
			for (let at = Math.max(0, size - length); at < size; at++) byTail[filled++] = at;
			for (const at of inOrder) if (at >= length) byTail[filled++] = at - length;
		}
		sortByKey(byTail, ranks, highest, counts, inOrder);
		const tail = (at: number): number => (at + length < size ? ranks[at + length]! : -1);
		highest = 0;
		for (let index = 0; index < size; index++) {
			const at = inOrder[index]!;
			const before = index === 0 ? at : inOrder[index - 1]!;
			if (ranks[at] !== ranks[before] || (length > 0 && tail(at) !== tail(before))) highest++;
			next[at] = highest;
		}
		[ranks, next] = [next, ranks];
		if (highest >= size - 1) return inOrder;
	}
}
