/**
 * Makes delta updates (docs/DELTA.md), and unpacks them with the firmware's own decoder. The same two images give the same bytes on
 * every machine: pako is zlib in JavaScript, pinned by package-lock.json, where Node's own zlib differs from one processor to
 * the next.
 */
import { deflateRaw, Z_DEFAULT_STRATEGY, Z_FILTERED } from "pako";
import { LIMITS } from "../../modules/base/limits.ts";
import { accept, type Result } from "../../modules/base/result.ts";
import { PatchDecoder, type PatchRefusal } from "../../modules/update/patch.ts";
import { PLAIN_INFLATE } from "./inflate.ts";
import { findMatches } from "./matching.ts";
import { encodePatch, encodeRegions } from "./patch-encoder.ts";

const WINDOW_BITS = Math.log2(LIMITS.inflateWindowBytes);
const MEMORY_LEVELS = Object.freeze([7, 8, 9] as const);

/** The smallest of what the packer's settings give: they decide where a block ends. */
export function packTight(plain: Uint8Array): Uint8Array {
	const packed = MEMORY_LEVELS.flatMap((memLevel) =>
		[Z_DEFAULT_STRATEGY, Z_FILTERED].map((strategy) =>
			deflateRaw(plain, { level: 9, windowBits: WINDOW_BITS, memLevel, strategy }),
		),
	);
	return packed.reduce((best, each) => (each.length < best.length ? each : best));
}

/** A patch that makes `result` of `source`. Throws RangeError for images above PATCH_IMAGE_BYTES_MAX. */
export function makeDelta(source: Uint8Array, result: Uint8Array): Uint8Array {
	const regions = encodeRegions(source, result, findMatches(source, result));
	return encodePatch(source.length, result.length, regions, packTight);
}

/** What a device makes of the patch when its manifest names `resultBytes`. */
export function applyDelta(
	source: Uint8Array,
	patch: Uint8Array,
	resultBytes: number,
): Result<Uint8Array, PatchRefusal> {
	const decoder = new PatchDecoder(
		{
			sourceBytes: source.length,
			resultBytes,
			patchBytes: patch.length,
			readSource: (offset, count) => source.slice(offset, offset + count),
			readPatch: (offset, count) => patch.slice(offset, offset + count),
		},
		PLAIN_INFLATE,
	);
	const result = new Uint8Array(resultBytes);
	let filled = 0;
	try {
		for (;;) {
			const piece = decoder.next();
			if (!piece.ok) return piece;
			if (piece.value === undefined) return accept(result);
			result.set(piece.value, filled);
			filled += piece.value.length;
		}
	} finally {
		decoder.close();
	}
}
