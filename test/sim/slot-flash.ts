/**
 * The flash of a simulated board's slots: sectors of 4 KiB, each of which may be bad. It knows neither power nor boot choice;
 * `slots.ts` does.
 *
 * Sectors are never changed in place, so that a snapshot shares them.
 */
import { assert } from "../../modules/base/assert.ts";
import { SECTOR_BYTES, type SlotNumber } from "../../modules/platform/slots.ts";
import { decodeImageHeader, IMAGE_HEADER_BYTES, type ImageHeader } from "../../tools/update/image-header.ts";

export const ERASED: Uint8Array = new Uint8Array(SECTOR_BYTES).fill(0xff);

/** The sectors of slot 0 and of slot 1. Nobody changes their bytes. */
export type SlotSectors = readonly [readonly Uint8Array[], readonly Uint8Array[]];

export class SlotFlash {
	readonly slotBytes: number;
	readonly #sectors: readonly [Uint8Array[], Uint8Array[]];
	readonly #bad = new Set<string>();

	constructor(slotBytes: number, sectors: SlotSectors) {
		assert(slotBytes % SECTOR_BYTES === 0, "no whole sectors");
		this.slotBytes = slotBytes;
		this.#sectors = [[...sectors[0]], [...sectors[1]]];
	}

	sectors(slot: SlotNumber): readonly Uint8Array[] {
		return this.#sectors[slot];
	}

	snapshot(): SlotSectors {
		return [[...this.#sectors[0]], [...this.#sectors[1]]];
	}

	bytes(slot: SlotNumber, offset: number, count: number): Uint8Array {
		const bytes = new Uint8Array(count);
		let at = 0;
		while (at < count) {
			const within = (offset + at) % SECTOR_BYTES;
			const sector = this.#sectors[slot][(offset + at - within) / SECTOR_BYTES]!;
			const part = sector.subarray(within, Math.min(SECTOR_BYTES, within + count - at));
			bytes.set(part, at);
			at += part.length;
		}
		return bytes;
	}

	/** Within one sector. */
	put(slot: SlotNumber, offset: number, bytes: Uint8Array): void {
		const index = Math.floor(offset / SECTOR_BYTES);
		const sector = this.#sectors[slot][index]!.slice();
		sector.set(bytes, offset % SECTOR_BYTES);
		this.#sectors[slot][index] = sector;
	}

	/** The slot holds these bytes and 0xFF behind them. */
	fill(slot: SlotNumber, image: Uint8Array): void {
		const sectors = sectorsOf(image, this.slotBytes);
		for (let index = 0; index < sectors.length; index++) this.#sectors[slot][index] = sectors[index]!;
	}

	/** Of the image that the slot begins with, where it fits the slot. */
	header(slot: SlotNumber): ImageHeader | undefined {
		const header = decodeImageHeader(this.bytes(slot, 0, IMAGE_HEADER_BYTES));
		return header.ok && header.value.bytes <= this.slotBytes ? header.value : undefined;
	}

	makeBad(slot: SlotNumber, offset: number): void {
		this.#bad.add(sectorName(slot, offset));
	}

	isBad(slot: SlotNumber, offset: number): boolean {
		return this.#bad.has(sectorName(slot, offset));
	}
}

function sectorName(slot: SlotNumber, offset: number): string {
	return `${slot}/${offset - (offset % SECTOR_BYTES)}`;
}

export function sectorsOf(image: Uint8Array, slotBytes: number): Uint8Array[] {
	assert(image.length <= slotBytes, "the image does not fit the slot");
	return Array.from({ length: slotBytes / SECTOR_BYTES }, (_, index) => {
		const part = image.subarray(index * SECTOR_BYTES, (index + 1) * SECTOR_BYTES);
		if (part.length === 0) return ERASED;
		const sector = ERASED.slice();
		sector.set(part);
		return sector;
	});
}
