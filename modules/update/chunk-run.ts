/**
 * The chunk whose piece came last, while its sender goes on with it in whole sectors. What the machine (download-chunks.ts) would say of
 * the next one is known, so that it goes to flash without it, and the machine hears of all of them at once, before it is asked
 * anything else: its step is most of what a piece costs on the engine (docs/BENCH.md, update).
 *
 * Invariant: what is written without the machine is what it would let be written, and neither begins a chunk nor is beyond its end.
 */
import type { Hash } from "../platform/crypto.ts";
import type { Sender } from "./download-step.ts";
import type { UpdateObject } from "./manifest.ts";

/** No class: private fields are looked for one by one on the engine, in each piece's way. */
export interface ChunkRun {
	/** In the object: up to here it is in flash. */
	at: number;
	/** In the object: up to here whole sectors may be written. */
	readonly wholeEnd: number;
	readonly sender: Sender;
	heardAtMs: number;
	/** Where the object begins in the slot. */
	readonly start: number;
	readonly hash: Hash;
	readonly digest: Uint8Array;
	/** Of the chunk, in the object. */
	readonly end: number;
	readonly openedAtMs: number;
	readonly chunk: number;
	/** That the chunk is of. */
	readonly object: UpdateObject;
	/** What the machine knows of `at` and `heardAtMs`. */
	toldAt: number;
	toldHeardAtMs: number;
}
