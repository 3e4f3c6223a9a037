import { decodeUtf8, encodeUtf8 } from "../../../modules/base/utf8.ts";
import { check, type Suite } from "../../harness/test.ts";

/** RFC 3629 4, as its grammar has it: lead, first follower, how many plain followers behind. */
const GRAMMAR: readonly (readonly [number, number, number, number, number])[] = Object.freeze([
	[0xc2, 0xdf, 0x80, 0xbf, 0],
	[0xe0, 0xe0, 0xa0, 0xbf, 1],
	[0xe1, 0xec, 0x80, 0xbf, 1],
	[0xed, 0xed, 0x80, 0x9f, 1],
	[0xee, 0xef, 0x80, 0xbf, 1],
	[0xf0, 0xf0, 0x90, 0xbf, 2],
	[0xf1, 0xf3, 0x80, 0xbf, 2],
	[0xf4, 0xf4, 0x80, 0x8f, 2],
] as const);

export default function suite(t: Suite): void {
	t.test("of every lead and second octet, exactly the grammar's pairs begin a character (T15)", () => {
		for (let lead = 0x80; lead < 0x100; lead++) {
			const rule = GRAMMAR.find(([lowest, highest]) => lead >= lowest && lead <= highest);
			for (let second = 0; second < 0x100; second++) {
				const legal = rule !== undefined && second >= rule[2] && second <= rule[3];
				const followers = new Array<number>(rule?.[4] ?? 2).fill(0x80);
				const decoded = decodeUtf8(Uint8Array.of(lead, second, ...followers));
				if ((decoded !== undefined) !== legal) check.fail(`${lead} ${second}: ${decoded}`);
			}
		}
	});

	t.test("a later octet that does not follow, and an end inside a character, are refused", () => {
		for (const bytes of [
			[0xe6, 0xb0, 0x70],
			[0xf0, 0x9f, 0x94, 0xc0],
			[0xf0, 0x9f, 0x94],
			[0xe6, 0xb0],
			[0xc3],
			[0x61, 0xc3],
		]) {
			check.equal(decodeUtf8(Uint8Array.from(bytes)), undefined, bytes.join(" "));
		}
	});

	t.test("text of every length of character goes both ways", ({ random }) => {
		for (let round = 0; round < 200; round++) {
			const text = random.text(20);
			check.equal(decodeUtf8(encodeUtf8(text)), text);
		}
		check.equal(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), "\ufeffa");
		check.equal(decodeUtf8(Uint8Array.of(0x61, 0)), "a\u0000");
	});
}
