import { acceptFor, sha1, toBase64 } from "../../../modules/link/ws-accept.ts";
import { check, type Suite } from "../../harness/test.ts";
import { ascii } from "./server-frames.ts";

export default function suite(t: Suite): void {
	t.test("SHA-1 gives the digests of RFC 3174 7.3 and FIPS 180", () => {
		check.bytes(sha1(ascii("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
		check.bytes(sha1(ascii("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
		check.bytes(
			sha1(ascii("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
			"84983e441c3bd26ebaae4aa1f95129e5e54670f1",
		);
		check.bytes(
			sha1(ascii("0123456701234567012345670123456701234567012345670123456701234567".repeat(10))),
			"dea356a2cddd90c7a7ecedc5ebb563934f460452",
		);
	});

	t.test("SHA-1 pads rightly on both sides of a block's edge", () => {
		check.bytes(sha1(ascii("a".repeat(55))), "c1c8bbdc22796e28c0e15163d20899b65621d65a");
		check.bytes(sha1(ascii("a".repeat(56))), "c2db330f6083854c99d4b5bfb6e8f29f201be699");
		check.bytes(sha1(ascii("a".repeat(63))), "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
		check.bytes(sha1(ascii("a".repeat(64))), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
	});

	t.test("base64 gives the strings of RFC 4648 10", () => {
		const expected = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
		for (let length = 0; length <= 6; length++) {
			check.equal(toBase64(ascii("foobar".slice(0, length))), expected[length]!);
		}
		check.equal(toBase64(Uint8Array.of(0xfb, 0xff, 0xbf)), "+/+/");
	});

	t.test("the accept value is that of RFC 6455 1.3", () => {
		check.equal(acceptFor("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	});
}
