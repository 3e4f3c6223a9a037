/** What a board's process holds, measured from outside after a full collection, and how much more of it is too much. Pure. */

export interface Sample {
	/** Open files and sockets of the process. */
	readonly descriptors: number;
	/** Slots and chunks of the engine in use. */
	readonly heapBytes: number;
	/** In use by malloc, freed blocks that it keeps for itself not counted. */
	readonly mallocBytes: number;
	/** Names that the engine made since the boot. */
	readonly keys: number;
}

/** From one sample to a later one of the same life. */
export const GROWTH_MAX: Sample = Object.freeze({
	descriptors: 0,
	heapBytes: 1_024,
	mallocBytes: 4_096,
	keys: 0,
});

export const SAMPLE_KINDS = Object.freeze(["descriptors", "heapBytes", "mallocBytes", "keys"] as const);
export type SampleKind = (typeof SAMPLE_KINDS)[number];

export function growthBetween(from: Sample, to: Sample): Sample {
	const grown = (kind: SampleKind): number => to[kind] - from[kind];
	return {
		descriptors: grown("descriptors"),
		heapBytes: grown("heapBytes"),
		mallocBytes: grown("mallocBytes"),
		keys: grown("keys"),
	};
}

/** Which kinds grew beyond their bound. What shrank is none. */
export function grownTooMuch(from: Sample, to: Sample): readonly SampleKind[] {
	const growth = growthBetween(from, to);
	return SAMPLE_KINDS.filter((kind) => growth[kind] > GROWTH_MAX[kind]);
}

export function sampleText(sample: Sample): string {
	const { descriptors, heapBytes, mallocBytes, keys } = sample;
	return `descriptors ${descriptors}, slots + chunks ${heapBytes} B, malloc ${mallocBytes} B, keys ${keys}`;
}
