/** Frames in packets of a radio connection (docs/BLE.md 2). */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { Fragmenter, FragmentReader, type FragmentReason } from "../../../modules/wire/ble-fragment.ts";
import type { Random } from "../../harness/random.ts";
import { check, type Suite } from "../../harness/test.ts";

const FIRST = 0x80;
const LAST = 0x40;

function cut(fragmenter: Fragmenter, bytes: () => number): Uint8Array[] {
	const packets: Uint8Array[] = [];
	for (;;) {
		const packet = fragmenter.next(bytes());
		if (packet === undefined) return packets;
		fragmenter.taken(packet);
		packets.push(packet);
	}
}

function packetsOf(frame: Uint8Array, bytes = 20): Uint8Array[] {
	const fragmenter = new Fragmenter();
	fragmenter.add(frame);
	return cut(fragmenter, () => bytes);
}

/** The reason of the first packet that is refused; undefined when none is. */
function refusalOf(packets: readonly Uint8Array[]): FragmentReason | undefined {
	const reader = new FragmentReader();
	for (const packet of packets) {
		const read = reader.push(packet);
		if (!read.ok) {
			const after = reader.push(packet);
			check.ok(!after.ok && after.reason === "broken", "it is broken for good");
			return read.reason;
		}
	}
	return undefined;
}

function packet(header: number, ...rest: readonly number[]): Uint8Array {
	return Uint8Array.of(header, ...rest);
}

