/**
 * The download of one release as a pure machine (docs/UPDATE.md 6): which chunks are there, who sends which, and what is to be
 * done next. It touches no flash and knows no digest; the driver (downloader.ts) does what effects say and tells what came of it.
 *
 *          begin                every chunk is there
 *   idle ────────▶ surveying ───────────────────────────────────────────▶ verifying ──▶ complete
 *                   │   │ ▲                                                 ▲      │
 *                   │   │ └────────── delta failed ──────────┐              │      │ not the image
 *        image      │   │ delta                              │              │      ▼
 *                   ▼   ▼                 object, source     │              │    failed
 *                  fetching ─────────────▶ checking ─────▶ patching ────────┘      ▲
 *                      └───────── every chunk of the image ────────────────▶ (verifying)
 *   begin and drop in any state; flash that does not take what is written: failed.
 *
 * Invariants: a chunk has one sender, a sender one chunk. Only a chunk whose digest was found right counts as good. Nothing
 * is remembered across boots: surveying finds out what flash holds.
 */
import { unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import type { UpdateResult } from "../wire/update-report.ts";
import { chunkCount } from "./manifest.ts";

/** Who sends pieces: a number that the driver's caller gives to each way in. */
export type Sender = number;

/** Which object is fetched. */
export type Via = "image" | "delta";

export interface Job {
	readonly imageBytes: number;
	/** Of the delta's object; undefined when none is used. */
	readonly deltaBytes: number | undefined;
}

/** A chunk on its way. */
export interface OpenChunk {
	readonly sender: Sender;
	readonly chunk: number;
	readonly filled: number;
	readonly openedAtMs: number;
	readonly heardAtMs: number;
}

/** This sender does not get this chunk again for a while. */
export interface Blame {
	readonly sender: Sender;
	readonly chunk: number;
	readonly atMs: number;
}

export interface Fetching {
	readonly kind: "fetching";
	readonly job: Job;
	readonly via: Via;
	/** Of the image: what need not be made or fetched. */
	readonly image: readonly boolean[];
	/** Of the object that is fetched. */
	readonly good: readonly boolean[];
	readonly open: readonly OpenChunk[];
	readonly blamed: readonly Blame[];
	/** The allowance of chunks that are written again is used up: nothing is asked for. */
	readonly held: boolean;
}

export type DownloadState =
	| { readonly kind: "idle" }
	| {
			readonly kind: "surveying";
			readonly job: Job;
			readonly via: Via;
			/** Of the image; grows while `via` is "image". */
			readonly image: readonly boolean[];
			/** Of the delta; grows while `via` is "delta". */
			readonly delta: readonly boolean[];
	  }
	| Fetching
	| {
			readonly kind: "checking";
			readonly job: Job;
			readonly image: readonly boolean[];
			readonly what: "delta" | "source";
	  }
	| { readonly kind: "patching"; readonly job: Job; readonly image: readonly boolean[] }
	| { readonly kind: "verifying"; readonly job: Job }
	| { readonly kind: "complete"; readonly job: Job }
	| { readonly kind: "failed"; readonly job: Job; readonly result: UpdateResult };

export type DownloadEvent =
	| { readonly kind: "begin"; readonly job: Job }
	| { readonly kind: "drop" }
	/** Of the chunk, or the whole, that the last effect asked for. */
	| { readonly kind: "hashed"; readonly isGood: boolean }
	| { readonly kind: "patched"; readonly isGood: boolean }
	/** This sender has room for a want. */
	| { readonly kind: "ask"; readonly sender: Sender }
	/** offset: within the object. */
	| {
			readonly kind: "piece";
			readonly sender: Sender;
			readonly via: Via;
			readonly offset: number;
			readonly count: number;
	  }
	/** The last piece of a chunk is in flash, and its digest was compared. mayRetry: it may be written again. */
	| {
			readonly kind: "chunk";
			readonly sender: Sender;
			readonly isGood: boolean;
			readonly mayRetry: boolean;
	  }
	/** The sender is gone. */
	| { readonly kind: "lost"; readonly sender: Sender }
	/** Flash did not take what was written, or cannot be read. */
	| { readonly kind: "broken" }
	/** Time has passed. mayRetry: as of "chunk". */
	| { readonly kind: "tick"; readonly mayRetry: boolean };

export type DownloadEffect =
	/** Compares a chunk in flash with its digest: "hashed". */
	| { readonly kind: "hash-chunk"; readonly via: Via; readonly chunk: number }
	/** Compares a whole with its digest: "hashed". */
	| { readonly kind: "hash"; readonly what: "delta" | "source" | "image" }
	/** Makes the image, all but the chunks that are there: "patched". */
	| { readonly kind: "patch"; readonly image: readonly boolean[] }
	/** The piece goes to flash. begins: the chunk's hash begins; ends: "chunk" follows. */
	| {
			readonly kind: "write";
			readonly sender: Sender;
			readonly via: Via;
			readonly chunk: number;
			readonly offset: number;
			readonly begins: boolean;
			readonly ends: boolean;
	  }
	/** The piece is not what was asked for. */
	| { readonly kind: "refuse" }
	/** What there is of this chunk does not stay in flash. */
	| { readonly kind: "erase"; readonly via: Via; readonly chunk: number }
	/** This sender's chunk is not awaited any more: its hash is let go. */
	| { readonly kind: "cease"; readonly sender: Sender }
	/** Hashes and buffers of whatever went on are let go. */
	| { readonly kind: "halt" }
	/** The delta is of no use; the whole image is fetched. */
	| { readonly kind: "delta-failed"; readonly result: UpdateResult };

export interface DownloadStep {
	readonly state: DownloadState;
	readonly effects: readonly DownloadEffect[];
}

export const DOWNLOAD_IDLE: DownloadState = Object.freeze({ kind: "idle" });

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

export function stepDownload(state: DownloadState, event: DownloadEvent, nowMs: number): DownloadStep {
	switch (event.kind) {
		case "begin":
			return survey(event.job, "image", [], [], [{ kind: "halt" }]);
		case "drop":
			return state.kind === "idle"
				? { state, effects: [] }
				: { state: DOWNLOAD_IDLE, effects: [{ kind: "halt" }] };
		case "hashed":
			return stepHashed(state, event.isGood);
		case "patched":
			if (state.kind !== "patching") return { state, effects: [] };
			return event.isGood ? verify(state.job) : withoutDelta(state.job, "patch");
		case "broken":
			if (state.kind === "idle" || state.kind === "failed") return { state, effects: [] };
			return { state: { kind: "failed", job: state.job, result: "slot-io" }, effects: [{ kind: "halt" }] };
		case "piece":
		case "ask":
		case "chunk":
		case "lost":
		case "tick":
			if (state.kind !== "fetching")
				return { state, effects: event.kind === "piece" ? [{ kind: "refuse" }] : [] };
			return stepFetching(state, event, nowMs);
		default:
			return unreachable(event);
	}
}

function stepHashed(state: DownloadState, isGood: boolean): DownloadStep {
	switch (state.kind) {
		case "surveying": {
			const { job, via, image, delta } = state;
			if (via === "image") return survey(job, via, [...image, isGood], delta);
			return survey(job, via, image, [...delta, isGood]);
		}
		case "checking": {
			const { job, image, what } = state;
			if (!isGood) return withoutDelta(job, what === "delta" ? "object-digest" : "patch");
			if (what === "delta") return check(job, image, "source");
			return { state: { kind: "patching", job, image }, effects: [{ kind: "patch", image }] };
		}
		case "verifying":
			return {
				state: isGood
					? { kind: "complete", job: state.job }
					: { kind: "failed", job: state.job, result: "slot-digest" },
				effects: [],
			};
		case "idle":
		case "fetching":
		case "patching":
		case "complete":
		case "failed":
			return { state, effects: [] };
		default:
			return unreachable(state);
	}
}

/** Looks at the next chunk of `via`; when there is none, at what follows from what was found. */
function survey(
	job: Job,
	via: Via,
	image: readonly boolean[],
	delta: readonly boolean[],
	before: readonly DownloadEffect[] = [],
): DownloadStep {
	const next = via === "image" ? image.length : delta.length;
	const bytes = via === "image" ? job.imageBytes : (job.deltaBytes ?? 0);
	if (next < chunkCount(bytes)) {
		return {
			state: { kind: "surveying", job, via, image, delta },
			effects: [...before, { kind: "hash-chunk", via, chunk: next }],
		};
	}
	const missing = job.imageBytes - goodBytes(job.imageBytes, image);
	if (missing === 0) return verify(job);
	// What is left of the image may be less than the delta is.
	if (via === "image" && job.deltaBytes !== undefined && missing > job.deltaBytes)
		return survey(job, "delta", image, []);
	if (via === "delta" && delta.every((good) => good)) return check(job, image, "delta");
	return {
		state: {
			kind: "fetching",
			job,
			via,
			image,
			good: via === "image" ? image : delta,
			open: [],
			blamed: [],
			held: false,
		},
		effects: [],
	};
}

function check(job: Job, image: readonly boolean[], what: "delta" | "source"): DownloadStep {
	return { state: { kind: "checking", job, image, what }, effects: [{ kind: "hash", what }] };
}

function verify(job: Job): DownloadStep {
	return { state: { kind: "verifying", job }, effects: [{ kind: "hash", what: "image" }] };
}

/** What the delta left in the slot is looked at anew: some of it may be the image. */
function withoutDelta(job: Job, result: UpdateResult): DownloadStep {
	const full = { ...job, deltaBytes: undefined };
	return survey(full, "image", [], [], [{ kind: "halt" }, { kind: "delta-failed", result }]);
}

type FetchingEvent = Extract<DownloadEvent, { kind: "piece" | "ask" | "chunk" | "lost" | "tick" }>;

function stepFetching(state: Fetching, event: FetchingEvent, nowMs: number): DownloadStep {
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
): DownloadStep {
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
): DownloadStep {
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
	if (!good.every((each) => each)) return { state: { ...state, good, open: rest }, effects: [] };
	return state.via === "image" ? verify(state.job) : check(state.job, state.image, "delta");
}

function fetchedBytes({ job, via }: Fetching): number {
	return via === "image" ? job.imageBytes : (job.deltaBytes ?? 0);
}
