/**
 * Writes into the slot that does not run, from the front of a sector on: each sector is erased right before its first byte is
 * written (docs/UPDATE.md 6), no write crosses one, and each is a whole number of flash units. Throws DeviceError slot/io.
 */
import { LIMITS } from "../base/limits.ts";
import { SECTOR_BYTES, type Slots } from "../platform/slots.ts";

const UNIT_BYTES = LIMITS.flashUnitBytes;

/** The start of the sectors at the end of a slot that hold so many bytes: where a delta lies meanwhile. */
export function deltaStart(slotBytes: number, deltaBytes: number): number {
	return slotBytes - inSectors(deltaBytes);
}

/** Flash is erased by the sector: an image and a delta share none. */
export function inSectors(bytes: number): number {
	return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
}

/** `at`: in the slot. What is not a whole number of flash units is filled up with 0xFF: nothing follows it in its sector. */
export function writeBytes(slots: Slots, at: number, bytes: Uint8Array): void {
	const { length } = bytes;
	let from = 0;
	while (from < length) {
		const offset = at + from;
		const within = offset % SECTOR_BYTES;
		if (within === 0) slots.erase(offset);
		const count = Math.min(length - from, SECTOR_BYTES - within);
		slots.write(offset, inUnits(count === length ? bytes : bytes.subarray(from, from + count), count));
		from += count;
	}
}

export function inUnits(bytes: Uint8Array, count: number): Uint8Array {
	const rest = count % UNIT_BYTES;
	if (rest === 0) return bytes;
	const filled = new Uint8Array(count + UNIT_BYTES - rest).fill(0xff);
	filled.set(bytes);
	return filled;
}
