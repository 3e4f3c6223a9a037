import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { decodeBase32, encodeBase32 } from "../../../modules/wire/base32.ts";
import { check, type Suite } from "../../harness/test.ts";

export default function suite(t: Suite): void {
	t.test("the examples of RFC 4648 10, without padding, go both ways", () => {
		const examples: readonly (readonly [string, string])[] = [
			["", ""],
			["f", "MY"],
			["fo", "MZXQ"],
			["foo", "MZXW6"],
			["foob", "MZXW6YQ"],
			["fooba", "MZXW6YTB"],
			["foobar", "MZXW6YTBOI"],
		];
		for (const [text, encoded] of examples) {
			check.equal(encodeBase32(encodeUtf8(text)), encoded);
			check.bytes(decodeBase32(encoded), encodeUtf8(text));
		}
	});

	t.test("lower case, padding, spaces and characters outside the alphabet are refused", () => {
		for (const text of ["my", "MY======", "M Y", "MZXW6YT1", "MZXW6YT0", "MZ\u0000Q", "MÄ", "MZXW6YT="]) {
			check.equal(decodeBase32(text), undefined, text);
		}
	});

	t.test("a length that no bytes have is refused", () => {
		for (const text of ["A", "AAA", "AAAAAA", "AAAAAAAAA"]) check.equal(decodeBase32(text), undefined, text);
	});

	t.test("set bits behind the last byte are refused: bytes have one spelling", () => {
		check.bytes(decodeBase32("MY"), "66");
		check.equal(decodeBase32("MZ"), undefined);
		check.equal(decodeBase32("MZXR"), undefined);
	});
}
