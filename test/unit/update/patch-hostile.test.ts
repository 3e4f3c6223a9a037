/** Delta updates that are none: each is refused with its reason, within the sizes that the manifest names (T10, T15, I9). */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { PATCH_HEADER_BYTES } from "../../../modules/update/patch-format.ts";
import { encodePatch } from "../../../tools/update/patch-encoder.ts";
import { DeflateWriter } from "../../contract/deflate-writer.ts";
import { check, type Suite } from "../../harness/test.ts";
import { plainDelta } from "../../sim/plain-delta.ts";
import { keptPatch } from "./kept-patch.ts";
import { editedImage, imageLike, patchOf, watch } from "./patch-rig.ts";

const SOURCE = 10;
const RESULT = 8;

/** Regions that stand alone as a whole patch from ten bytes to eight, or do not. */
function outcomeOf(...regions: readonly number[]): ReturnType<typeof watch>["outcome"] {
	const source = Uint8Array.from({ length: SOURCE }, (_, index) => index);
	return watch(source, patchOf(SOURCE, RESULT, ...regions), { resultBytes: RESULT }).outcome;
}

/** Fixed codes: the regions, then the last of their bytes again and again. */
function bomb(regions: readonly number[], copies: number): Uint8Array {
	const writer = new DeflateWriter().block(1, true);
	for (const byte of regions) writer.literal(byte);
	for (let copy = 0; copy < copies; copy++) writer.copy(258, 0, 0, 0);
	return writer.endOfBlock().bytes();
}

