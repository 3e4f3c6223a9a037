/** Writes a delta update as modules/update/patch.ts reads it (docs/DELTA.md 2). The packer is the caller's. */
import {
	PATCH_HEADER_BYTES,
	PATCH_IMAGE_BYTES_MAX,
	PATCH_MAGIC,
	PATCH_NUMBER_MAX,
} from "../../modules/update/patch-format.ts";
import type { Match } from "./matching.ts";

/** Raw deflate whose distances stay within LIMITS.inflateWindowBytes. */
export type Packer = (plain: Uint8Array) => Uint8Array;

class Writer {
	readonly #bytes: number[] = [];

	byte(value: number): void {
		this.#bytes.push(value);
	}

	number(value: number): void {
		if (!Number.isInteger(value) || value < 0 || value > PATCH_NUMBER_MAX)
			throw new RangeError(`no number of a patch: ${value}`);
		let left = value;
		for (; left >= 0x80; left = Math.floor(left / 0x80)) this.#bytes.push((left & 0x7f) | 0x80);
		this.#bytes.push(left);
	}

	/** 0, -1, 1, -2 ... become 0, 1, 2, 3 ... */
	signed(value: number): void {
		this.number(value < 0 ? -value * 2 - 1 : value * 2);
	}

	bytes(): Uint8Array {
		return Uint8Array.from(this.#bytes);
	}
}

/** The regions of a patch, not packed yet. */
export function encodeRegions(source: Uint8Array, result: Uint8Array, matches: readonly Match[]): Uint8Array {
	const writer = new Writer();
	let position = 0;
	for (const match of matches) {
		writer.signed(match.source - position);
		let same = 0;
		for (let index = 0; index < match.bytes; index++) {
			const change = (result[match.result + index]! - source[match.source + index]!) & 0xff;
			if (change === 0) {
				same++;
				continue;
			}
			writer.number(same);
			writer.byte(change);
			same = 0;
		}
		writer.number(same);
		writer.byte(0);
		writer.number(match.inserted);
		const from = match.result + match.bytes;
		for (const byte of result.subarray(from, from + match.inserted)) writer.byte(byte);
		position = match.source + match.bytes;
	}
	return writer.bytes();
}

/** A patch from its sizes and its regions. */
export function encodePatch(
	sourceBytes: number,
	resultBytes: number,
	regions: Uint8Array,
	pack: Packer,
): Uint8Array {
	if (Math.max(sourceBytes, resultBytes) > PATCH_IMAGE_BYTES_MAX)
		throw new RangeError("image too large for a delta");
	const packed = pack(regions);
	const patch = new Uint8Array(PATCH_HEADER_BYTES + packed.length);
	const header = new DataView(patch.buffer);
	header.setUint32(0, PATCH_MAGIC, true);
	header.setUint32(4, sourceBytes, true);
	header.setUint32(8, resultBytes, true);
	patch.set(packed, PATCH_HEADER_BYTES);
	return patch;
}
