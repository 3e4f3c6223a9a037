/**
 * What a station does to a chip besides talking to its firmware: which it is, its flash, its eFuses. Drivers: a process of
 * Espressif's tools (esptool.ts), and the simulated board (virtual-chip.ts). Every call is bounded in time; a call that was cut
 * may be made again.
 *
 * What cannot be undone takes a proof of the chip (proven-chip.ts), one each: a driver that is given a spent one aborts.
 */
import type { Fuse, FuseReading } from "./fuses.ts";
import type { ProvenChip } from "./proven-chip.ts";

export interface ChipIdentity {
	/** "ESP32-C3". */
	readonly chip: string;
	/** The factory's MAC, six lower case bytes with colons: unlike for each chip. */
	readonly mac: string;
	readonly flashBytes: number;
}

/** What a chip in its loader answers; nothing is ever concluded from silence. */
export type ChipAnswer =
	/** It says everything. */
	| { readonly kind: "open"; readonly identity: ChipIdentity; readonly fuses: FuseReading }
	/** It says of itself that its download mode is limited, and what it then still tells; not which chip it is. */
	| { readonly kind: "secured"; readonly told: FuseReading }
	/** Nothing answers: no chip, no cable, no power, or a chip that is not in its loader. */
	| { readonly kind: "silent" };

export interface ImageFile {
	readonly offset: number;
	readonly path: string;
}

/**
 * How images are written: `erase` the whole flash first; `fill` what is between them with 0xff, for a chip whose loader does not
 * erase any more (esptool has no stub on an ESP32-C3 with secure boot, and erases with the stub alone); `add` touches nothing else.
 */
export type WriteManner = "erase" | "fill" | "add";

export type ChipFaultCode =
	| "lost" // no chip answers there, or it went away
	| "late" // the tool was ended when its time was over
	| "secured" // download mode is closed: by its eFuses the chip may not be asked any more
	| "output" // the tool said what its driver does not read
	| "failed" // the tool said that it failed
	| "missing"; // there is no such tool

export class ChipFault extends Error {
	readonly code: ChipFaultCode;

	constructor(code: ChipFaultCode, detail: string) {
		super(detail);
		this.name = "ChipFault";
		this.code = code;
	}
}

/** Calls reject with ChipFault. */
export interface ChipDriver {
	/** Where the board's firmware is talked to; undefined while there is no such device. */
	serialLine(): string | undefined;
	/** Resets the chip into its loader, where it stays until `run`, closed or not. */
	look(): Promise<ChipAnswer>;
	/** Nothing was ever written where boot loader, tables and keys lie. After `look`. */
	isBlank(): Promise<boolean>;
	/** Each image is read back or compared by its digest. Spends the proof. */
	write(chip: ProvenChip, images: readonly ImageFile[], manner: WriteManner): Promise<void>;
	/** One-way. Spends the proof. */
	burn(chip: ProvenChip, fuse: Fuse): Promise<void>;
	/** Resets the chip into its firmware, closed or not. */
	run(): Promise<void>;
}
