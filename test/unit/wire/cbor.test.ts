import { fromHex } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { type CborReason, decodeCbor, decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { type CborInput, encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { asArray, asBytes, asInt, asText, asUint, CborMap } from "../../../modules/wire/cbor-map.ts";
import { check, type Suite } from "../../harness/test.ts";

function decodeHex(hex: string) {
	return decodeCbor(fromHex(hex)!);
}

function mapOf(value: CborInput): CborMap {
	return check.accepted(decodeCborMap(encodeCbor(value)));
}

export default function suite(t: Suite): void {
	t.test("each refusal has its own reason", () => {
		const refusals: readonly (readonly [string, CborReason])[] = [
			["", "truncated"],
			["18", "truncated"],
			["42ff", "truncated"],
			["820a", "truncated"],
			["0000", "trailing"],
			["1c", "reserved"],
			["fc", "reserved"],
			["1817", "not-shortest"],
			["190017", "not-shortest"],
			["1a0000ffff", "not-shortest"],
			["1b00000000ffffffff", "not-shortest"],
			["580100", "not-shortest"],
			["9801f6", "not-shortest"],
			["5f4100ff", "indefinite"],
			["9fff", "indefinite"],
			["ff", "indefinite"],
			["1b0020000000000000", "range"],
			["3b001fffffffffffff", "range"],
			["61ff", "text"],
			["63eda080", "text"],
			["62c080", "text"],
			["a14100f6", "key"],
			["a1f600", "key"],
			["a201000000", "order"],
			["a2616100 00f6".replaceAll(" ", ""), "order"],
			["a20001 0001".replaceAll(" ", ""), "duplicate"],
			["a2616100616100", "duplicate"],
			["818181818181818180", "depth"],
			["f93c00", "unsupported"],
			["c000", "unsupported"],
			["f7", "unsupported"],
			["f0", "unsupported"],
			["f818", "unsupported"],
		];
		for (const [hex, reason] of refusals) check.refused(decodeHex(hex), reason, hex);
		check.refused(decodeCborMap(Uint8Array.of(0x80)), "not-a-map");
	});

	t.test("integers go to the ends of ±(2^53 - 1) and no further", () => {
		for (const value of [
			0,
			23,
			24,
			255,
			256,
			65535,
			65536,
			4294967295,
			4294967296,
			Number.MAX_SAFE_INTEGER,
		]) {
			check.equal(check.accepted(decodeCbor(encodeCbor(value))), value);
			if (value > 0) check.equal(check.accepted(decodeCbor(encodeCbor(-value))), -value);
		}
		check.bytes(encodeCbor(Number.MAX_SAFE_INTEGER), "1b001fffffffffffff");
		check.bytes(encodeCbor(Number.MIN_SAFE_INTEGER), "3b001ffffffffffffe");
		check.bytes(encodeCbor(-0), "00");
	});

	t.test("a number without an encoding asserts", () => {
		for (const value of [0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
			check.throws(() => encodeCbor(value), "AssertionFault");
		}
		check.throws(() => encodeCbor(undefined as unknown as CborInput), "AssertionFault");
		check.throws(() => encodeCbor({ a: 1 } as CborInput), "AssertionFault");
	});

	t.test("map keys are written in bytewise order whatever order they come in", () => {
		const longText = "z".repeat(24);
		const map = new Map<number | string, CborInput>([
			[longText, 0],
			["b", 1],
			["aa", 2],
			[-2, 3],
			[-1, 4],
			[1000, 5],
			[24, 6],
			[0, 7],
		]);
		const decoded = check.accepted(decodeCborMap(encodeCbor(map)));
		check.deepEqual([...decoded.keys()], [0, 24, 1000, -1, -2, "b", "aa", longText]);
		check.bytes(encodeCbor({ 22: 1, 2: 2, 0: 3 }), "a3000302021601");
	});

	t.test("an object has 23 keys at most, 0 to 22; any other is a programmer's error", () => {
		const fields = Object.fromEntries(Array.from({ length: 23 }, (_, key) => [key, key]));
		const encoded = encodeCbor(fields);
		check.bytes(encodeCbor(check.accepted(decodeCbor(encoded))), encoded);
		for (const key of ["23", "-1", "1.5", "01", "NaN", ""]) {
			check.throws(() => encodeCbor({ 0: 1, [key]: 1 } as CborInput), "AssertionFault");
		}
	});

	t.test("an object's undefined fields are left out", () => {
		check.bytes(encodeCbor({ 0: 1, 1: undefined, 2: null }), "a2000102f6");
	});

	t.test("items and nesting are bounded both ways (I8)", () => {
		const items = new Array<number>(LIMITS.cborItems).fill(0);
		check.equal(
			(check.accepted(decodeCbor(encodeCbor(items))) as readonly unknown[]).length,
			LIMITS.cborItems,
		);
		check.throws(() => encodeCbor([...items, 0]), "AssertionFault");
		check.refused(decodeCbor(Uint8Array.of(0x99, 1, 1, ...new Array<number>(257).fill(0))), "items");
		let nested: CborInput = [];
		for (let depth = 1; depth < LIMITS.cborDepth; depth++) nested = [nested];
		check.accepted(decodeCbor(encodeCbor(nested)));
		check.throws(() => encodeCbor([nested]), "AssertionFault");
	});

	t.test("nesting is refused beyond the limit, and a hundred thousand deep without a throw (I8, I9)", () => {
		const nest = (depth: number): Uint8Array => Uint8Array.of(...new Array<number>(depth).fill(0x81), 0);
		check.accepted(decodeCbor(nest(LIMITS.cborDepth)));
		check.refused(decodeCbor(nest(LIMITS.cborDepth + 1)), "depth");
		for (const head of [0x81, 0xa1]) check.refused(decodeCbor(new Uint8Array(100000).fill(head)));
	});

	t.test("a head that announces more than there is is refused before anything is made for it (I9)", () => {
		for (const hex of ["9affffffff", "baffffffff", "5b001fffffffffffff", "7affffffff00"]) {
			check.refused(decodeHex(hex), "truncated", hex);
		}
	});

	t.test("byte strings are copies, also out of a larger buffer", () => {
		const frame = Uint8Array.of(9, 9, 0x42, 1, 2, 9);
		const value = check.accepted(decodeCbor(frame.subarray(2, 5)));
		frame.fill(0);
		check.deepEqual(value, Uint8Array.of(1, 2));
	});

	t.test("text keeps a byte order mark, a zero and characters beyond the first plane", () => {
		for (const text of ["\ufeffa", "a\u0000b", "\u{1f511}", "\uffff", ""]) {
			check.equal(check.accepted(decodeCbor(encodeCbor(text))), text);
		}
	});

	t.test("a reader gives the value of its type within its bounds, and undefined for anything else", () => {
		const map = mapOf({
			0: 5,
			1: -5,
			2: Uint8Array.of(1, 2),
			3: "näme",
			4: true,
			5: [1],
			6: { 0: 1 },
			7: null,
		});
		check.equal(map.uint(0), 5);
		check.equal(map.uint(0, 5), 5);
		check.equal(map.uint(0, 4), undefined);
		check.equal(map.uint(1), undefined);
		check.equal(map.uint(9), undefined);
		check.equal(map.int(1), -5);
		check.equal(map.int(1, -4), undefined);
		check.equal(map.int(0, -9, 4), undefined);
		check.bytes(map.bytes(2, 2), "0102");
		check.equal(map.bytes(2, 3), undefined);
		check.bytes(map.bytes(2, { min: 0, max: 2 }), "0102");
		check.equal(map.bytes(2, { min: 3, max: 9 }), undefined);
		check.equal(map.bytes(3, { min: 0, max: 99 }), undefined);
		check.equal(map.text(3, 5), "näme");
		check.equal(map.text(3, 4), undefined);
		check.equal(map.text(3, { min: 6, max: 9 }), undefined);
		check.equal(map.text(3, { min: 5, max: 9 }), "näme");
		check.equal(map.text(2, 99), undefined);
		check.equal(map.bool(4), true);
		check.equal(map.bool(0), undefined);
		check.deepEqual(map.array(5, 1), [1]);
		check.equal(map.array(5, { min: 2, max: 3 }), undefined);
		check.equal(map.map(6)?.uint(0), 1);
		check.equal(map.map(5), undefined);
		check.equal(map.get(7), null);
	});

	t.test("hasOnly finds an unknown key and misses no known one", () => {
		const map = mapOf({ 0: 1, 2: 1 });
		check.ok(map.hasOnly([0, 1, 2]));
		check.ok(map.hasOnly([0, 2]));
		check.ok(!map.hasOnly([0, 1]));
		check.ok(!map.hasOnly([]));
	});

	t.test("array elements are read by the same rules", () => {
		const items = check.accepted(decodeCbor(encodeCbor([1, -1, Uint8Array.of(7), "x", [2]])));
		const array = asArray(items, 5);
		check.ok(array);
		check.equal(asUint(array[0]), 1);
		check.equal(asUint(array[1]), undefined);
		check.equal(asInt(array[1]), -1);
		check.bytes(asBytes(array[2], 1), "07");
		check.equal(asText(array[3], 1), "x");
		check.deepEqual(asArray(array[4], 1), [2]);
		check.equal(asUint(array[5]), undefined);
	});

	t.test("a map of 256 keys decodes, and encodes to what it was", () => {
		const map = new CborMap();
		for (let key = 0; key < LIMITS.cborItems; key++) map.set(key, key);
		const encoded = encodeCbor(map);
		check.bytes(encodeCbor(check.accepted(decodeCbor(encoded))), encoded);
	});
}
