/**
 * The decoder of a delta update (docs/DELTA.md): the image of the running slot and a patch give the image of the other, a
 * sector at a time. It checks no digest; whoever calls it has found the patch's own digest right before, compares the result's
 * afterwards, and gives here the sizes that the signed manifest names.
 *
 * Whatever the patch says: nothing is read outside the source, no byte is given beyond the result's size, each region gives at
 * least one byte, and a turn takes LIMITS.patchSteps steps at most. It never throws for what it reads (I9); a DeviceError of a
 * callback goes through. RAM: PATCH_RAM_BYTES.
 */
import { assert, unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Inflate } from "../platform/inflate.ts";
import { PATCH_HEADER_BYTES, PATCH_IMAGE_BYTES_MAX, PATCH_MAGIC } from "./patch-format.ts";
import { PatchStream } from "./patch-stream.ts";

/** Why there is no result, or no more of it. The other-… ones say that the header and the manifest differ. */
export type PatchRefusal =
	| "unknown-format"
	| "other-source"
	| "other-result"
	| "truncated"
	| "damaged"
	| "outside-source"
	| "outside-result";

export interface PatchInput {
	/** Of the running image, of the image that is made and of the patch, as the signed manifest names them. */
	readonly sourceBytes: number;
	readonly resultBytes: number;
	readonly patchBytes: number;
	/** `count` bytes of the source, 1 to LIMITS.patchSourceBytes, all inside it; not changed and not kept past the next call. */
	readSource(offset: number, count: number): Uint8Array;
	/** `count` bytes of the patch, 1 to LIMITS.inflatePieceBytes, all inside it, in order, each once. */
	readPatch(offset: number, count: number): Uint8Array;
}

/** What decoding holds at once, views and small objects left out: docs/DELTA.md 4. */
export const PATCH_RAM_BYTES =
	LIMITS.inflateBytes + LIMITS.inflatePieceBytes * 2 + LIMITS.patchPieceBytes + LIMITS.patchSourceBytes;

/** Of the source, read beyond what is certain to be needed: changes lie close together. */
const LOOK_AHEAD_BYTES = 64;

/** Where in a region the next number or byte belongs. */
type Place = "seek" | "skip" | "copying" | "change" | "insert" | "inserting";

/** What `next` answers when a turn has done enough. No container at module level: a board preloads this. */
function nothingYet(): Result<Uint8Array, never> {
	return accept(new Uint8Array(0));
}

export class PatchDecoder {
	readonly #input: PatchInput;
	readonly #stream: PatchStream | undefined;
	#refusal: PatchRefusal | undefined;
	readonly #piece = new Uint8Array(LIMITS.patchPieceBytes);
	#filled = 0;
	/** Bytes that #piece gets: 0 before the first one, and when the result is whole. */
	#wanted = 0;
	/** Bytes of the result before #piece. */
	#given = 0;
	/** Bytes of the source are there from #filled to here: a change is made in place. */
	#readyEnd = 0;
	/** How far ahead in the source the next byte is, of where it comes in the result. */
	#distance = 0;
	#place: Place = "seek";
	/** Still to copy, or to insert. */
	#left = 0;
	#regionStart = 0;

