/** A patch as the tools make it, packed in a way that needs no compressor: on XS there is none. */
import { findMatches } from "../../tools/update/matching.ts";
import { encodePatch, encodeRegions } from "../../tools/update/patch-encoder.ts";
import { storedDeflate } from "../contract/deflate-writer.ts";

export function plainDelta(source: Uint8Array, result: Uint8Array): Uint8Array {
	return encodePatch(
		source.length,
		result.length,
		encodeRegions(source, result, findMatches(source, result)),
		storedDeflate,
	);
}
