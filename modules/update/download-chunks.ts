/**
 * The chunks of one object while it is fetched (docs/UPDATE.md 6): who sends which, what the next piece is, and who loses a chunk. The
 * "fetching" state of download-state.ts; pure.
 *
 * Invariants: a chunk has one sender, a kind of way in one sender, a way one chunk, in its hands or left, and of what phones left
 * LIMITS.updateLeft are remembered; a piece is the next one of its sender's chunk or is
 * refused; what was written once is begun anew for a token of the allowance only, or goes on where it stood.
 */
import { unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import {
	isLate,
	mayBegin,
	mayOpen,
	withBad,
	withGood,
	withLate,
	withLetGo,
	withOvertaken,
} from "./download-standing.ts";
import {
	type DownloadEffect,
	type DownloadEvent,
	type DownloadState,
	type Fetching,
	kindOf,
	type LeftChunk,
	type OpenChunk,
	type Sender,
	type Via,
	wayOf,
} from "./download-step.ts";

/** A look into LIMITS goes through all of it on the engine. */
const CHUNK_BYTES = LIMITS.chunkBytes;
const UNIT_BYTES = LIMITS.flashUnitBytes;
const LEFT_MAX = LIMITS.updateLeft;
const STALL_MS = LIMITS.updateStallMs;
const CHUNK_MS = LIMITS.updateChunkMs;

/** What this sender is to send next, of its open chunk; undefined: nothing. */
export interface OpenWant {
	readonly via: Via;
	readonly offset: number;
	/** To the end of the chunk. */
	readonly bytes: number;
}

export function wantOf(state: DownloadState, sender: Sender): OpenWant | undefined {
	if (state.kind !== "fetching") return undefined;
	const open = openOf(state, sender);
	if (open === undefined) return undefined;
	const offset = open.chunk * CHUNK_BYTES + open.filled;
	return { via: state.via, offset, bytes: chunkBytes(fetchedBytes(state), open.chunk) - open.filled };
}

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

type FetchingEvent = Exclude<DownloadEvent, { kind: "begin" | "drop" | "hashed" | "patched" | "broken" }>;

export function stepFetching(state: Fetching, event: FetchingEvent, nowMs: number): FetchingStep {
	switch (event.kind) {
		case "piece":
			return stepPiece(state, event, nowMs);
		case "chunk":
			return stepChunk(state, event, nowMs);
		case "tick":
			return leastLeft(giveUpLate(state, nowMs), nowMs);
		case "ask":
			return leastLeft(open(giveUpLate(state, nowMs), event.sender, event.mayRetry, nowMs), nowMs);
		case "heard":
			return { state: { ...state, open: grown(state.open, event.sender, 0, nowMs) }, effects: [] };
		case "filled":
			return {
				state: { ...state, open: grown(state.open, event.sender, event.count, nowMs) },
				effects: [],
			};
		case "unpaid":
			return {
				state: { ...state, open: state.open.filter((each) => each.sender !== event.sender) },
				effects: [],
			};
		case "erased": {
			const [, ...erasing] = state.erasing;
			return { state: { ...state, erasing }, effects: eraseEffects(state, erasing[0]) };
		}
		case "lost": {
			const one = openOf(state, event.sender);
			return leastLeft(one === undefined ? state : leave(state, one, nowMs - one.openedAtMs), nowMs);
		}
		case "paid": {
			const left = state.left.find((each) => each.chunk === event.chunk);
			if (left === undefined) return { state, effects: [] };
			return letGo({ ...state, standings: withOvertaken(state.standings, left.way, nowMs) }, left);
		}
		case "removed": {
			const standings = state.standings.filter(({ way }) => way !== event.way);
			const left = state.left.find(({ way }) => way === event.way);
			const next = { ...state, standings };
			return left === undefined ? { state: next, effects: [] } : letGo(next, left);
		}
		default:
			return unreachable(event);
	}
}

/** Who is silent, or too slow, loses its chunk, and comes after the others from now on (T10: slow retrieval). */
function giveUpLate(state: Fetching, nowMs: number): Fetching {
	let next = state;
	for (const one of state.open) {
		const isSilent = nowMs - one.heardAtMs >= STALL_MS;
		if (!isSilent && nowMs - one.openedAtMs < CHUNK_MS) continue;
		next = leave(next, one, 0);
		next = { ...next, standings: withLate(next.standings, wayOf(one.sender), nowMs) };
	}
	return next;
}

/** What it wrote stays for the next of its way: a link that comes and goes wears no flash. */
function leave(state: Fetching, one: OpenChunk, heldMs: number): Fetching {
	const rest = state.open.filter((each) => each !== one);
	const { chunk, filled } = one;
	const left = filled === 0 ? state.left : [...state.left, { way: wayOf(one.sender), chunk, filled, heldMs }];
	return { ...state, open: rest, left };
}

/** Each that is left holds a hash (I8): the oldest of a phone is let go, and begun anew by whoever comes to it. Its phone is to blame (T10). */
function leastLeft(state: Fetching, nowMs: number): FetchingStep {
	if (state.left.length <= LEFT_MAX) return { state, effects: [] };
	const phones = state.left.filter(({ way }) => typeof way === "number");
	const oldest = phones.length > LEFT_MAX ? phones[0] : undefined;
	if (oldest === undefined) return { state, effects: [] };
	const standings = withLetGo(state.standings, oldest.way, oldest.chunk, nowMs);
	const gone = letGo({ ...state, standings }, oldest);
	const next = leastLeft(gone.state, nowMs);
	return { state: next.state, effects: [...gone.effects, ...next.effects] };
}

function letGo(state: Fetching, one: LeftChunk): FetchingStep {
	const left = state.left.filter((each) => each !== one);
	return { state: { ...state, left }, effects: [{ kind: "cease", chunk: one.chunk }] };
}

/** So many more bytes of its chunk came, or none and it is still there. */
function grown(
	open: readonly OpenChunk[],
	sender: Sender,
	count: number,
	nowMs: number,
): readonly OpenChunk[] {
	const next = open.slice();
	for (let index = 0; index < next.length; index++) {
		const each = next[index]!;
		if (each.sender === sender) next[index] = { ...each, filled: each.filled + count, heardAtMs: nowMs };
	}
	return next;
}

/** What its way left; else the first chunk that nobody has, sends or began; else one that must be begun anew. */
function open(state: Fetching, sender: Sender, mayRetry: boolean, nowMs: number): Fetching {
	const way = wayOf(sender);
	const kind = kindOf(sender);
	const before = state.open.find((each) => kindOf(each.sender) === kind);
	if (before !== undefined) {
		// A phone that was late sends as long as no other wants to.
		const other = wayOf(before.sender);
		if (other === way || !isLate(state.standings, other, nowMs)) return state;
		if (!mayOpen(state.standings, way, true, nowMs)) return state;
		return open(leave(state, before, 0), sender, mayRetry, nowMs);
	}
	if (!mayOpen(state.standings, way, state.open.length > 0, nowMs)) return state;
	const isTaken = (chunk: number): boolean => state.open.some((each) => each.chunk === chunk);
	const mine = state.left.find((each) => each.way === way);
	if (mine !== undefined) {
		if (isTaken(mine.chunk)) return state;
		const { chunk, filled, heldMs } = mine;
		const one = { sender, chunk, filled, openedAtMs: nowMs - heldMs, heardAtMs: nowMs };
		return { ...state, open: [...state.open, one], left: state.left.filter((each) => each !== mine) };
	}
	const mayHave = (chunk: number): boolean => mayBegin(state.standings, way, chunk, nowMs);
	const isFree = (chunk: number): boolean =>
		!isTaken(chunk) && !state.erasing.includes(chunk) && mayHave(chunk);
	let chunk = firstMissing(state.good, (each) => !state.touched[each] && isFree(each));
	if (chunk < 0 && mayRetry) chunk = firstMissing(state.good, isFree);
	if (chunk >= 0) return begin(state, sender, chunk, nowMs);
	// Who was late has its chunk only as long as nobody else wants it.
	const slow = state.open.find((each) => isLate(state.standings, wayOf(each.sender), nowMs));
	if (slow === undefined || (state.touched[slow.chunk] && !mayRetry) || !mayHave(slow.chunk)) return state;
	return begin(leave(state, slow, 0), sender, slow.chunk, nowMs);
}

/** -1: none. The good ones are passed over by a native call. */
function firstMissing(good: readonly boolean[], isFit: (chunk: number) => boolean): number {
	let chunk = good.indexOf(false);
	while (chunk >= 0 && !isFit(chunk)) chunk = good.indexOf(false, chunk + 1);
	return chunk;
}

function begin(state: Fetching, sender: Sender, chunk: number, nowMs: number): Fetching {
	const one = { sender, chunk, filled: 0, openedAtMs: nowMs, heardAtMs: nowMs };
	return { ...state, open: [...state.open, one] };
}

function stepPiece(
	state: Fetching,
	{ sender, via, offset, count }: Extract<DownloadEvent, { kind: "piece" }>,
	nowMs: number,
): FetchingStep {
	const one = via === state.via ? openOf(state, sender) : undefined;
	if (one === undefined) return { state, effects: [{ kind: "refuse" }] };
	const { chunk, filled, openedAtMs } = one;
	const at = chunk * CHUNK_BYTES + filled;
	const end = chunk * CHUNK_BYTES + chunkBytes(fetchedBytes(state), chunk);
	const ends = offset + count === end;
	if (offset !== at || offset + count > end || (!ends && count % UNIT_BYTES !== 0)) {
		return { state, effects: [{ kind: "refuse" }] };
	}
	const begins = filled === 0;
	const again = begins && state.touched[chunk] === true;
	const write: DownloadEffect = { kind: "write", sender, via, chunk, offset, begins, again, openedAtMs };
	const open = grown(state.open, sender, count, nowMs);
	if (!begins) return { state: { ...state, open }, effects: [write] };
	const touched = withAt(state.touched, chunk, true);
	// What another way left of it goes once this is paid for.
	return { state: { ...state, open, touched }, effects: [write] };
}

function stepChunk(
	state: Fetching,
	{ sender, isGood, mayRetry }: Extract<DownloadEvent, { kind: "chunk" }>,
	nowMs: number,
): FetchingStep {
	const one = openOf(state, sender);
	if (one === undefined) return { state, effects: [] };
	const { chunk } = one;
	const way = wayOf(sender);
	const rest = state.open.filter((each) => each.sender !== sender);
	if (isGood) {
		const good = withAt(state.good, chunk, true);
		return {
			state: { ...state, good, open: rest, standings: withGood(state.standings, way, chunk) },
			effects: [],
		};
	}
	const standings = withBad(state.standings, way, nowMs);
	// A token pays for the erasure and the second writing; without one the chunk waits as it is, and pays when it is begun.
	if (!mayRetry) return { state: { ...state, open: rest, standings }, effects: [] };
	const touched = withAt(state.touched, chunk, false);
	const erasing = [...state.erasing, chunk];
	return {
		state: { ...state, open: rest, standings, touched, erasing },
		effects: state.erasing.length === 0 ? eraseEffects(state, chunk) : [],
	};
}

/** By a native copy: an image has 64 chunks. */
function withAt(flags: readonly boolean[], index: number, value: boolean): readonly boolean[] {
	const next = flags.slice();
	next[index] = value;
	return next;
}

function eraseEffects({ via }: Fetching, chunk: number | undefined): readonly DownloadEffect[] {
	return chunk === undefined ? [] : [{ kind: "erase", via, chunk }];
}

function fetchedBytes({ job, via }: Fetching): number {
	return via === "image" ? job.imageBytes : (job.deltaBytes ?? 0);
}
