/** Delta updates: what the encoder writes the decoder makes whole again, a sector at a time (docs/DELTA.md). */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { DeviceError } from "../../../modules/base/device-error.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { PATCH_RAM_BYTES, PatchDecoder } from "../../../modules/update/patch.ts";
import { PLAIN_INFLATE } from "../../../tools/update/inflate.ts";
import { check, type Suite } from "../../harness/test.ts";
import { plainDelta } from "../../sim/plain-delta.ts";
import { keptPatch } from "./kept-patch.ts";
import { editedImage, imageLike, patchOf, watch } from "./patch-rig.ts";

const RAM_BYTES_MAX = 32768;

function checkRoundTrip(source: Uint8Array, result: Uint8Array): void {
	const { outcome, pieces, turnReads } = watch(source, plainDelta(source, result), {
		resultBytes: result.length,
	});
	check.bytes(check.accepted(outcome), result);
	const last = pieces.at(-1) ?? LIMITS.patchPieceBytes;
	check.ok(
		pieces.slice(0, -1).every((bytes) => bytes === LIMITS.patchPieceBytes) && last > 0,
		"whole sectors",
	);
	check.ok(turnReads <= LIMITS.patchSteps + 1, `${turnReads} reads in one turn`);
}

export default function suite(t: Suite): void {
	t.test(
		"the next image comes out of this one and a delta, whatever was changed, inserted, left out or moved",
		({ random, effort }) => {
			for (let round = 0; round < 12 * effort; round++) {
				const source = imageLike(random, random.between(1, 12000));
				checkRoundTrip(source, editedImage(random, source, random.between(1, 30)));
			}
		},
	);

	t.test("empty, equal, grown, shrunk, moved and unlike images have deltas", ({ random }) => {
		const nothing = new Uint8Array(0);
		const image = imageLike(random, 9000);
		const half = image.subarray(0, 4500);
		const pairs: readonly (readonly [Uint8Array, Uint8Array])[] = [
			[nothing, nothing],
			[nothing, image],
			[image, nothing],
			[image, image],
			[half, image],
			[image, half],
			[image, concatBytes(image.subarray(4500), half)],
			[image, concatBytes(image, image)],
			[image, random.bytes(5000)],
			[new Uint8Array(5000), new Uint8Array(9000).fill(1)],
			[image.subarray(0, 4096), image.subarray(0, 8192)],
		];
		for (const [source, result] of pairs) checkRoundTrip(source, result);
	});

	t.test("a packed patch that was made once is read for ever", () => {
		const { source, result, patch } = keptPatch();
		const { outcome } = watch(source, patch, { resultBytes: result.length });
		check.bytes(check.accepted(outcome), result);
	});

	t.test("the patch of equal images is a few bytes", ({ random }) => {
		const image = imageLike(random, 9000);
		check.ok(plainDelta(image, image).length < 40);
	});

	t.test("a region copies, changes and inserts as docs/DELTA.md says", () => {
		const source = Uint8Array.of(10, 20, 30, 40, 50);
		// from 1: two as they are, one plus 7, none, one minus 1; the end of changes; insert 2; from 0: one; nothing to insert
		const patch = patchOf(5, 7, 2, 2, 7, 0, 255, 0, 0, 2, 98, 99, 9, 1, 0, 0);
		check.bytes(check.accepted(watch(source, patch, { resultBytes: 7 }).outcome), "141e2f3162630a");
	});

	t.test("a turn does a bounded amount of work and then says that it has more to do (I8)", ({ random }) => {
		const source = random.bytes(6000);
		const result = source.map((byte, index) => (index % 3 === 0 ? byte + 1 : byte));
		const { outcome, pauses } = watch(source, plainDelta(source, result), { resultBytes: result.length });
		check.bytes(check.accepted(outcome), result);
		check.ok(pauses >= Math.floor(result.length / 3 / LIMITS.patchSteps) - 2, `${pauses} pauses`);
	});

	t.test(
		"another source of the same size gives other bytes, and no fault: the digest tells",
		({ random }) => {
			const source = imageLike(random, 5000);
			const result = editedImage(random, source, 10);
			const other = editedImage(random, imageLike(random, 6000), 3).subarray(0, 5000);
			const { outcome } = watch(other, plainDelta(source, result), { resultBytes: result.length });
			check.equal(check.accepted(outcome).length, result.length);
		},
	);

	t.test("a fault of flash goes through, as itself", () => {
		const source = new Uint8Array(100).fill(1);
		const patch = plainDelta(source, source);
		const decoder = new PatchDecoder(
			{
				sourceBytes: 100,
				resultBytes: 100,
				patchBytes: patch.length,
				readSource: () => {
					throw new DeviceError("slot/io", "read");
				},
				readPatch: (offset, count) => patch.slice(offset, offset + count),
			},
			PLAIN_INFLATE,
		);
		check.throws(() => decoder.next(), "slot/io");
		decoder.close();
	});

	t.test("all that a decoder holds fits into 32 KiB (I8)", () => {
		check.ok(PATCH_RAM_BYTES <= RAM_BYTES_MAX, `${PATCH_RAM_BYTES} bytes`);
	});
}
