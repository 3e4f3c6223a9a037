import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { decodeClose, encodeClose, isCloseCode } from "../../../modules/link/ws-close.ts";
import { isUtf8 } from "../../../modules/link/ws-utf8.ts";
import { check, type Suite } from "../../harness/test.ts";
import { ascii, closeBody } from "./server-frames.ts";

const LEGAL = Object.freeze([
	1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
]);
const ILLEGAL = Object.freeze([0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]);

export default function suite(t: Suite): void {
	t.test("every code that may stand on the wire is accepted", () => {
		for (const code of LEGAL) {
			check.ok(isCloseCode(code), String(code));
			check.deepEqual(decodeClose(closeBody(code)), { code, reason: new Uint8Array(0) });
		}
	});

	t.test("every code that may not stand on the wire is refused", () => {
		for (const code of ILLEGAL) check.equal(decodeClose(closeBody(code)), "close-code", String(code));
	});

	t.test("an empty body is no code, a body of one byte is refused", () => {
		check.deepEqual(decodeClose(new Uint8Array(0)), { code: 1005, reason: new Uint8Array(0) });
		check.equal(decodeClose(Uint8Array.of(3)), "close-length");
	});

	t.test("a reason is text, also at the full 123 bytes, and anything else is refused", () => {
		const reason = ascii("r".repeat(123));
		check.deepEqual(decodeClose(closeBody(1000, reason)), { code: 1000, reason });
		check.equal(decodeClose(closeBody(1000, Uint8Array.of(0xff))), "close-utf8");
		check.equal(decodeClose(closeBody(1000, Uint8Array.of(0x41, 0xe2, 0x82))), "close-utf8");
	});

	t.test("what is encoded is read back, and a long reason is cut at a character", () => {
		check.bytes(encodeClose(1005), "");
		check.bytes(encodeClose(1001), "03e9");
		check.deepEqual(decodeClose(encodeClose(1000, "bye")), { code: 1000, reason: ascii("bye") });
		for (const text of ["ä".repeat(80), "€".repeat(60), "😀".repeat(40), `x${"€".repeat(60)}`]) {
			const body = encodeClose(1000, text);
			check.ok(body.length <= 125 && body.length > 120 && isUtf8(body.subarray(2)), text);
			check.bytes(body.subarray(2), encodeUtf8(text).subarray(0, body.length - 2));
		}
	});
}
