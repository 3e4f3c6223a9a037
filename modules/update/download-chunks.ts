/**
 * The chunks of one object while it is fetched (docs/UPDATE.md 6): who sends which, what the next piece is, and who loses a chunk. The
 * "fetching" state of download-state.ts; pure.
 *
 * Invariants: a chunk has one sender, a sender one chunk; a piece is the next one of its sender's chunk or is refused; who failed a
 * chunk does not get the same one back at once.
 */
import { unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import type {
	Blame,
	DownloadEffect,
	DownloadEvent,
	DownloadState,
	Fetching,
	OpenChunk,
	Sender,
	Via,
} from "./download-step.ts";

/** Of what is looked at with each piece: a look into LIMITS goes through all of it on the engine. */
const CHUNK_BYTES = LIMITS.chunkBytes;
const UNIT_BYTES = LIMITS.flashUnitBytes;
const SENDERS_MAX = LIMITS.updateSenders;
const STALL_MS = LIMITS.updateStallMs;
const CHUNK_MS = LIMITS.updateChunkMs;

/** Blames that are remembered. */
const BLAMES_MAX = 4;

/** What this sender is to send next, of its open chunk; undefined: nothing. */
export interface OpenWant {
	readonly via: Via;
	readonly offset: number;
	/** To the end of the chunk. */
	readonly bytes: number;
}

export function wantOf(state: DownloadState, sender: Sender): OpenWant | undefined {
	if (state.kind !== "fetching" || state.held) return undefined;
	const open = openOf(state, sender);
	if (open === undefined) return undefined;
	const offset = open.chunk * CHUNK_BYTES + open.filled;
	return { via: state.via, offset, bytes: chunkBytes(fetchedBytes(state), open.chunk) - open.filled };
}

/** This sender's chunk. Looked for with each piece: no closure, no iterator (docs/BENCH.md, update). */
export function openOf({ open }: Fetching, sender: Sender): OpenChunk | undefined {
	for (let index = 0; index < open.length; index++) if (open[index]!.sender === sender) return open[index];
	return undefined;
}

/** Of chunk `index` of an object. */
export function chunkBytes(objectBytes: number, index: number): number {
	return Math.min(CHUNK_BYTES, objectBytes - index * CHUNK_BYTES);
}

/** Bytes of the chunks that are good. */
export function goodBytes(objectBytes: number, good: readonly boolean[]): number {
	let bytes = 0;
	for (let index = 0; index < good.length; index++) if (good[index]) bytes += chunkBytes(objectBytes, index);
	return bytes;
}

export interface FetchingStep {
	readonly state: Fetching;
	readonly effects: readonly DownloadEffect[];
}

type FetchingEvent = Extract<DownloadEvent, { kind: "piece" | "ask" | "chunk" | "lost" | "tick" }>;

export function stepFetching(state: Fetching, event: FetchingEvent, nowMs: number): FetchingStep {
	switch (event.kind) {
		case "tick": {
			const step = giveUpSilent(state, nowMs);
			return { ...step, state: event.mayRetry ? { ...step.state, held: false } : step.state };
		}
		case "ask": {
			const step = giveUpSilent(state, nowMs);
			return { state: open(step.state, event.sender, nowMs), effects: step.effects };
		}
		case "piece":
			return stepPiece(state, event, nowMs);
		case "chunk":
			return stepChunk(state, event, nowMs);
		case "lost":
			return without(state, event.sender);
		default:
			return unreachable(event);
	}
}

/** Who is silent, or too slow, loses its chunk, and does not get the same one back at once (T10: slow retrieval). */
function giveUpSilent(state: Fetching, nowMs: number): { state: Fetching; effects: DownloadEffect[] } {
	const effects: DownloadEffect[] = [];
	let left = state;
	for (let index = 0; index < state.open.length; index++) {
		const { sender, chunk, heardAtMs, openedAtMs } = state.open[index]!;
		const silent = nowMs - heardAtMs >= STALL_MS;
		if (!silent && nowMs - openedAtMs < CHUNK_MS) continue;
		const gone = without(left, sender);
		left = blame(gone.state, { sender, chunk, atMs: nowMs });
		effects.push(...gone.effects);
	}
	return { state: left, effects };
}

function blame(state: Fetching, one: Blame): Fetching {
	return { ...state, blamed: [...state.blamed, one].slice(-BLAMES_MAX) };
}

function without(state: Fetching, sender: Sender): { state: Fetching; effects: DownloadEffect[] } {
	const rest = state.open.filter((each) => each.sender !== sender);
	if (rest.length === state.open.length) return { state, effects: [] };
	return { state: { ...state, open: rest }, effects: [{ kind: "cease", sender }] };
}

/** The first chunk that nobody has and nobody sends. */
function open(state: Fetching, sender: Sender, nowMs: number): Fetching {
	if (state.held || openOf(state, sender) !== undefined) return state;
	if (state.open.length >= SENDERS_MAX) return state;
	for (let chunk = 0; chunk < state.good.length; chunk++) {
		if (state.good[chunk] || state.open.some((each) => each.chunk === chunk)) continue;
		if (isBlamed(state, sender, chunk, nowMs)) continue;
		const opened = { sender, chunk, filled: 0, openedAtMs: nowMs, heardAtMs: nowMs };
		return { ...state, open: [...state.open, opened] };
	}
	return state;
}

function isBlamed(state: Fetching, sender: Sender, chunk: number, nowMs: number): boolean {
	return state.blamed.some(
		(each) => each.sender === sender && each.chunk === chunk && nowMs - each.atMs < STALL_MS,
	);
}

function stepPiece(
	state: Fetching,
	{ sender, via, offset, count }: Extract<DownloadEvent, { kind: "piece" }>,
	nowMs: number,
): FetchingStep {
	const one = via === state.via && !state.held ? openOf(state, sender) : undefined;
	if (one === undefined) return { state, effects: [{ kind: "refuse" }] };
	const { chunk, filled } = one;
	const left = chunkBytes(fetchedBytes(state), chunk) - filled;
	const ends = count === left;
	if (offset !== chunk * CHUNK_BYTES + filled || count > left || (!ends && count % UNIT_BYTES !== 0)) {
		return { state, effects: [{ kind: "refuse" }] };
	}
	const next = { ...one, filled: filled + count, heardAtMs: nowMs };
	return {
		state: { ...state, open: replaced(state.open, one, next) },
		effects: [{ kind: "write", sender, via, chunk, offset, begins: filled === 0, ends }],
	};
}

function replaced(open: readonly OpenChunk[], one: OpenChunk, next: OpenChunk): readonly OpenChunk[] {
	return open.length === 1 ? [next] : open.map((each) => (each === one ? next : each));
}

function stepChunk(
	state: Fetching,
	{ sender, isGood, mayRetry }: Extract<DownloadEvent, { kind: "chunk" }>,
	nowMs: number,
): FetchingStep {
	const one = state.open.find((each) => each.sender === sender);
	if (one === undefined) return { state, effects: [] };
	const rest = state.open.filter((each) => each.sender !== sender);
	if (!isGood) {
		const blamed = blame({ ...state, open: rest }, { sender, chunk: one.chunk, atMs: nowMs });
		return {
			state: { ...blamed, held: !mayRetry },
			effects: [{ kind: "erase", via: state.via, chunk: one.chunk }],
		};
	}
	const good = state.good.map((was, index) => was || index === one.chunk);
	return { state: { ...state, good, open: rest }, effects: [] };
}

function fetchedBytes({ job, via }: Fetching): number {
	return via === "image" ? job.imageBytes : (job.deltaBytes ?? 0);
}