export default function suite(t: Suite): void {
	t.test(
		"frames come whole and in order through packets of every size, also one that changes (T15)",
		({ random }) => {
			const fragmenter = new Fragmenter();
			const reader = new FragmentReader();
			for (let round = 0; round < 60; round++) {
				const frames = Array.from({ length: 1 + random.below(3) }, () => random.bytes(1 + random.below(700)));
				for (const frame of frames) fragmenter.add(frame);
				check.equal(
					fragmenter.queuedBytes,
					frames.reduce((sum, frame) => sum + frame.length, 0),
				);
				const size = (): number => LIMITS.radioPacketMinBytes + random.below(random.pick([1, 30, 495]));
				const came: Uint8Array[] = [];
				for (const part of cut(fragmenter, size)) {
					const read = reader.push(part);
					check.ok(read.ok);
					if (read.value !== undefined) came.push(read.value);
				}
				check.equal(came.length, frames.length);
				for (const [index, frame] of frames.entries()) check.bytes(came[index]!, frame);
				check.equal(fragmenter.queuedBytes, 0);
			}
		},
	);

	t.test(
		"the largest frame passes at an MTU of 23 and of 517, one byte more is no frame (T15, I8)",
		({ random }) => {
			const frame = random.bytes(LIMITS.localFrameBytes);
			check.equal(packetsOf(frame, LIMITS.radioPacketMinBytes).length, 243);
			check.equal(packetsOf(frame, LIMITS.radioPacketBytes).length, 9);
			const packets = packetsOf(frame);
			check.equal(refusalOf(packets), undefined);
			const total = LIMITS.localFrameBytes + 1;
			check.equal(refusalOf([packet(FIRST, total >>> 8, total & 0xff, 1)]), "total");
			check.equal(refusalOf([packet(FIRST, 0xff, 0xff, 1)]), "total");
		},
	);

	t.test(
		"a packet that waits for room is the same until it is taken, however the MTU changes after it (I7)",
		({ random }) => {
			const fragmenter = new Fragmenter();
			const frame = random.bytes(300);
			fragmenter.add(frame);
			const first = fragmenter.next(20)!;
			check.bytes(fragmenter.next(20)!, first);
			const larger = fragmenter.next(200)!;
			fragmenter.taken(larger);
			const rest = cut(fragmenter, () => 30);
			const reader = new FragmentReader();
			const last = [larger, ...rest].map((part) => reader.push(part)).at(-1)!;
			check.ok(last.ok);
			check.bytes(last.value!, frame);
		},
	);

	t.test(
		"a fragment that is missing, doubled, out of order or of another frame is refused (T2, T15)",
		({ random }) => {
			const packets = packetsOf(random.bytes(100));
			check.ok(packets.length >= 5);
			check.equal(refusalOf(packets), undefined);
			check.equal(refusalOf([packets[0]!, packets[2]!]), "sequence");
			check.equal(refusalOf([packets[0]!, packets[1]!, packets[1]!]), "sequence");
			check.equal(refusalOf([packets[0]!, packets[2]!, packets[1]!]), "sequence");
			check.equal(refusalOf(packets.slice(1)), "sequence");
			check.equal(refusalOf([...packets, ...packets]), "sequence");
		},
	);

	t.test(
		"first fragments without end, an end without a beginning, and an early or late end are refused (T15, T16)",
		() => {
			check.equal(refusalOf([packet(FIRST, 0, 9, 1), packet(FIRST | 1, 0, 9, 1)]), "first");
			check.equal(refusalOf([packet(0, 1, 2, 3)]), "first");
			check.equal(refusalOf([packet(LAST, 1)]), "first");
			check.equal(refusalOf([packet(FIRST | LAST, 0, 9, 1)]), "last");
			check.equal(refusalOf([packet(FIRST, 0, 1, 1)]), "last");
			check.equal(refusalOf([packet(FIRST, 0, 2, 1, 2, 3)]), "last");
			check.equal(refusalOf([packet(FIRST, 0, 3, 1), packet(1, 2, 3, 4)]), "last");
			check.equal(refusalOf([packet(FIRST, 0, 3, 1), packet(LAST | 1, 2)]), "last");
			check.equal(refusalOf([packet(FIRST, 0, 3, 1), packet(LAST | 1, 2, 3)]), undefined);
		},
	);

	t.test("packets without bytes, without payload or larger than any MTU are refused (T15)", () => {
		check.equal(refusalOf([new Uint8Array(0)]), "length");
		check.equal(refusalOf([packet(FIRST)]), "length");
		check.equal(refusalOf([packet(FIRST, 0)]), "length");
		check.equal(refusalOf([packet(FIRST, 0, 5)]), "length");
		check.equal(refusalOf([packet(FIRST, 0, 5, 1), packet(1)]), "length");
		check.equal(refusalOf([packet(FIRST | LAST, 0, 0, 1)]), "total");
		check.equal(refusalOf([new Uint8Array(LIMITS.radioPacketBytes + 1).fill(FIRST, 0, 1)]), "length");
	});

	t.test(
		"no bytes make the reader throw, hold more than a frame, or read on after a refusal (T15, I9)",
		({ random }) => {
			for (let round = 0; round < 400; round++) hostile(random);
		},
	);
}

/** Valid packets with a few things bent, or noise. */
function hostile(random: Random): void {
	const reader = new FragmentReader();
	const packets = packetsOf(random.bytes(1 + random.below(200)), 20 + random.below(40));
	let refused = false;
	for (const part of packets) {
		const bent = random.below(3) === 0 ? bend(random, part) : part;
		const before = bent.slice();
		const read = reader.push(bent);
		check.bytes(bent, before);
		check.ok(!refused || !read.ok, "it read on");
		if (!read.ok) refused = true;
		else if (read.value !== undefined) check.ok(read.value.length <= LIMITS.localFrameBytes);
	}
}

function bend(random: Random, part: Uint8Array): Uint8Array {
	switch (random.below(4)) {
		case 0:
			return random.bytes(random.below(LIMITS.radioPacketBytes + 20));
		case 1:
			return part.subarray(0, random.below(part.length + 1));
		case 2:
			return concatBytes(part, random.bytes(1 + random.below(5)));
		default: {
			const copy = part.slice();
			const at = random.below(Math.min(3, copy.length));
			copy[at] = copy[at]! ^ (1 << random.below(8));
			return copy;
		}
	}
}
