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
	Sender,
	Via,
} from "./download-step.ts";

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
	const open = state.open.find((each) => each.sender === sender);
	if (open === undefined) return undefined;
	const offset = open.chunk * LIMITS.chunkBytes + open.filled;
	return { via: state.via, offset, bytes: chunkBytes(fetchedBytes(state), open.chunk) - open.filled };
}

/** Of chunk `index` of an object. */
export function chunkBytes(objectBytes: number, index: number): number {
	return Math.min(LIMITS.chunkBytes, objectBytes - index * LIMITS.chunkBytes);
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
			return { ...step, state: open(step.state, event.sender, nowMs) };
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
	for (const { sender, chunk, heardAtMs, openedAtMs } of state.open) {
		const silent = nowMs - heardAtMs >= LIMITS.updateStallMs;
		if (!silent && nowMs - openedAtMs < LIMITS.updateChunkMs) continue;
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
	if (state.held || state.open.length >= LIMITS.updateSenders) return state;
	if (state.open.some((each) => each.sender === sender)) return state;
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
		(each) => each.sender === sender && each.chunk === chunk && nowMs - each.atMs < LIMITS.updateStallMs,
	);
}

function stepPiece(
	state: Fetching,
	{ sender, via, offset, count }: Extract<DownloadEvent, { kind: "piece" }>,
	nowMs: number,
): FetchingStep {
	const want = via === state.via ? wantOf(state, sender) : undefined;
	if (want === undefined || offset !== want.offset || count > want.bytes) {
		return { state, effects: [{ kind: "refuse" }] };
	}
	const ends = count === want.bytes;
	if (!ends && count % LIMITS.flashUnitBytes !== 0) return { state, effects: [{ kind: "refuse" }] };
	const chunk = Math.floor(offset / LIMITS.chunkBytes);
	const after = state.open.map((each) =>
		each.sender === sender ? { ...each, filled: each.filled + count, heardAtMs: nowMs } : each,
	);
	return {
		state: { ...state, open: after },
		effects: [
			{ kind: "write", sender, via, chunk, offset, begins: offset === chunk * LIMITS.chunkBytes, ends },
		],
	};
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
