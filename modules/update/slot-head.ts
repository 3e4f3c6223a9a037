/**
 * The first bytes of the slot that does not run, which say that an image begins there: written last, when every digest is right (docs/UPDATE.md
 * 6). Until then the slot begins with erased flash, so that no boot loader finds an image there, also where flash lost the record
 * that says that it may not boot. They wait in RAM, and in a record once their chunk's digest was right, so that a cut costs no chunk.
 *
 * Invariants: while anything in the slot is unverified its first flash unit is erased; what is written there in the end is what the digest
 * of the whole image was made of, and was read back. Where it does not stay its sector is erased and written anew, once.
 */
import { bytesEqual } from "../base/bytes.ts";
import { attempt, DeviceError } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import { SECTOR_BYTES, type Slots } from "../platform/slots.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import { inUnits, writeBytes } from "./slot-writer.ts";

const UNIT_BYTES = LIMITS.flashUnitBytes;

/** Of whichever image was in the slot last: a digest says whether they are this one's. */
export const CODEC = recordCodec<Uint8Array>({
	row: RECORDS.updateHead,
	format: 1,
	encode: (head) => ({ 1: head }),
	decode: (fields: CborMap) => (fields.hasOnly([0, 1]) ? fields.bytes(1, UNIT_BYTES) : undefined),
});

export class SlotHead {
	readonly #slots: Slots;
	readonly #store: Store;
	#head: Uint8Array | undefined;
	/** Flash begins with an erased unit, and stays so until `place`. */
	#isBare = false;
	/** The whole first sector is erased, and nothing is in it. */
	#isErased = false;
	/** The last digest from the start of the slot on began with the head, and not with what is there. */
	#wasWithheld = false;
	/** Why the record could not be used at boot, for the caller to log once. */
	readonly fault: Exclude<ReadReason, "absent"> | undefined;

	constructor(slots: Slots, store: Store) {
		this.#slots = slots;
		this.#store = store;
		const kept = store.read(CODEC);
		if (!kept.ok && kept.reason !== "absent") this.fault = kept.reason;
	}

	/** A download begins: what the last one left may serve. */
	begin(): void {
		const kept = this.#store.read(CODEC);
		this.#head = kept.ok ? kept.value : undefined;
		this.#isBare = false;
		this.#isErased = false;
		this.#wasWithheld = false;
	}

	/**
	 * As writeBytes, of whatever may be the first to be written in a download, or the first of the slot. `hasStart`: the first chunk is good as
	 * it lies there. Throws DeviceError slot/io.
	 */
	write(at: number, bytes: Uint8Array, hasStart: boolean): void {
		if (at !== 0) {
			this.#bare(hasStart);
			return writeBytes(this.#slots, at, bytes);
		}
		const first = bytes.slice(0, UNIT_BYTES);
		this.#head = inUnits(first, first.length);
		if (!this.#isErased) this.#slots.erase(0);
		this.#isBare = true;
		this.#isErased = false;
		if (bytes.length > UNIT_BYTES) writeBytes(this.#slots, UNIT_BYTES, bytes.subarray(UNIT_BYTES));
	}

	/** The digest of the first chunk was right. What flash refuses lasts as long as this boot; so it does beside a record that cannot be read now. */
	keep(): void {
		const head = this.#head;
		if (head === undefined) return;
		const kept = this.#store.read(CODEC);
		const isStale = kept.ok ? !bytesEqual(kept.value, head) : isFree(kept.reason);
		if (isStale) this.#store.write(CODEC, head);
	}

	/** What a digest of the slot from its start on begins with in flash's place; undefined: with what is there. `place` goes by the last one. */
	forDigest(): Uint8Array | undefined {
		const withheld = this.#withheld();
		this.#wasWithheld = withheld !== undefined;
		return withheld;
	}

	#withheld(): Uint8Array | undefined {
		const head = this.#head;
		const there = this.#there();
		return head !== undefined && there !== undefined && canBecome(there, head) ? head : undefined;
	}

	/** The digest of the whole image was right: the last write before it is chosen. Throws DeviceError slot/io. */
	place(): void {
		const slots = this.#slots;
		const head = this.#head;
		// What is there was verified as it is.
		if (head === undefined || !this.#wasWithheld) return;
		const there = slots.read(slots.target, 0, UNIT_BYTES);
		if (bytesEqual(there, head)) return;
		if (!canBecome(there, head)) throw new DeviceError("slot/io", "the start of the slot rotted");
		this.#isBare = false;
		slots.write(0, head);
		if (this.#isThere(head)) return;
		const rest = slots.read(slots.target, UNIT_BYTES, SECTOR_BYTES - UNIT_BYTES);
		slots.erase(0);
		slots.write(UNIT_BYTES, rest);
		slots.write(0, head);
		if (!this.#isThere(head)) throw new DeviceError("slot/io", "the start of the image did not stay");
	}

	#isThere(head: Uint8Array): boolean {
		return bytesEqual(this.#slots.read(this.#slots.target, 0, UNIT_BYTES), head);
	}

	/** Takes the head of whatever image is in the slot, before anything else of it becomes another one. */
	#bare(hasStart: boolean): void {
		if (this.#isBare) return;
		const slots = this.#slots;
		const there = this.#there();
		if (there === undefined || !isErased(there)) {
			const rest = hasStart ? slots.read(slots.target, UNIT_BYTES, SECTOR_BYTES - UNIT_BYTES) : undefined;
			if (hasStart) {
				this.#head = this.#withheld() ?? there;
				this.keep();
			}
			slots.erase(0);
			if (rest === undefined) this.#isErased = true;
			else slots.write(UNIT_BYTES, rest);
		}
		this.#isBare = true;
	}

	#there(): Uint8Array | undefined {
		const read = attempt(() => this.#slots.read(this.#slots.target, 0, UNIT_BYTES));
		return read.ok ? read.value : undefined;
	}
}

/** Nothing is there that is worth keeping. */
function isFree(reason: ReadReason): boolean {
	return reason === "absent" || reason === "corrupt";
}

/** A write only clears bits. */
function canBecome(there: Uint8Array, head: Uint8Array): boolean {
	return there.every((byte, index) => (byte & head[index]!) === head[index]);
}

function isErased(bytes: Uint8Array): boolean {
	return bytes.every((byte) => byte === 0xff);
}
