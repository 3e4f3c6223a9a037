/** The row of the decoder of delta updates (docs/DELTA.md). */
import { PatchDecoder } from "../../../modules/update/patch.ts";
import { PLAIN_INFLATE } from "../../../tools/update/inflate.ts";
import { Random } from "../../harness/random.ts";
import { plainDelta } from "../../sim/plain-delta.ts";
import { editedImage, imageLike } from "../../unit/update/patch-rig.ts";
import { type Decoder, decoder } from "./decoder.ts";

const SOURCE_BYTES = 500;
const RESULT_BYTES = 450;
const TURNS_MAX = 2000;

/** What every patch of the row starts from: the same image each time. */
function source(): Uint8Array {
	return imageLike(new Random(1, "patch-rows"), SOURCE_BYTES);
}

function decodePatch(patch: Uint8Array): Uint8Array | undefined {
	const from = source();
	const sizes = { sourceBytes: SOURCE_BYTES, resultBytes: RESULT_BYTES, patchBytes: patch.length };
	const patchDecoder = new PatchDecoder(
		{
			...sizes,
			readSource: (offset, count) => from.slice(offset, offset + count),
			readPatch: (offset, count) => patch.slice(offset, offset + count),
		},
		PLAIN_INFLATE,
	);
	const result = new Uint8Array(RESULT_BYTES);
	let filled = 0;
	for (let turn = 0; turn < TURNS_MAX; turn++) {
		const piece = patchDecoder.next();
		if (!piece.ok || piece.value === undefined) {
			patchDecoder.close();
			return piece.ok ? result : undefined;
		}
		result.set(piece.value, filled);
		filled += piece.value.length;
	}
	throw new Error("a patch without end");
}

export const PATCH_ROWS: readonly Decoder[] = Object.freeze([
	decoder("update/patch.ts", "PatchDecoder", {
		valid(random) {
			const image = editedImage(random, source(), random.between(1, 5));
			const result = new Uint8Array(RESULT_BYTES);
			result.set(image.subarray(0, RESULT_BYTES));
			return plainDelta(source(), result);
		},
		decode(bytes) {
			const result = decodePatch(bytes);
			return result === undefined ? undefined : () => plainDelta(source(), result);
		},
		loose: "many patches give one result",
	}),
]);
