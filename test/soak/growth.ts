/** What a board's process holds, measured from outside after a full collection, and how much more of it is too much. Pure. */

export interface Figures {
	/** Open files and sockets of the process. */
	readonly descriptors: number;
	/** Slots and chunks of the engine in use. */
	readonly heapBytes: number;
	/** In use by malloc, freed blocks that it keeps for itself not counted. */
	readonly mallocBytes: number;
	/** Names that the engine made since the boot. */
	readonly keys: number;
}

/** Figures, and what the lock was at when they were taken: a link and an update hold something, and their end is no growth. */
export interface Sample extends Figures {
	readonly isLinked: boolean;
	/** What the lock said last of its update; "none": nothing. */
	readonly update: string;
}

/** From one sample to a later one of the same life. */
export const GROWTH_MAX: Figures = Object.freeze({
	descriptors: 0,
	heapBytes: 1_024,
	mallocBytes: 4_096,
	keys: 0,
});

export const SAMPLE_KINDS = Object.freeze(["descriptors", "heapBytes", "mallocBytes", "keys"] as const);
export type SampleKind = (typeof SAMPLE_KINDS)[number];

/** Throws where the two cannot be compared. */
export function growthBetween(from: Sample, to: Sample): Figures {
	if (from.isLinked !== to.isLinked || from.update !== to.update)
		throw new Error(`they cannot be compared: ${sampleText(from)}; ${sampleText(to)}`);
	const grown = (kind: SampleKind): number => to[kind] - from[kind];
	return {
		descriptors: grown("descriptors"),
		heapBytes: grown("heapBytes"),
		mallocBytes: grown("mallocBytes"),
		keys: grown("keys"),
	};
}

/** Which kinds grew beyond their bound. What shrank is none. Throws as growthBetween does. */
export function grownTooMuch(from: Sample, to: Sample): readonly SampleKind[] {
	const growth = growthBetween(from, to);
	return SAMPLE_KINDS.filter((kind) => growth[kind] > GROWTH_MAX[kind]);
}

export function figuresText({ descriptors, heapBytes, mallocBytes, keys }: Figures): string {
	return `descriptors ${descriptors}, slots + chunks ${heapBytes} B, malloc ${mallocBytes} B, keys ${keys}`;
}

export function sampleText(sample: Sample): string {
	return `${figuresText(sample)}, ${sample.isLinked ? "linked" : "no link"}, update ${sample.update}`;
}
