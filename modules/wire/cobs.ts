/**
 * Frames on a serial line (PROTOCOL 6): COBS( frame || CRC-32 of frame, little-endian ) || 0x00. COBS (Cheshire and
 * Baker, 1999) codes bytes without a zero, so that a zero only ever ends a frame.
 *
 * The deframer takes bytes as they come, in pieces of any size; it never throws, holds at most one frame, and whatever
 * garbage came before, the frame after the next zero is read.
 */
import { assert } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import { crc32 } from "./crc32.ts";

const CRC_BYTES = 4;
/** A block of COBS: a code byte, and at most so many bytes. */
const BLOCK_BYTES = 254;

/** The bytes that carry frame on the line, with the final zero. */
export function encodeFrame(frame: Uint8Array): Uint8Array {
	assert(frame.length <= LIMITS.serialFrameBytes, "a serial frame beyond the limit");
	const count = frame.length + CRC_BYTES;
	const crc = crc32(frame);
	const coded = new Uint8Array(count + Math.floor(count / BLOCK_BYTES) + 2);
	let code = 0; // where the open block's code byte lies
	let at = 1;
	for (let index = 0; index < count; index++) {
		const byte = index < frame.length ? frame[index]! : (crc >>> (8 * (index - frame.length))) & 0xff;
		if (byte !== 0) coded[at++] = byte;
		if (byte === 0 || (at - code > BLOCK_BYTES && index + 1 < count)) {
			coded[code] = at - code;
			code = at++;
		}
	}
	coded[code] = at - code;
	coded[at++] = 0;
	return coded.subarray(0, at);
}

/** What a line has seen. */
export interface FrameCounts {
	frames: number;
	/** Frames dropped: too long, too short, not COBS, or with a wrong CRC. */
	dropped: number;
}

export class Deframer {
	readonly counts: FrameCounts = { frames: 0, dropped: 0 };
	readonly #buffer = new Uint8Array(LIMITS.serialFrameBytes + CRC_BYTES);
	#length = 0;
	/** Bytes of the open block that are still to come. */
	#left = 0;
	/** The code byte of the open block; 0 before the first. */
	#code = 0;
	/** Nothing more of this frame is kept. */
	#broken = false;

	/** Calls deliver, in order, with each whole frame that bytes complete; the frame is deliver's to keep. */
	push(bytes: Uint8Array, deliver: (frame: Uint8Array) => void): void {
		for (let index = 0; index < bytes.length; index++) {
			const byte = bytes[index]!;
			if (byte === 0) this.#end(deliver);
			else if (this.#left > 0) {
				this.#left--;
				this.#keep(byte);
			} else this.#open(byte);
		}
	}

	#keep(byte: number): void {
		if (this.#length < this.#buffer.length) this.#buffer[this.#length++] = byte;
		else this.#broken = true;
	}

	#open(code: number): void {
		// Every block but a full one stands for a zero behind it, which the frame's end takes back.
		if (this.#code !== 0 && this.#code <= BLOCK_BYTES) this.#keep(0);
		this.#code = code;
		this.#left = code - 1;
	}

	#end(deliver: (frame: Uint8Array) => void): void {
		const empty = this.#code === 0;
		const frame = this.#broken || this.#left > 0 ? undefined : this.#checked();
		this.#length = 0;
		this.#left = 0;
		this.#code = 0;
		this.#broken = false;
		if (empty) return; // Zeros between frames wake a line and mean nothing.
		if (frame === undefined) {
			this.counts.dropped++;
			return;
		}
		this.counts.frames++;
		deliver(frame);
	}

	#checked(): Uint8Array | undefined {
		const end = this.#length - CRC_BYTES;
		if (end < 0) return undefined;
		const frame = this.#buffer.slice(0, end);
		const crc = crc32(frame);
		for (let index = 0; index < CRC_BYTES; index++) {
			if (this.#buffer[end + index] !== ((crc >>> (8 * index)) & 0xff)) return undefined;
		}
		return frame;
	}
}
