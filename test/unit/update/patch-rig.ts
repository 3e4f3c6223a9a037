/** A device that decodes a delta update in memory, and watches what the decoder asks for. */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { accept, type Result } from "../../../modules/base/result.ts";
import type { PatchInput, PatchRefusal } from "../../../modules/update/patch.ts";
import { PatchDecoder } from "../../../modules/update/patch.ts";
import { PLAIN_INFLATE } from "../../../tools/update/inflate.ts";
import { encodePatch } from "../../../tools/update/patch-encoder.ts";
import { storedDeflate } from "../../contract/deflate-writer.ts";
import type { Random } from "../../harness/random.ts";
import { check } from "../../harness/test.ts";

/** Beyond what any patch here needs. */
const TURNS_MAX = 20000;

/** A patch of these regions, written by hand. */
export function patchOf(sourceBytes: number, resultBytes: number, ...regions: readonly number[]): Uint8Array {
	return encodePatch(sourceBytes, resultBytes, Uint8Array.from(regions), storedDeflate);
}

export interface Watched {
	readonly outcome: Result<Uint8Array, PatchRefusal>;
	/** Bytes that came before the end, or before the refusal. */
	readonly given: number;
	/** Calls of `next` that gave something, and that gave nothing yet. */
	readonly pieces: readonly number[];
	readonly pauses: number;
	/** The most that one turn asked of the callbacks. */
	readonly turnReads: number;
}

/** Decodes to the end, and checks each call of a callback. */
export function watch(source: Uint8Array, patch: Uint8Array, sizes: Partial<PatchInput> = {}): Watched {
	const sourceBytes = sizes.sourceBytes ?? source.length;
	const patchBytes = sizes.patchBytes ?? patch.length;
	const resultBytes = sizes.resultBytes ?? 0;
	let reads = 0;
	let patchAt = 0;
	const decoder = new PatchDecoder(
		{
			sourceBytes,
			resultBytes,
			patchBytes,
			readSource(offset, count) {
				reads++;
				check.ok(count >= 1 && count <= LIMITS.patchSourceBytes, `${count} bytes of the source`);
				check.ok(offset >= 0 && offset + count <= sourceBytes, `source ${offset}+${count}`);
				return source.slice(offset, offset + count);
			},
			readPatch(offset, count) {
				reads++;
				check.ok(count >= 1 && count <= LIMITS.inflatePieceBytes, `${count} bytes of the patch`);
				check.equal(offset, patchAt, "in order, each once");
				check.ok(offset + count <= patchBytes);
				patchAt += count;
				return patch.slice(offset, offset + count);
			},
		},
		PLAIN_INFLATE,
	);
	const parts: Uint8Array[] = [];
	const pieces: number[] = [];
	let given = 0;
	let pauses = 0;
	let turnReads = 0;
	try {
		for (let turn = 0; turn < TURNS_MAX; turn++) {
			reads = 0;
			const piece = decoder.next();
			turnReads = Math.max(turnReads, reads);
			if (!piece.ok) {
				check.refused(decoder.next(), piece.reason, "a refusal stays");
				return { outcome: piece, given, pieces, pauses, turnReads };
			}
			if (piece.value === undefined) {
				check.equal(check.accepted(decoder.next()), undefined, "the end stays");
				return { outcome: accept(concatBytes(...parts)), given, pieces, pauses, turnReads };
			}
			given += piece.value.length;
			check.ok(given <= resultBytes, "no byte beyond the result");
			if (piece.value.length === 0) pauses++;
			else {
				parts.push(piece.value.slice());
				pieces.push(piece.value.length);
			}
		}
		return check.fail("a patch without end");
	} finally {
		decoder.close();
		decoder.close();
	}
}

/** Bytes as code has them: few values, runs that come again. */
export function imageLike(random: Random, bytes: number): Uint8Array {
	const image = new Uint8Array(bytes);
	let at = 0;
	while (at < bytes) {
		const from = random.below(at + 1);
		const run = Math.min(random.between(1, 40), bytes - at);
		const again = at > 64 && random.below(3) > 0;
		for (let index = 0; index < run; index++)
			image[at + index] = again ? image[(from + index) % at]! : random.below(64);
		at += run;
	}
	return image;
}

/** An image with some edits, as a later version has them: bytes changed, inserted, left out, blocks moved. */
export function editedImage(random: Random, image: Uint8Array, edits: number): Uint8Array {
	let edited = image;
	for (let edit = 0; edit < edits; edit++) {
		const at = random.below(edited.length + 1);
		const end = Math.min(edited.length, at + random.between(1, 60));
		const kind = random.below(4);
		if (kind === 0) {
			edited = edited.slice();
			for (let index = at; index < end; index += random.between(1, 9)) edited[index] = edited[index]! + 1;
		} else if (kind === 1)
			edited = concatBytes(edited.subarray(0, at), random.bytes(random.between(1, 50)), edited.subarray(at));
		else if (kind === 2) edited = concatBytes(edited.subarray(0, at), edited.subarray(end));
		else edited = concatBytes(edited.subarray(end), edited.subarray(at, end), edited.subarray(0, at));
	}
	return edited;
}
