/** The contract of Inflate (platform/inflate.ts): RFC 1951 in pieces of any size, whatever the bytes are. */
import { bytesEqual, concatBytes, fromHex } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import type { Inflate, InflateStop } from "../../modules/platform/inflate.ts";
import type { Random } from "../harness/random.ts";
import { check, type Suite } from "../harness/test.ts";
import { DeflateWriter, storedDeflate } from "./deflate-writer.ts";
import type { OpenJig } from "./jig.ts";

const PIECE = LIMITS.inflatePieceBytes;
const WINDOW = LIMITS.inflateWindowBytes;
/** Beyond what any input here becomes. */
const READS_MAX = 200000;

interface Inflated {
	readonly bytes: Uint8Array;
	/** "hungry": all was fed, and it is not over. */
	readonly stop: InflateStop;
	/** Bytes of the input that the stream did not need. */
	readonly unused: number;
}

/** Feeds pieces and reads pieces of sizes that `feedBytes` and `readBytes` give. */
function inflateAll(
	inflate: Inflate,
	packed: Uint8Array,
	feedBytes: () => number,
	readBytes: () => number,
): Inflated {
	const inflation = inflate.open();
	const parts: Uint8Array[] = [];
	let at = 0;
	try {
		for (let reads = 0; reads < READS_MAX; reads++) {
			// What lies behind the room must stay as it is.
			const around = new Uint8Array(readBytes() + 2).fill(0xa5);
			const room = around.subarray(1, around.length - 1);
			const read = inflation.read(room);
			check.equal(around[0], 0xa5);
			check.equal(around[around.length - 1], 0xa5);
			if (typeof read === "number") {
				check.ok(read >= 1 && read <= room.length, `${read} bytes`);
				parts.push(room.slice(0, read));
				continue;
			}
			const fed = Math.min(feedBytes(), packed.length - at);
			if (read !== "hungry" || fed === 0) {
				check.equal(inflation.read(room), read);
				const unused = inflation.unused() + packed.length - at;
				return { bytes: concatBytes(...parts), stop: read, unused };
			}
			inflation.feed(packed.subarray(at, at + fed));
			at += fed;
		}
		return check.fail("a stream without end");
	} finally {
		inflation.close();
		inflation.close();
	}
}

function whole(inflate: Inflate, packed: Uint8Array): Inflated {
	return inflateAll(
		inflate,
		packed,
		() => PIECE,
		() => PIECE,
	);
}

/** 591 bytes, and what zlib's best makes of them: one block with codes of its own. */
const TEXT = encodeUtf8(
	"The quick brown fox jumps over the lazy dog. ".repeat(3) +
		"Pack my box with five dozen liquor jugs; how vexingly quick daft zebras jump! ".repeat(2) +
		Array.from({ length: 300 }, (_, index) =>
			String.fromCharCode(97 + ((index * index * 7 + index) % 26)),
		).join(""),
);
const PACKED_TEXT = fromHex(
	"ed8dbb11c23010445b591aa0019a207003277c960e241f96f5b15cbd350c311164843befedeee0184b96db03266a9d31e9867b0ecf155a382275ec696f18d59e31fc4cbe52f74283e95295e43049e18e769ee165c91a7bd7ae1738ad28bcc96c7d7bcf8f3425ec6c22adaf83d397d74858436b4159c8fec3c77000",
)!;

/** `count` bytes B after one A, by copies of the byte before. */
function repeated(writer: DeflateWriter, count: number): DeflateWriter {
	writer.literal(0x41).literal(0x42);
	let left = count - 1;
	for (; left >= 258; left -= 258) writer.copy(258, 0, 0, 0);
	for (; left > 0; left--) writer.literal(0x42);
	return writer;
}

function someStreams(random: Random): readonly Uint8Array[] {
	return [
		PACKED_TEXT,
		storedDeflate(random.bytes(random.below(1500))),
		repeated(new DeflateWriter().block(1, true), random.between(1, 9000)).endOfBlock().bytes(),
	];
}

