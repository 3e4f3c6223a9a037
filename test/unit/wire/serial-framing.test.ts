import { toHex } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { Deframer, encodeFrame } from "../../../modules/wire/cobs.ts";
import { crc32 } from "../../../modules/wire/crc32.ts";
import { check, type Suite } from "../../harness/test.ts";

function framesOf(deframer: Deframer, ...pieces: readonly Uint8Array[]): string[] {
	const frames: string[] = [];
	for (const piece of pieces) deframer.push(piece, (frame) => frames.push(toHex(frame)));
	return frames;
}

function run(length: number, first = 1): Uint8Array {
	return Uint8Array.from({ length }, (_, index) => ((first + index - 1) % 255) + 1);
}

export default function suite(t: Suite): void {
	t.test("the CRC has the published check value", () => {
		check.equal(crc32(encodeUtf8("123456789")), 0xcbf43926);
		check.equal(crc32(new Uint8Array(0)), 0);
	});

	t.test("a frame has no zero on the line but its last byte, and costs one byte in 254", () => {
		for (const length of [0, 1, 249, 250, 251, 252, 253, 254, 255, 504, 508, 4096, LIMITS.serialFrameBytes]) {
			for (const frame of [new Uint8Array(length), run(length), run(length, 200)]) {
				const coded = encodeFrame(frame);
				check.equal(coded.indexOf(0), coded.length - 1);
				check.ok(
					coded.length <= length + 4 + Math.ceil((length + 4) / 254) + 1,
					`${length}: ${coded.length}`,
				);
				const deframer = new Deframer();
				check.deepEqual(framesOf(deframer, coded), [toHex(frame)]);
				check.deepEqual(deframer.counts, { frames: 1, dropped: 0 });
			}
		}
	});

	t.test("a known frame has the bytes that PROTOCOL 6 says", () => {
		// CRC-32 of 11 00 22 is 0x37c551b1 (zlib says so too), little-endian behind the frame.
		check.bytes(encodeFrame(Uint8Array.of(0x11, 0, 0x22)), "02110622b151c53700");
	});

	t.test("frames come whole from pieces of any size, in order", ({ random }) => {
		const frames = Array.from({ length: 20 }, () => random.bytes(random.below(600)));
		const line = frames.flatMap((frame) => [...encodeFrame(frame)]);
		const pieces: Uint8Array[] = [];
		while (line.length > 0) pieces.push(Uint8Array.from(line.splice(0, random.between(1, 300))));
		check.deepEqual(framesOf(new Deframer(), ...pieces), frames.map(toHex));
	});

	t.test(
		"after garbage, a cut frame or an endless one, the frame behind the next zero is read (T15)",
		({ random }) => {
			const good = encodeFrame(run(40));
			const cut = good.subarray(0, 17);
			const noise = random.bytes(500).map((byte) => byte | 1);
			const endless = new Uint8Array(3 * LIMITS.serialFrameBytes).fill(0xff);
			for (const garbage of [cut, noise, endless]) {
				const deframer = new Deframer();
				check.deepEqual(framesOf(deframer, garbage, Uint8Array.of(0), good), [toHex(run(40))]);
				check.deepEqual(deframer.counts, { frames: 1, dropped: 1 });
			}
		},
	);

	t.test("a flipped bit anywhere drops the frame", () => {
		const good = encodeFrame(run(30));
		for (let bit = 0; bit < 8 * (good.length - 1); bit++) {
			const bad = good.slice();
			bad[bit >> 3] = bad[bit >> 3]! ^ (1 << (bit & 7));
			check.deepEqual(framesOf(new Deframer(), bad), [], `bit ${bit}`);
		}
	});

	t.test("zeros between frames mean nothing and are not counted", () => {
		const deframer = new Deframer();
		check.deepEqual(framesOf(deframer, new Uint8Array(10), encodeFrame(run(3)), new Uint8Array(2)), [
			toHex(run(3)),
		]);
		check.deepEqual(deframer.counts, { frames: 1, dropped: 0 });
	});

	t.test("a frame above the limit asserts when it is made and is dropped when it comes (I8)", () => {
		check.throws(() => encodeFrame(new Uint8Array(LIMITS.serialFrameBytes + 1)), "AssertionFault");
		const deframer = new Deframer();
		const long = Uint8Array.of(...Array.from({ length: 20 }, () => [0xff, ...run(254)]).flat(), 1, 0);
		check.deepEqual(framesOf(deframer, long), []);
		check.deepEqual(deframer.counts, { frames: 0, dropped: 1 });
	});
}
