/** Looks into the memory of a running board from outside, by /proc (Linux; the board is a child of this process). */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";

export interface Range {
	readonly start: number;
	readonly end: number;
}

const PIECE_BYTES = 16 * 1024 * 1024;

/** Every readable and writable mapping of the process: heap, stacks, arena, data. */
export function writableRanges(pid: number): readonly Range[] {
	const ranges: Range[] = [];
	for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
		const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
		if (match !== null)
			ranges.push({ start: Number.parseInt(match[1]!, 16), end: Number.parseInt(match[2]!, 16) });
	}
	return ranges;
}

/** How often each needle occurs in the ranges of the process's memory. */
export function countInMemory(
	pid: number,
	ranges: readonly Range[],
	needles: readonly Uint8Array[],
): readonly number[] {
	const counts = needles.map(() => 0);
	const longest = needles.reduce((most, needle) => Math.max(most, needle.length), 0);
	const descriptor = openSync(`/proc/${pid}/mem`, "r");
	try {
		for (const { start, end } of ranges) {
			for (let from = start; from < end; from += PIECE_BYTES) {
				// Pieces overlap, so that what lies across their border is seen once.
				const piece = readMemory(descriptor, from, Math.min(end, from + PIECE_BYTES + longest - 1));
				const limit = from + PIECE_BYTES >= end ? piece.length : PIECE_BYTES;
				needles.forEach((needle, index) => {
					counts[index]! += countBefore(piece, needle, limit);
				});
			}
		}
	} finally {
		closeSync(descriptor);
	}
	return counts;
}

function countBefore(haystack: Buffer, needle: Uint8Array, limit: number): number {
	let count = 0;
	for (let at = haystack.indexOf(needle); at >= 0 && at < limit; at = haystack.indexOf(needle, at + 1))
		count++;
	return count;
}

/** Pages that are mapped but cannot be read (guards) are left out. */
function readMemory(descriptor: number, start: number, end: number): Buffer {
	const buffer = Buffer.alloc(end - start);
	let filled = 0;
	while (filled < buffer.length) {
		try {
			const count = readSync(descriptor, buffer, filled, buffer.length - filled, start + filled);
			if (count === 0) break;
			filled += count;
		} catch {
			break;
		}
	}
	return buffer.subarray(0, filled);
}
