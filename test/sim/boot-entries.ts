/**
 * The boot choice as ESP-IDF's otadata keeps it: two sectors, each erased and written by itself, each with one entry: a
 * sequence whose last bit names the slot, the slot's state, and a checksum. The entry of the highest sequence whose state is
 * neither invalid nor aborted is active. A cut between erase and write leaves one entry, and the other decides.
 */
import { SLOT_STATES, type SlotNumber, type SlotState } from "../../modules/platform/slots.ts";
import { crc32 } from "../../modules/wire/crc32.ts";
import type { SimPower } from "./power.ts";

const ENTRY_BYTES = 12;
const ERASED: Uint8Array = new Uint8Array(ENTRY_BYTES).fill(0xff);

export interface BootEntry {
	readonly sequence: number;
	readonly state: SlotState;
}

/** What a snapshot holds: the bytes of both sectors' entries. Nobody changes them. */
export type BootSectors = readonly [Uint8Array, Uint8Array];

export const NO_ENTRIES: BootSectors = Object.freeze([ERASED, ERASED]) as BootSectors;

export function slotOfSequence(sequence: number): SlotNumber {
	return sequence % 2 === 1 ? 0 : 1;
}

export class BootEntries {
	readonly #power: SimPower;
	readonly #before: () => void;
	#sectors: [Uint8Array, Uint8Array];

	/** `before` is called ahead of each operation, and may throw. */
	constructor(power: SimPower, sectors: BootSectors, before: () => void) {
		this.#power = power;
		this.#sectors = [sectors[0], sectors[1]];
		this.#before = before;
	}

	get sectors(): BootSectors {
		return [this.#sectors[0], this.#sectors[1]];
	}

	entry(index: SlotNumber): BootEntry | undefined {
		return decodeEntry(this.#sectors[index]);
	}

	/** The entry that decides, and where it is. */
	active(): { readonly index: SlotNumber; readonly entry: BootEntry } | undefined {
		return this.#best((entry) => entry.state !== "invalid" && entry.state !== "aborted");
	}

	/** The newest entry that names the slot, whatever its state. */
	of(slot: SlotNumber): { readonly index: SlotNumber; readonly entry: BootEntry } | undefined {
		return this.#best((entry) => slotOfSequence(entry.sequence) === slot);
	}

	/** The lowest sequence above all that there are that names the slot. */
	nextSequence(slot: SlotNumber): number {
		const most = Math.max(this.entry(0)?.sequence ?? 0, this.entry(1)?.sequence ?? 0);
		return slotOfSequence(most + 1) === slot ? most + 1 : most + 2;
	}

	/** Erases the sector, then writes it. */
	put(index: SlotNumber, entry: BootEntry): void {
		this.erase(index);
		this.#before();
		const bytes = encodeEntry(entry);
		const operation = { part: "boot", kind: "write", what: `entry ${index}`, bytes: ENTRY_BYTES } as const;
		this.#power.bytewise(operation, this.#sectors[index], bytes, (landed) => {
			this.#sectors[index] = landed;
		});
	}

	erase(index: SlotNumber): void {
		this.#before();
		const operation = { part: "boot", kind: "erase", what: `entry ${index}`, bytes: ENTRY_BYTES } as const;
		this.#power.bytewise(operation, this.#sectors[index], ERASED, (landed) => {
			this.#sectors[index] = landed;
		});
	}

	/** Damages an entry under the board's feet. */
	damage(index: SlotNumber): void {
		const bytes = this.#sectors[index].slice();
		bytes[0]! ^= 1;
		this.#sectors[index] = bytes;
	}

	#best(
		fits: (entry: BootEntry) => boolean,
	): { readonly index: SlotNumber; readonly entry: BootEntry } | undefined {
		let best: { readonly index: SlotNumber; readonly entry: BootEntry } | undefined;
		for (const index of [0, 1] as const) {
			const entry = this.entry(index);
			if (entry === undefined || !fits(entry)) continue;
			if (best === undefined || entry.sequence > best.entry.sequence) best = { index, entry };
		}
		return best;
	}
}

function encodeEntry(entry: BootEntry): Uint8Array {
	const bytes = new Uint8Array(ENTRY_BYTES);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, entry.sequence, true);
	view.setUint32(4, SLOT_STATES.indexOf(entry.state), true);
	view.setUint32(8, crc32(bytes.subarray(0, 8)), true);
	return bytes;
}

function decodeEntry(bytes: Uint8Array): BootEntry | undefined {
	const view = new DataView(bytes.buffer, bytes.byteOffset, ENTRY_BYTES);
	const state = SLOT_STATES[view.getUint32(4, true)];
	if (view.getUint32(8, true) !== crc32(bytes.subarray(0, 8)) || state === undefined) return undefined;
	const sequence = view.getUint32(0, true);
	return sequence === 0 ? undefined : { sequence, state };
}
