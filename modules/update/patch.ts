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

/** Less than this is not worth a read of its own: changes lie close together. */
const SOURCE_READ_BYTES = 128;

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
	#place: Place = "seek";
	/** Still to copy, or to insert. */
	#left = 0;
	#regionStart = 0;
	/** Where in the source the next byte is. */
	#position = 0;
	/** A part of the source that was read last, and where it begins. */
	#source: Uint8Array = this.#piece.subarray(0, 0);
	#sourceStart = 0;

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
			case "seek":
				return this.#seek(stream.number());
			case "skip":
				return this.#skip(stream.number());
			case "copying":
				return this.#copy();
			case "change":
				return this.#change(stream.byte());
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
		this.#position += number % 2 === 0 ? number / 2 : -(number + 1) / 2;
		if (this.#position < 0 || this.#position > this.#input.sourceBytes) return this.#refuse("outside-source");
		this.#regionStart = this.#produced;
		this.#place = "skip";
		return true;
	}

	#skip(count: number): boolean {
		if (count < 0) return false;
		if (count > this.#input.sourceBytes - this.#position) return this.#refuse("outside-source");
		if (count > this.#input.resultBytes - this.#produced) return this.#refuse("outside-result");
		this.#left = count;
		if (count === 0) this.#place = "change";
		else {
			this.#place = "copying";
			if (this.#filled < this.#wanted) this.#copy();
		}
		return true;
	}

	#copy(): boolean {
		const count = Math.min(this.#left, this.#wanted - this.#filled, LIMITS.patchSourceBytes);
		const from = this.#sourceAt(count);
		this.#piece.set(this.#source.subarray(from, from + count), this.#filled);
		this.#filled += count;
		this.#position += count;
		this.#left -= count;
		if (this.#left === 0) this.#place = "change";
		return true;
	}

	/** A byte of the source with this added; 0 ends the changes. */
	#change(byte: number): boolean {
		if (byte < 0) return false;
		if (byte === 0) {
			this.#place = "insert";
			return true;
		}
		if (this.#position === this.#input.sourceBytes) return this.#refuse("outside-source");
		if (this.#filled === this.#wanted) return this.#refuse("outside-result");
		const from = this.#sourceAt(1);
		this.#piece[this.#filled++] = this.#source[from]! + byte;
		this.#position++;
		this.#place = "skip";
		return true;
	}

	#insert(count: number): boolean {
		if (count < 0) return false;
		if (count > this.#input.resultBytes - this.#produced) return this.#refuse("outside-result");
		// A patch of regions that give nothing would be work without end.
		if (count === 0 && this.#produced === this.#regionStart) return this.#refuse("damaged");
		this.#left = count;
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

	/** Where in #source the next `count` bytes are, read when they are not there; the caller knows that the source has them. */
	#sourceAt(count: number): number {
		const from = this.#position - this.#sourceStart;
		if (from >= 0 && from + count <= this.#source.length) return from;
		const left = this.#input.sourceBytes - this.#position;
		this.#source = this.#input.readSource(this.#position, Math.min(left, Math.max(count, SOURCE_READ_BYTES)));
		this.#sourceStart = this.#position;
		return 0;
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