export default function suite(t: Suite): void {
	t.test("a patch that is cut anywhere is refused as truncated (T10)", ({ random }) => {
		const source = imageLike(random, 700);
		const result = editedImage(random, source, 6);
		const patch = plainDelta(source, result);
		for (let cut = 0; cut < patch.length; cut++) {
			const { outcome } = watch(source, patch.subarray(0, cut), { resultBytes: result.length });
			check.refused(outcome, "truncated", `cut at ${cut} of ${patch.length}`);
		}
	});

	t.test("a patch with anything behind its end is refused (T10)", ({ random }) => {
		const source = imageLike(random, 700);
		const patch = plainDelta(source, source);
		for (const more of [1, 2, 511, 512, 513, 5000]) {
			const padded = concatBytes(patch, new Uint8Array(more));
			check.refused(watch(source, padded, { resultBytes: 700 }).outcome, "damaged");
		}
	});

	t.test(
		"whatever bits are flipped, nothing throws, hangs, reads outside or gives too much (T10, I9)",
		({ random, effort }) => {
			const source = imageLike(random, 300);
			const result = editedImage(random, source, 5);
			const patch = plainDelta(source, result);
			for (let bit = 0; bit < patch.length * 8; bit++) {
				const flipped = patch.slice();
				flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
				watch(source, flipped, { resultBytes: result.length });
			}
			for (let round = 0; round < 100 * effort; round++)
				watch(source, random.mutate(patch), { resultBytes: result.length });
		},
	);

	t.test(
		"a packed patch that is bent is refused, or gives another image of the same size (T10, I9)",
		({ random, effort }) => {
			const { source, result, patch } = keptPatch();
			for (let round = 0; round < 60 * effort; round++) {
				const { outcome } = watch(source, random.mutate(patch), { resultBytes: result.length });
				if (outcome.ok) check.equal(outcome.value.length, result.length);
			}
		},
	);

	t.test(
		"sizes that differ from the manifest's, and other formats, are refused before anything is read (T10)",
		() => {
			const source = new Uint8Array(SOURCE);
			const patch = plainDelta(source, source);
			const sizes = { resultBytes: SOURCE };
			check.accepted(watch(source, patch, sizes).outcome);
			const bigger = new Uint8Array(SOURCE + 1);
			check.refused(watch(bigger, patch, sizes).outcome, "other-source");
			check.refused(watch(source, patch, { resultBytes: SOURCE - 1 }).outcome, "other-result");
			check.refused(watch(source, patch, { resultBytes: SOURCE + 1 }).outcome, "other-result");
			for (let at = 0; at < 4; at++) {
				const other = patch.slice();
				other[at] = other[at]! + 1;
				check.refused(watch(source, other, sizes).outcome, "unknown-format");
			}
		},
	);

	t.test("a seek, a copy or a change outside the source is refused (T10)", () => {
		check.accepted(outcomeOf(4, 8, 0, 0));
		check.refused(outcomeOf(1, 8, 0, 0), "outside-source");
		check.refused(outcomeOf(22, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8), "outside-source");
		check.accepted(outcomeOf(20, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8));
		check.refused(outcomeOf(6, 8, 0, 0), "outside-source");
		check.refused(outcomeOf(6, 7, 5, 0, 0, 0), "outside-source");
		check.refused(outcomeOf(0xff, 0xff, 0xff, 0x7f, 8, 0, 0), "outside-source");
		check.refused(outcomeOf(0, 0xff, 0xff, 0xff, 0x7f, 0, 0), "outside-source");
	});

	t.test("a copy, a change or an insertion beyond the result is refused (T10)", () => {
		check.accepted(outcomeOf(0, 7, 5, 0, 0, 0));
		check.refused(outcomeOf(0, 9, 0, 0), "outside-result");
		check.refused(outcomeOf(0, 8, 5, 0, 0, 0), "outside-result");
		check.refused(outcomeOf(0, 8, 0, 1, 5), "outside-result");
		check.refused(outcomeOf(0, 4, 0, 5, 1, 2, 3, 4, 5), "outside-result");
		check.refused(outcomeOf(0, 8, 0, 0, 0, 1, 0, 0), "outside-result");
	});

	t.test("a region that gives nothing, and a patch that goes on behind the result, are refused (T10)", () => {
		check.refused(outcomeOf(0, 0, 0, 0, 0, 8, 0, 0), "damaged");
		check.refused(outcomeOf(0, 8, 0, 0, 0, 0, 0, 0), "damaged");
		check.refused(outcomeOf(0, 4, 0, 0), "truncated");
		check.refused(outcomeOf(0, 8, 0), "truncated");
		check.refused(outcomeOf(0, 8, 0, 0, 0), "truncated");
	});

	t.test("a number has one form: the shortest, of four groups at most (T15)", () => {
		check.accepted(outcomeOf(0, 8, 0, 0));
		check.refused(outcomeOf(0x80, 0, 8, 0, 0), "damaged");
		check.refused(outcomeOf(0, 0x88, 0, 0, 0), "damaged");
		check.refused(outcomeOf(0, 0x88, 0x80, 0x80, 0x80, 0, 0, 0), "damaged");
		check.refused(outcomeOf(0, 0x80), "truncated");
	});

	t.test("a decompression bomb gives no more than the manifest names (T10)", () => {
		const source = new Uint8Array(SOURCE);
		const resultBytes = 20000;
		const pack = (regions: readonly number[], copies: number) =>
			encodePatch(SOURCE, resultBytes, new Uint8Array(0), () => bomb(regions, copies));
		// 20,000 is a0 9c 01: an insertion of just that much, and 2.5 MB of zeros behind it.
		const inserted = watch(source, pack([0, 0, 0, 0xa0, 0x9c, 0x01, 0], 10000), { resultBytes });
		check.refused(inserted.outcome, "damaged");
		check.ok(inserted.given <= resultBytes);
		const more = watch(source, pack([0, 0, 0, 0xa1, 0x9c, 0x01, 0], 10000), { resultBytes });
		check.refused(more.outcome, "outside-result");
		check.equal(more.given, 0);
		check.refused(watch(source, pack([1], 10000), { resultBytes }).outcome, "outside-source");
	});

	t.test("blocks without content cost turns, and none of them more than its share (T10, I8)", () => {
		const empty = new DeflateWriter();
		for (let block = 0; block < 20000; block++) empty.stored(new Uint8Array(0), false);
		const blocks = empty.bytes();
		const patch = encodePatch(SOURCE, SOURCE, new Uint8Array(0), () => blocks);
		const found = watch(new Uint8Array(SOURCE), patch, { resultBytes: SOURCE });
		check.refused(found.outcome, "truncated");
		check.ok(found.turnReads <= LIMITS.patchSteps, `${found.turnReads} reads`);
		const feeds = Math.ceil((patch.length - PATCH_HEADER_BYTES) / LIMITS.inflatePieceBytes);
		check.ok(found.pauses >= Math.floor(feeds / LIMITS.patchSteps), `${found.pauses} pauses`);
	});
}
