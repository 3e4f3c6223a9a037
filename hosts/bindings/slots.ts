/** The firmware slots: the thin half of slots.c, which checks every argument. */
import { assert } from "../../modules/base/assert.ts";
import { DeviceError } from "../../modules/base/device-error.ts";
import type { Hash } from "../../modules/platform/crypto.ts";
import {
	SECTOR_BYTES,
	SLOT_STATES,
	type SlotImage,
	type SlotNumber,
	type SlotState,
	type Slots,
} from "../../modules/platform/slots.ts";
import { done, type Fault } from "./fault.ts";

/** The words of a fault are put together when there is one: these are called with each piece of an image. */
function raise(fault: Fault, doing: string): never {
	throw new DeviceError(fault, doing);
}

type Done = Fault | undefined;

const slotBytes = native<() => number>("xs_lk_slot_bytes");
const boardName = native<() => string>("xs_lk_slot_board");
const runningSlot = native<() => SlotNumber | undefined>("xs_lk_slot_running");
const targetSlot = native<() => SlotNumber>("xs_lk_slot_target");
const slotState = native<(slot: SlotNumber) => number>("xs_lk_slot_state");
const slotImage = native<(slot: SlotNumber) => SlotImage | undefined>("xs_lk_slot_image");
const readSlot =
	native<(slot: SlotNumber, offset: number, count: number, out: Uint8Array) => Done>("xs_lk_slot_read");
const hashSlot =
	native<(slot: SlotNumber, offset: number, count: number, hash: Hash) => Done>("xs_lk_slot_hash");
const eraseSector = native<(offset: number) => Done>("xs_lk_slot_erase");
const writeBytes = native<(offset: number, bytes: Uint8Array) => Done>("xs_lk_slot_write");
const appendBytes = native<(offset: number, bytes: Uint8Array, hash: Hash) => Done>("xs_lk_slot_append");
const retireTarget = native<() => Done>("xs_lk_slot_retire");
const selectTarget = native<() => Done>("xs_lk_boot_select");
const confirmRunning = native<() => Done>("xs_lk_boot_confirm");
const revertRunning = native<() => Fault>("xs_lk_boot_revert");
const securityFloor = native<() => number>("xs_lk_boot_security_floor");
const floorIsKnown = native<() => boolean>("xs_lk_boot_security_floor_is_known");
const raiseFloor = native<(version: number) => Done>("xs_lk_boot_raise_security_floor");

export class NativeSlots implements Slots {
	readonly slotBytes: number = slotBytes();
	readonly board: string = boardName();
	readonly running: SlotNumber | undefined = runningSlot();
	readonly target: SlotNumber = targetSlot();

	state(slot: SlotNumber): SlotState {
		const state = SLOT_STATES[slotState(slot)];
		assert(state !== undefined, "slots: no such state");
		return state;
	}

	image(slot: SlotNumber): SlotImage | undefined {
		return slotImage(slot);
	}

	read(slot: SlotNumber, offset: number, count: number): Uint8Array {
		assert(count >= 1 && count <= SECTOR_BYTES, "slots: so many bytes are not read at once");
		const out = new Uint8Array(count);
		const fault = readSlot(slot, offset, count, out);
		if (fault !== undefined) raise(fault, `read slot ${slot} at ${offset}`);
		return out;
	}

	hash(slot: SlotNumber, offset: number, count: number, into: Hash): void {
		const fault = hashSlot(slot, offset, count, into);
		if (fault !== undefined) raise(fault, `read slot ${slot} at ${offset}`);
	}

	erase(offset: number): void {
		const fault = eraseSector(offset);
		if (fault !== undefined) raise(fault, `erase at ${offset}`);
	}

	write(offset: number, bytes: Uint8Array): void {
		const fault = writeBytes(offset, bytes);
		if (fault !== undefined) raise(fault, `write at ${offset}`);
	}

	append(offset: number, bytes: Uint8Array, into: Hash): void {
		const fault = appendBytes(offset, bytes, into);
		if (fault !== undefined) raise(fault, `append at ${offset}`);
	}

	retire(): void {
		done(retireTarget(), "retire");
	}

	select(): void {
		done(selectTarget(), "select");
	}

	confirm(): void {
		done(confirmRunning(), "confirm");
	}

	revert(): never {
		throw new DeviceError(revertRunning(), "revert");
	}

	get securityFloor(): number {
		return securityFloor();
	}

	get isFloorKnown(): boolean {
		return floorIsKnown();
	}

	raiseSecurityFloor(version: number): void {
		done(raiseFloor(version), `raise the security floor to ${version}`);
	}
}
