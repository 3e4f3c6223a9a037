/**
 * The SHA-256 of a part of a slot, a few sectors at a time, so that nothing else waits for it (docs/UPDATE.md 6). It reads and never
 * writes. Throws DeviceError slot/io where flash cannot be read.
 */
import { LIMITS } from "../base/limits.ts";
import type { Crypto, Hash } from "../platform/crypto.ts";
import type { SlotNumber, Slots } from "../platform/slots.ts";

const SLICE_BYTES = LIMITS.updateSliceBytes;

export class FlashDigest {
	readonly #slots: Slots;
	readonly #slot: SlotNumber;
	#at: number;
	readonly #end: number;
	readonly #hash: Hash;

	/** Of `bytes` from `start` on, the first of them as in `withheld`; the caller ends it with `step` or `close`. */
	constructor(
		crypto: Pick<Crypto, "openHash">,
		slots: Slots,
		slot: SlotNumber,
		start: number,
		bytes: number,
		withheld?: Uint8Array,
	) {
		this.#slots = slots;
		this.#slot = slot;
		this.#at = start;
		this.#end = start + bytes;
		this.#hash = crypto.openHash("sha256");
		if (withheld === undefined) return;
		const first = withheld.subarray(0, bytes);
		this.#hash.update(first);
		this.#at += first.length;
	}

	/** Reads LIMITS.updateSliceBytes at most; the digest once all is read, and then it is over. */
	step(): Uint8Array | undefined {
		const count = Math.min(this.#end - this.#at, SLICE_BYTES);
		if (count > 0) this.#slots.hash(this.#slot, this.#at, count, this.#hash);
		this.#at += count;
		return this.#at === this.#end ? this.#hash.digest() : undefined;
	}

	/** Idempotent. */
	close(): void {
		this.#hash.close();
	}
}
