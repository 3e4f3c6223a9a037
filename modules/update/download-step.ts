/** The words of the download machine (download-state.ts): its states, events and effects. */
import type { UpdateResult } from "../wire/update-report.ts";

/** Who sends pieces: a number that the driver's caller gives to each way in. */
export type Sender = number;

/** The senders that there is one of; a session's number comes after these, and says whose it is. */
export const LINK_SENDER: Sender = 1;
export const LINE_SENDER: Sender = 2;
const FIRST_SESSION_SENDER: Sender = 3;
/** Sessions of one grant that are told apart. Grant ids have 32 bits: what comes of both is a whole number still. */
const SESSIONS_OF_A_GRANT = 65536;

/** The `count`th session, of this grant. */
export function sessionSender(grantId: number, count: number): Sender {
	return FIRST_SESSION_SENDER + grantId * SESSIONS_OF_A_GRANT + (count % SESSIONS_OF_A_GRANT);
}

/** Of what kind a sender is: each kind has one place to send at. */
export type SenderKind = "link" | "line" | "session";

/**
 * Who a sender is to blame as: sessions come and go, and whoever opens one can open the next, so those of a phone count as its grant, which
 * is the number here. "phones": all of whom there is no room to remember any single one.
 */
export type SenderWay = "link" | "line" | "phones" | number;

export function kindOf(sender: Sender): SenderKind {
	if (sender === LINK_SENDER) return "link";
	return sender === LINE_SENDER ? "line" : "session";
}

export function wayOf(sender: Sender): SenderWay {
	if (sender === LINK_SENDER) return "link";
	if (sender === LINE_SENDER) return "line";
	return Math.floor((sender - FIRST_SESSION_SENDER) / SESSIONS_OF_A_GRANT);
}

/** Which object is fetched. */
export type Via = "image" | "delta";

export interface Job {
	readonly imageBytes: number;
	/** Of the delta's object; undefined when none is used. */
	readonly deltaBytes: number | undefined;
	/** Of whoever sent the chunks of what was fetched before; absent: of nobody. */
	readonly standings?: readonly Standing[];
}

/** A chunk on its way. */
export interface OpenChunk {
	readonly sender: Sender;
	readonly chunk: number;
	readonly filled: number;
	readonly openedAtMs: number;
	readonly heardAtMs: number;
}

/** What a sender that went, or was too slow, left of its chunk: its flash and its hash, for the next of the same way. */
export interface LeftChunk {
	readonly way: SenderWay;
	readonly chunk: number;
	/** More than 0. */
	readonly filled: number;
	/** How long it has been on its way. */
	readonly heldMs: number;
}

/** What a way in may still have (download-standing.ts); one that has none of these did nothing wrong. */
export interface Standing {
	readonly way: SenderWay;
	/** It gets no chunk before that. */
	readonly untilMs: number;
	/** Chunks of it whose digest was wrong. */
	readonly bad: number;
	/** When it lost a chunk last, by silence, by slowness, or to another way. */
	readonly lateAtMs: number | undefined;
	/** A chunk that it began and let go, and that is not good yet: it begins no other. */
	readonly owes: number | undefined;
}

export interface Fetching {
	readonly kind: "fetching";
	readonly job: Job;
	readonly via: Via;
	/** Of the image: what need not be made or fetched. */
	readonly image: readonly boolean[];
	/** Of the object that is fetched. */
	readonly good: readonly boolean[];
	/** Of the same: what was written, so that to begin it anew takes from the allowance. */
	readonly touched: readonly boolean[];
	readonly open: readonly OpenChunk[];
	readonly left: readonly LeftChunk[];
	/** Chunks that are being erased, the first one now. */
	readonly erasing: readonly number[];
	readonly standings: readonly Standing[];
}

export type DownloadState =
	| { readonly kind: "idle"; readonly standings?: readonly Standing[] }
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
	/** This sender has room for a want. mayRetry: there is an allowance to write a chunk again. */
	| { readonly kind: "ask"; readonly sender: Sender; readonly mayRetry: boolean }
	/** A piece of this sender came, and waits. */
	| { readonly kind: "heard"; readonly sender: Sender }
	/** offset: within the object. */
	| {
			readonly kind: "piece";
			readonly sender: Sender;
			readonly via: Via;
			readonly offset: number;
			readonly count: number;
	  }
	/** So many more bytes of this sender's chunk are in flash, as pieces that were the next ones. */
	| { readonly kind: "filled"; readonly sender: Sender; readonly count: number }
	/** The last piece of a chunk is in flash, and its digest was compared. mayRetry: where it was wrong, its second writing is paid for. */
	| {
			readonly kind: "chunk";
			readonly sender: Sender;
			readonly isGood: boolean;
			readonly mayRetry: boolean;
	  }
	/** This sender's chunk was to be written again, and there was no allowance: nothing was written. */
	| { readonly kind: "unpaid"; readonly sender: Sender }
	/** This chunk is begun anew, and that was paid for: before its first piece is written. */
	| { readonly kind: "paid"; readonly chunk: number }
	/** This way is none any more: nothing of it is remembered. */
	| { readonly kind: "removed"; readonly way: SenderWay }
	/** What "erase" asked for is done. */
	| { readonly kind: "erased" }
	/** The sender is gone. */
	| { readonly kind: "lost"; readonly sender: Sender }
	/** Flash did not take what was written, or cannot be read. */
	| { readonly kind: "broken" }
	/** Time has passed. */
	| { readonly kind: "tick" };

export type DownloadEffect =
	/** Compares a chunk in flash with its digest: "hashed". */
	| { readonly kind: "hash-chunk"; readonly via: Via; readonly chunk: number }
	/** Compares a whole with its digest: "hashed". */
	| { readonly kind: "hash"; readonly what: "delta" | "source" | "image" }
	/** Makes the image, all but the chunks that are there: "patched". */
	| { readonly kind: "patch"; readonly image: readonly boolean[] }
	/** The piece goes to flash. begins: the chunk's hash begins; again: it takes from the allowance first. Its last: "chunk" follows. */
	| {
			readonly kind: "write";
			readonly sender: Sender;
			readonly via: Via;
			readonly chunk: number;
			readonly offset: number;
			readonly begins: boolean;
			readonly again: boolean;
			readonly openedAtMs: number;
	  }
	/** The piece is not what was asked for. */
	| { readonly kind: "refuse" }
	/** What there is of this chunk does not stay in flash: "erased". */
	| { readonly kind: "erase"; readonly via: Via; readonly chunk: number }
	/** What there is of this chunk is begun anew: its hash is let go. */
	| { readonly kind: "cease"; readonly chunk: number }
	/** Hashes and buffers of whatever went on are let go. */
	| { readonly kind: "halt" }
	/** The delta is of no use; the whole image is fetched. */
	| { readonly kind: "delta-failed"; readonly result: UpdateResult };

export interface DownloadStep {
	readonly state: DownloadState;
	readonly effects: readonly DownloadEffect[];
}

export const DOWNLOAD_IDLE: DownloadState = Object.freeze({ kind: "idle" });