export function inflateContract(t: Suite, open: OpenJig): void {
	t.test("a stream inflates to the same bytes whatever pieces it is fed and read in", async ({ random }) => {
		const { inflate } = (await open()).platform;
		const expected: readonly (readonly [Uint8Array, Uint8Array])[] = [
			[PACKED_TEXT, TEXT],
			[storedDeflate(TEXT), TEXT],
			[storedDeflate(new Uint8Array(0)), new Uint8Array(0)],
			[
				repeated(new DeflateWriter().block(1, false), 700).endOfBlock().stored(TEXT, true).bytes(),
				concatBytes(Uint8Array.of(0x41), new Uint8Array(700).fill(0x42), TEXT),
			],
		];
		for (const [packed, plain] of expected) {
			for (const [feed, read] of [
				[1, 1],
				[1, PIECE],
				[PIECE, 1],
				[PIECE, PIECE],
				[0, 0],
			] as const) {
				const size = (wanted: number) => (): number => (wanted > 0 ? wanted : random.between(1, PIECE));
				const found = inflateAll(inflate, packed, size(feed), size(read));
				check.equal(found.stop, "ended");
				check.equal(found.unused, 0);
				check.bytes(found.bytes, plain);
			}
		}
	});

	t.test(
		"a copy reaches back over the whole window, and no host needs more memory for it than it has",
		async () => {
			const { inflate } = (await open()).platform;
			// 4,096 is distance code 23: 3,073 and ten bits more.
			const packed = repeated(new DeflateWriter().block(1, true), WINDOW - 1)
				.copy(3, 23, WINDOW - 3073, 10)
				.endOfBlock()
				.bytes();
			const found = whole(inflate, packed);
			check.equal(found.stop, "ended");
			check.equal(found.bytes.length, WINDOW + 3);
			check.bytes(found.bytes.subarray(WINDOW - 1), "42414242");
		},
	);

	t.test(
		"a copy from before the first byte, or from far beyond the window, is broken (I9, T15)",
		async () => {
			const { inflate } = (await open()).platform;
			const early = new DeflateWriter().block(1, true).literal(1).copy(3, 1, 0, 0).endOfBlock().bytes();
			check.equal(whole(inflate, early).stop, "broken");
			const far = repeated(new DeflateWriter().block(1, true), 3 * WINDOW)
				.copy(3, 26, 0, 12)
				.endOfBlock()
				.bytes();
			check.equal(whole(inflate, far).stop, "broken");
		},
	);

	t.test("bytes that are no deflate stream are broken (I9, T15)", async () => {
		const { inflate } = (await open()).platform;
		const reserved = new DeflateWriter().block(3, true).number(0, 29).bytes();
		check.equal(whole(inflate, reserved).stop, "broken");
		check.equal(whole(inflate, fromHex("0105000000")!).stop, "broken");
		const noSuchLength = new DeflateWriter().block(1, true).literal(286).number(0, 24).bytes();
		check.equal(whole(inflate, noSuchLength).stop, "broken");
	});

	t.test(
		"a stream that is cut anywhere stays hungry, and one that goes on is known by what is unused",
		async ({ random }) => {
			const { inflate } = (await open()).platform;
			for (const packed of someStreams(random)) {
				for (let cut = 0; cut < packed.length; cut += packed.length > 300 ? random.between(1, 40) : 1)
					check.equal(whole(inflate, packed.subarray(0, cut)).stop, "hungry");
				const more = random.between(1, 600);
				const found = whole(inflate, concatBytes(packed, random.bytes(more)));
				check.equal(found.stop, "ended");
				check.equal(found.unused, more);
			}
		},
	);

	t.test(
		"whatever the bytes, nothing throws, and pieces change nothing that is read (I9)",
		async ({ random, effort }) => {
			const { inflate } = (await open()).platform;
			for (let round = 0; round < 60 * effort; round++) {
				const from = random.pick([...someStreams(random), random.bytes(random.below(80))]);
				const bytes = random.mutate(from);
				const first = whole(inflate, bytes);
				const again = inflateAll(
					inflate,
					bytes,
					() => random.between(1, PIECE),
					() => PIECE,
				);
				// A distance just beyond the window may be read or refused, as the pieces fall.
				if (first.stop === "broken" || again.stop === "broken") continue;
				check.equal(again.stop, first.stop);
				check.ok(bytesEqual(again.bytes, first.bytes));
			}
		},
	);

	t.test("streams are opened and closed without end, each at its own beginning", async () => {
		const { inflate } = (await open()).platform;
		for (let round = 0; round < 40; round++) {
			const inflation = inflate.open();
			inflation.feed(PACKED_TEXT.subarray(0, 1 + round));
			inflation.read(new Uint8Array(PIECE));
			inflation.close();
		}
		check.bytes(whole(inflate, PACKED_TEXT).bytes, TEXT);
	});

	t.test("feeding what is not hungry, too much or nothing is a programmer's error", async () => {
		const { inflate } = (await open()).platform;
		const inflation = inflate.open();
		check.throws(() => inflation.feed(new Uint8Array(PIECE + 1)));
		check.throws(() => inflation.feed(new Uint8Array(0)));
		inflation.feed(PACKED_TEXT);
		check.throws(() => inflation.feed(PACKED_TEXT));
		inflation.close();
	});
}