	/** Throws DeviceError memory/exhausted. */
	constructor(input: PatchInput, inflate: Inflate) {
		assert(
			input.sourceBytes <= PATCH_IMAGE_BYTES_MAX && input.resultBytes <= PATCH_IMAGE_BYTES_MAX,
			"patch size",
		);
		this.#input = input;
		this.#refusal = readHeader(input);
		if (this.#refusal === undefined) {
			this.#stream = new PatchStream(inflate, input.patchBytes, (offset, count) =>
				input.readPatch(offset, count),
			);
		}
	}

	/**
	 * The next piece of the result: LIMITS.patchPieceBytes bytes, less in the last one; valid until the next call. Empty: this
	 * turn has done enough, call again in a later one. Undefined: the result is whole, and so was the patch. A refusal stays.
	 */
	next(): Result<Uint8Array | undefined, PatchRefusal> {
		const stream = this.#stream;
		if (stream === undefined || this.#refusal !== undefined) return refuse(this.#refusal ?? "unknown-format");
		if (this.#filled === this.#wanted) {
			this.#given += this.#filled;
			this.#filled = 0;
			this.#readyEnd = 0;
			this.#wanted = Math.min(this.#piece.length, this.#input.resultBytes - this.#given);
		}
		stream.allow(LIMITS.patchSteps);
		do {
			if (!stream.spend() || !this.#advance(stream)) return this.#stopped(stream);
		} while (this.#filled < this.#wanted || this.#wanted === 0);
		return accept(this.#wanted === this.#piece.length ? this.#piece : this.#piece.subarray(0, this.#wanted));
	}

	/** Gives the memory back. Idempotent; nothing else may be called after it. */
	close(): void {
		this.#stream?.close();
	}

	/** One step. False when the stream has nothing to go on with, or after a refusal. */
	#advance(stream: PatchStream): boolean {
		switch (this.#place) {
			case "skip":
				return this.#skip(stream);
			case "change":
				return this.#change(stream);
			case "copying":
				return this.#copy();
			case "seek":
				return this.#seek(stream.number());
			case "insert":
				return this.#insert(stream.number());
			case "inserting":
				return this.#take(stream);
			default:
				return unreachable(this.#place);
		}
	}

	/** Zigzag: 0, -1, 1, -2 ... from where the region before ended. */
	#seek(number: number): boolean {
		if (number < 0) return false;
		this.#distance += number % 2 === 0 ? number / 2 : -(number + 1) / 2;
		const position = this.#produced + this.#distance;
		if (position < 0 || position > this.#input.sourceBytes) return this.#refuse("outside-source");
		this.#regionStart = this.#produced;
		this.#place = "skip";
		return true;
	}

	/** Mostly the change behind the bytes that stay is within what is there: then both are one step. */
	#skip(stream: PatchStream): boolean {
		const count = stream.number();
		if (count < 0) return false;
		if (count < this.#readyEnd - this.#filled) {
			this.#filled += count;
			this.#place = "change";
			return this.#change(stream);
		}
		if (!this.#mayCopy(count)) return false;
		this.#left = count;
		this.#place = count === 0 ? "change" : "copying";
		return true;
	}

	#copy(): boolean {
		const room = this.#wanted - this.#filled;
		const count = this.#left < room ? this.#left : room;
		const ready = this.#makeReady(count);
		const copied = count < ready ? count : ready;
		this.#filled += copied;
		this.#left -= copied;
		if (this.#left === 0) this.#place = "change";
		return true;
	}

	/** A byte of the source with this added; 0 ends the changes. */
	#change(stream: PatchStream): boolean {
		const byte = stream.byte();
		if (byte > 0) {
			if (this.#filled >= this.#readyEnd) {
				if (!this.#mayCopy(1)) return false;
				this.#makeReady(1);
			}
			this.#piece[this.#filled] = this.#piece[this.#filled]! + byte;
			this.#filled++;
			this.#place = "skip";
			return true;
		}
		if (byte < 0) return false;
		this.#place = "insert";
		return true;
	}

	#insert(count: number): boolean {
		if (count < 0) return false;
		if (count > this.#input.resultBytes - this.#produced) return this.#refuse("outside-result");
		// A patch of regions that give nothing would be work without end.
		if (count === 0 && this.#produced === this.#regionStart) return this.#refuse("damaged");
		this.#left = count;
		this.#distance -= count;
		this.#readyEnd = 0;
		this.#place = count === 0 ? "seek" : "inserting";
		return true;
	}

	#take(stream: PatchStream): boolean {
		const copied = stream.copy(this.#piece, this.#filled, Math.min(this.#left, this.#wanted - this.#filled));
		if (copied === 0) return false;
		this.#filled += copied;
		this.#left -= copied;
		if (this.#left === 0) this.#place = "seek";
		return true;
	}

	#mayCopy(count: number): boolean {
		const produced = this.#produced;
		if (count > this.#input.sourceBytes - this.#distance - produced) return this.#refuse("outside-source");
		if (count > this.#input.resultBytes - produced) return this.#refuse("outside-result");
		return true;
	}

	/**
	 * Bytes of the source into the piece from #filled on, more than the `count` that are certain where there are more: a region that
	 * ends before is written over. How many are there. The source and the piece have at least one.
	 */
	#makeReady(count: number): number {
		const there = this.#readyEnd - this.#filled;
		if (there > 0) return there;
		const input = this.#input;
		const offset = this.#produced + this.#distance;
		const wanted = Math.max(LOOK_AHEAD_BYTES, Math.min(count, LIMITS.patchSourceBytes));
		const read = Math.min(wanted, this.#wanted - this.#filled, input.sourceBytes - offset);
		this.#piece.set(input.readSource(offset, read), this.#filled);
		this.#readyEnd = this.#filled + read;
		return read;
	}

	get #produced(): number {
		return this.#given + this.#filled;
	}

	#stopped(stream: PatchStream): Result<Uint8Array | undefined, PatchRefusal> {
		if (this.#refusal === undefined) {
			if (stream.state === "paused") return nothingYet();
			const whole = this.#place === "seek" && this.#wanted === 0;
			if (stream.state === "ended" && whole) return accept(undefined);
			this.#refuse(stream.state === "damaged" ? "damaged" : "truncated");
		}
		return refuse(this.#refusal!);
	}

	#refuse(reason: PatchRefusal): false {
		this.#refusal = reason;
		return false;
	}
}

function readHeader(input: PatchInput): PatchRefusal | undefined {
	if (input.patchBytes < PATCH_HEADER_BYTES) return "truncated";
	const bytes = input.readPatch(0, PATCH_HEADER_BYTES);
	const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	if (header.getUint32(0, true) !== PATCH_MAGIC) return "unknown-format";
	if (header.getUint32(4, true) !== input.sourceBytes) return "other-source";
	if (header.getUint32(8, true) !== input.resultBytes) return "other-result";
	return undefined;
}
