/**
 * What a station does to a chip besides talking to its firmware: which it is, its flash, its eFuses. Drivers: a process of
 * Espressif's tools (esptool.ts), and the simulated board (virtual-chip.ts). Every call is bounded in time; a call that was cut
 * may be made again.
 */
import type { Fuse, FuseReading } from "./fuses.ts";

export interface ChipIdentity {
	/** "ESP32-C3". */
	readonly chip: string;
	/** The factory's MAC, six lower case bytes with colons: unlike for each chip. */
	readonly mac: string;
	readonly flashBytes: number;
}

export interface ImageFile {
	readonly offset: number;
	readonly path: string;
}

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
	/** Resets the chip into its download mode. */
	identify(): Promise<ChipIdentity>;
	/** Erases the whole flash first; each image is read back or compared by its digest. */
	write(images: readonly ImageFile[]): Promise<void>;
	/** Resets the chip into its firmware. */
	run(): Promise<void>;
	/** Resets the chip into its download mode. */
	readFuses(): Promise<FuseReading>;
	/** One-way. */
	burn(fuse: Fuse): Promise<void>;
}
