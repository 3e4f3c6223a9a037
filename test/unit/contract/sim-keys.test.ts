/** The simulator's own signatures, against the published example and the provider's verification. */
import { concatBytes, fromHex } from "../../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { check, type Suite } from "../../harness/test.ts";
import { p256Generate, p256PublicKey, p256Sign } from "../../sim/p256.ts";

export default function suite(t: Suite): void {
	t.test("the simulator signs as RFC 6979 A.2.5 says", ({ crypto }) => {
		const key = fromHex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")!;
		check.bytes(
			p256PublicKey(key),
			"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
		);
		check.bytes(
			p256Sign(crypto, key, encodeUtf8("sample")),
			"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
		);
		check.bytes(
			p256Sign(crypto, key, encodeUtf8("test")),
			"f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
		);
	});

	t.test(
		"the provider verifies what the simulator signs, and not with a bit changed",
		({ crypto, random }) => {
			for (let round = 0; round < 3; round++) {
				const key = p256Generate(crypto);
				const message = random.bytes(random.below(200));
				const signature = p256Sign(crypto, key, message);
				check.ok(crypto.verifyP256(p256PublicKey(key), message, signature));
				check.ok(!crypto.verifyP256(p256PublicKey(key), concatBytes(message, Uint8Array.of(0)), signature));
			}
		},
	);
}
