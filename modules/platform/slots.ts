/**
 * The two places of a firmware image (DESIGN 9) and the boot record that chooses between them. The states are ESP-IDF's. The
 * running image cannot be written: an update goes into the other slot, the target, and nothing boots from it between its first
 * erase or write and `select`, whatever it was before and whatever its checksum says.
 *
 * The boot loader is the host's: it boots what `select` chose once, as pending; if that boot ends without `confirm`, for
 * whatever reason, the next one finds it aborted and takes the other slot. It boots no image whose own checksum fails, nor one
 * below the security floor. While the running slot is pending the host holds a deadline that no JavaScript can put off
 * (TRIAL_DEADLINE_MS); then it resets the machine. It boots an unset or valid slot, and a new one that is chosen; an aborted or
 * invalid one not before it is written and selected again. When neither boots a recovery program runs, in no slot.
 *
 * While the running image is on trial the other slot is what a failed trial goes back to: erase, write, retire and select are then a
 * programmer's error.
 */

import type { Hash } from "./crypto.ts";

export type SlotNumber = 0 | 1;

/** In the order of their numbers. unset: no boot record names it, as a factory line leaves slot 0; it may boot. */
export const SLOT_STATES = Object.freeze(["unset", "new", "pending", "valid", "invalid", "aborted"] as const);
export type SlotState = (typeof SLOT_STATES)[number];

/** What is erased at once, and what a write never crosses. */
export const SECTOR_BYTES = 4096;

/** A pending image that did not confirm by then is reset: longer than the firmware's own patience (LIMITS.trialMs). */
export const TRIAL_DEADLINE_MS = 720000;

/** What an image says of itself. Nobody believes it: it is compared with a signed manifest. */
export interface SlotImage {
	/** Of the whole image, from the start of its slot. */
	readonly bytes: number;
	readonly sequence: number;
	readonly securityVersion: number;
	readonly version: string;
}

export interface Slots {
	/** Of each slot, a multiple of SECTOR_BYTES; 0 on a machine that cannot be updated, where nothing below may be called. */
	readonly slotBytes: number;
	/** What images for this machine are built for: 1 to 24 of [0-9A-Za-z._-]. */
	readonly board: string;
	/** Undefined when no slot runs: this is the recovery program. */
	readonly running: SlotNumber | undefined;
	/**
	 * Where an update goes; never the running slot. In recovery slot 0, or 1 when 0 alone holds a whole image; where that is for a floor that
	 * cannot be read, the one beside the image that is confirmed.
	 */
	readonly target: SlotNumber;

	state(slot: SlotNumber): SlotState;
	/** Undefined when the slot begins with no image. */
	image(slot: SlotNumber): SlotImage | undefined;
	/** A copy of 1 to SECTOR_BYTES bytes. Throws DeviceError slot/io. */
	read(slot: SlotNumber, offset: number, count: number): Uint8Array;
	/**
	 * Goes on with a hash of this machine's Crypto, as with what `read` gives of these 1 or more bytes, which need not become an object for
	 * it. Throws DeviceError slot/io or memory/exhausted: the hash is of no use then.
	 */
	hash(slot: SlotNumber, offset: number, count: number, into: Hash): void;
	/**
	 * Erases the target's sector that begins at `offset`; it then reads 0xFF. Before the first byte
	 * changes the target is invalid, unless it is aborted: it does not boot until it is selected, also where power goes. Throws
	 * DeviceError slot/io: the sector is bad, its content undefined.
	 */
	erase(offset: number): void;
	/**
	 * Into erased bytes of one sector of the target; durable when it returns. The target is invalid as after `erase`. Throws DeviceError slot/io. A cut leaves any part
	 * of it written.
	 */
	write(offset: number, bytes: Uint8Array): void;
	/**
	 * The same as `into.update(bytes)`, `erase` where `offset` begins a sector, and `write`: what each piece of an image takes, at once. Where it
	 * throws the hash is ahead of flash, and of no use.
	 */
	append(offset: number, bytes: Uint8Array, into: Hash): void;
	/**
	 * The target is invalid, unless it is aborted: it does not boot until it is selected, whatever its image is. Idempotent. A
	 * cut leaves the old state or the new one; on a board the slot may read as unset. Throws DeviceError slot/io.
	 */
	retire(): void;
	/** The next boot tries the target, as new. A cut leaves the old choice or the new one. Throws DeviceError slot/io. */
	select(): void;
	/**
	 * The running image is good: pending becomes valid, any other state stays. Idempotent. Throws DeviceError slot/io. On a
	 * board a cut may leave the slot unset and the other one chosen.
	 */
	confirm(): void;
	/** The running image is bad: marks it invalid and reboots into the other slot. Throws DeviceError slot/no-image when there is none. */
	revert(): never;

	/**
	 * No image below it boots; a fuse: it only rises (0 to 16). Where the host cannot read it no slot boots: this is the recovery program, and
	 * the floor the highest security version of the images that are confirmed (unset or valid) and would boot but for it.
	 */
	readonly securityFloor: number;
	/** False: it cannot be read, and `raiseSecurityFloor` writes it anew. May be asked of a machine without slots. */
	readonly isFloorKnown: boolean;
	/** A floor that could not be read is written anew, also by a version below it; until then select fails. Throws DeviceError slot/io. */
	raiseSecurityFloor(version: number): void;
}
