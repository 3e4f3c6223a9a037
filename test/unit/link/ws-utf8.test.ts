import { fromHex } from "../../../modules/base/bytes.ts";
import { decodeUtf8, encodeUtf8 } from "../../../modules/base/utf8.ts";
import { PLAIN_WS_BYTES } from "../../../modules/link/ws-bytes.ts";
import { isUtf8, stepUtf8, UTF8_INVALID, UTF8_START } from "../../../modules/link/ws-utf8.ts";
import { check, type Suite } from "../../harness/test.ts";

/** Ill-formed text, and the index of the first octet that makes it so (its length when only the end does). */
const WRONG: readonly (readonly [string, number, string])[] = Object.freeze([
	["80", 0, "a continuation without a lead"],
	["bf", 0, "the last continuation without a lead"],
	["c080", 0, "an overlong NUL"],
	["c1bf", 0, "an overlong two-octet form"],
	["c27f", 1, "a lead without its continuation"],
	["c2c2", 1, "a lead after a lead"],
	["e09fbf", 1, "an overlong three-octet form"],
	["eda080", 1, "the first surrogate"],
	["edbfbf", 1, "the last surrogate"],
	["cebae1bdb9cf83cebcceb5eda080656469746564", 12, "a surrogate inside text"],
	["e1807f", 2, "a three-octet form cut by ASCII"],
	["f08fbfbf", 1, "an overlong four-octet form"],
	["f4908080", 1, "U+110000"],
	["f5808080", 0, "a lead beyond Unicode"],
	["f880808080", 0, "a five-octet form"],
	["fc8080808080", 0, "a six-octet form"],
	["fe", 0, "FE"],
	["ff", 0, "FF"],
	["c2", 1, "a cut two-octet form"],
	["e18080e180", 5, "a cut three-octet form"],
	["f0908080f09080", 7, "a cut four-octet form"],
] as const);

const RIGHT: readonly string[] = Object.freeze([
	"",
	"00",
	"7f",
	"c280",
	"dfbf",
	"e0a080",
	"ecbfbf",
	"ed9fbf",
	"ee8080",
	"efbbbf",
	"efbfbe",
	"efbfbf",
	"f0908080",
	"f0bfbfbf",
	"f3bfbfbf",
	"f48fbfbf",
	"cebae1bdb9cf83cebcceb5",
]);

export default function suite(t: Suite): void {
	t.test("well-formed text at every edge of RFC 3629 is accepted", () => {
		for (const hex of RIGHT) check.ok(isUtf8(fromHex(hex)!), hex);
	});

	t.test("ill-formed text fails at its first wrong octet, not later (RFC 6455 8.1)", () => {
		for (const [hex, at, what] of WRONG) {
			const bytes = fromHex(hex)!;
			check.ok(!isUtf8(bytes), what);
			let state = UTF8_START;
			for (let index = 0; index < bytes.length; index++) {
				state = stepUtf8(state, bytes.subarray(index, index + 1));
				check.equal(state === UTF8_INVALID, index >= at, `${what}, octet ${index}`);
			}
		}
	});

	t.test("every pair of a lead and a second octet is judged as a decoder judges it", () => {
		for (let lead = 0x80; lead < 0x100; lead += 1) {
			for (let second = 0x70; second < 0x100; second += 0x10) {
				for (const tail of [[], [0x80], [0x80, 0x80]]) {
					const bytes = Uint8Array.of(lead, second, ...tail);
					check.equal(isUtf8(bytes), decodeUtf8(bytes) !== undefined, bytes.join(" "));
				}
			}
		}
	});

	t.test("text cut into pieces anywhere is judged as in one piece", ({ random }) => {
		for (let round = 0; round < 200; round++) {
			const text = encodeUtf8(random.text(20));
			const bytes = random.boolean() ? text : random.mutate(text);
			const at = random.below(bytes.length + 1);
			const first = stepUtf8(UTF8_START, bytes.subarray(0, at));
			check.equal(stepUtf8(first, bytes.subarray(at)), stepUtf8(UTF8_START, bytes));
		}
	});

	t.test("masking is what RFC 6455 5.3 says, at every alignment and length", ({ random }) => {
		for (let round = 0; round < 300; round++) {
			const room = random.bytes(random.below(64) + 8);
			const bytes = room.subarray(random.below(5), room.length - random.below(4));
			const from = random.below(Math.min(7, bytes.length + 1));
			const key = random.bytes(4);
			const expected = bytes.slice();
			for (let index = from; index < expected.length; index++) {
				expected[index] = expected[index]! ^ key[(index - from) % 4]!;
			}
			PLAIN_WS_BYTES.mask(bytes, from, key);
			check.bytes(bytes, expected);
		}
	});
}
