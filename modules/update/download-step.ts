/** The words of the download machine (download-state.ts): its states, events and effects. */
import type { UpdateResult } from "../wire/update-report.ts";

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
