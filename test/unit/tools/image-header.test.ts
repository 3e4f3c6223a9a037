/** The header of firmware images as tools read it. */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { crc32 } from "../../../modules/wire/crc32.ts";
import { decodeImageHeader, IMAGE_HEADER_BYTES, imageIsWhole } from "../../../tools/update/image-header.ts";
import { quickCrc32 } from "../../../tools/update/quick-crc32.ts";
import { check, type Suite } from "../../harness/test.ts";
import { slotImage } from "../../sim/slot-image.ts";

export default function suite(t: Suite): void {
	t.test("an image says its sequence, security version, text version and board", () => {
		const image = slotImage({ sequence: 7, securityVersion: 3, version: "1.2.3", board: "a-board" });
		const header = check.accepted(decodeImageHeader(image));
		check.equal(header.bytes, image.length);
		check.deepEqual(
			[header.sequence, header.securityVersion, header.version, header.board],
			[7, 3, "1.2.3", "a-board"],
		);
		check.ok(imageIsWhole(image));
	});

	t.test("a header is read at any place of a larger buffer, and text may fill its field", () => {
		const image = slotImage({ version: "v".repeat(32), board: "b".repeat(24) });
		const larger = new Uint8Array(image.length + 20).fill(0xff);
		larger.set(image, 3);
		const header = check.accepted(decodeImageHeader(larger.subarray(3)));
		check.deepEqual([header.version, header.board], ["v".repeat(32), "b".repeat(24)]);
		check.ok(imageIsWhole(larger.subarray(3)));
	});

	t.test("what is short, no image, of another format or badly padded is refused", () => {
		const image = slotImage();
		const changed = (offset: number, byte: number): Uint8Array => {
			const copy = image.slice();
			copy[offset] = byte;
			return copy;
		};
		check.refused(decodeImageHeader(image.subarray(0, IMAGE_HEADER_BYTES - 1)), "too-short");
		check.refused(decodeImageHeader(new Uint8Array(0)), "too-short");
		check.refused(decodeImageHeader(changed(7, 0)), "no-image");
		check.refused(decodeImageHeader(changed(8, 1)), "other-format");
		check.refused(decodeImageHeader(changed(79, 0x31)), "damaged");
		check.refused(decodeImageHeader(changed(48, 0x1f)), "damaged");
		check.refused(decodeImageHeader(changed(80, 0x7f)), "damaged");
		const short = image.slice();
		new DataView(short.buffer).setUint32(20, IMAGE_HEADER_BYTES - 1, true);
		check.refused(decodeImageHeader(short), "damaged");
	});

	t.test("an image that was cut or changed anywhere is not whole", ({ random }) => {
		const image = slotImage({ body: random.bytes(400) });
		for (const length of [0, 1, 103, 104, image.length - 1])
			check.ok(!imageIsWhole(image.subarray(0, length)));
		for (let at = 0; at < image.length; at++) {
			const copy = image.slice();
			copy[at]! ^= 1 << random.below(8);
			check.ok(!imageIsWhole(copy), `byte ${at}`);
		}
	});

	t.test("the checksum of the tools is the lock's, of any length and in any two parts", ({ random }) => {
		for (let length = 0; length < 40; length++) {
			const bytes = random.bytes(length);
			check.equal(quickCrc32(bytes), crc32(bytes), `${length} bytes`);
			const rest = random.bytes(random.below(40));
			check.equal(quickCrc32(rest, quickCrc32(bytes)), crc32(concatBytes(bytes, rest)));
		}
	});

	t.test("no bytes make the reader throw (I9)", ({ random, effort }) => {
		const image = slotImage();
		for (let round = 0; round < 500 * effort; round++) {
			const bytes = random.below(2) === 0 ? random.bytes(random.below(300)) : image.slice();
			for (let changes = random.below(20); changes > 0 && bytes.length > 0; changes--) {
				bytes[random.below(bytes.length)] = random.below(256);
			}
			decodeImageHeader(bytes);
			imageIsWhole(bytes);
		}
	});
}
