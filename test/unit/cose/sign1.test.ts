/** sign-pass-02 of cose-wg/Examples (public domain) is the signed message that these tests bend. */
import { fromHex } from "../../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import {
	buildSign1,
	type Sign1Expectation,
	type Sign1Framing,
	sigStructure,
	verifyDetached,
	verifySign1,
} from "../../../modules/cose/sign1.ts";
import { type CborInput, encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite } from "../../harness/test.ts";

const KEY =
	"04bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e";
const SIGNATURE =
	"10729cd711cb3813d8d8e944a8da7111e7b258c9bdca6135f7ae1adbee9509891267837e1e33bd36c150326ae62755c6bd8e540c3e8f92d7d225e8db72b8820b";
const AAD = "11aa22bb33cc44dd55006699";
const TEXT = "This is the content.";

function hex(text: string): Uint8Array {
	return fromHex(text) ?? check.fail(text);
}

function parts(): CborInput[] {
	return [hex("a10126"), new Map([[4, hex("3131")]]), encodeUtf8(TEXT), hex(SIGNATURE)];
}

function expectation(framing: Sign1Framing = "untagged", aad = AAD): Sign1Expectation {
	return {
		framing,
		externalAad: hex(aad),
		keyFor: (keyId) => (keyId !== undefined && keyId[0] === 0x31 ? hex(KEY) : undefined),
	};
}

function tag(message: Uint8Array): Uint8Array {
	return Uint8Array.of(0xd2, ...message);
}

export default function suite(t: Suite): void {
	t.test("a signed message gives its payload, tagged where a tag is due", ({ crypto }) => {
		const message = encodeCbor(parts());
		check.bytes(check.accepted(verifySign1(crypto, message, expectation())), encodeUtf8(TEXT));
		check.bytes(check.accepted(verifySign1(crypto, tag(message), expectation("tagged"))), encodeUtf8(TEXT));
	});

	t.test("the other framing is refused: a signed message has one encoding", ({ crypto }) => {
		const message = encodeCbor(parts());
		check.refused(verifySign1(crypto, message, expectation("tagged")), "malformed");
		check.refused(verifySign1(crypto, tag(message), expectation()), "malformed");
		check.refused(verifySign1(crypto, tag(tag(message)), expectation("tagged")), "malformed");
		check.refused(verifySign1(crypto, Uint8Array.of(0xd1, ...message), expectation("tagged")), "malformed");
	});

	t.test("a signature of one kind does not hold for another (external_aad)", ({ crypto }) => {
		check.refused(verifySign1(crypto, encodeCbor(parts()), expectation("untagged", "")), "signature");
		check.refused(verifySign1(crypto, encodeCbor(parts()), expectation("untagged", `${AAD}00`)), "signature");
	});

	t.test("any header outside the one form is refused, critical or not", ({ crypto }) => {
		const bent: readonly (readonly [number, CborInput, string])[] = [
			[0, hex("a0"), "no algorithm"],
			[0, hex(""), "an empty protected header"],
			[0, hex("a1013822"), "another algorithm"],
			[0, hex("a201260300"), "a content type"],
			[0, hex("a2012602810a"), "a critical header"],
			[0, hex("a1011a00000026"), "a longer spelling"],
			[1, new Map([[1, -7]]), "the algorithm unprotected"],
			[
				1,
				new Map<number, CborInput>([
					[4, hex("3131")],
					[2, [4]],
				]),
				"crit unprotected",
			],
			[1, new Map([[4, "11"]]), "a key id that is text"],
			[1, new Map([[4, hex("")]]), "an empty key id"],
			[1, new Map([["kid", hex("3131")]]), "a text label"],
		];
		for (const [index, value, what] of bent) {
			const message = parts();
			message[index] = value;
			check.refused(verifySign1(crypto, encodeCbor(message), expectation()), "header", what);
		}
	});

	t.test("anything but four parts of the right types is malformed (T15)", ({ crypto }) => {
		const shapes: readonly CborInput[] = [
			[],
			parts().slice(0, 3),
			[...parts(), 0],
			new Map([[0, 0]]),
			[{ 1: -7 }, {}, hex("00"), hex(SIGNATURE)],
			[hex("a10126"), [], hex("00"), hex(SIGNATURE)],
			[hex("a10126"), {}, null, hex(SIGNATURE)],
			[hex("a10126"), {}, "00", hex(SIGNATURE)],
			[hex("a10126"), {}, hex("00"), hex(SIGNATURE).subarray(1)],
			[hex("a10126"), {}, hex("00"), hex(`${SIGNATURE}00`)],
		];
		for (const shape of shapes)
			check.refused(verifySign1(crypto, encodeCbor(shape), expectation()), "malformed");
		check.refused(verifySign1(crypto, new Uint8Array(0), expectation("tagged")), "malformed");
		check.refused(verifySign1(crypto, Uint8Array.of(...encodeCbor(parts()), 0), expectation()), "malformed");
	});

	t.test(
		"a changed payload, signature or key does not verify, and an unknown key id has no key",
		({ crypto }) => {
			const payload = parts();
			payload[2] = encodeUtf8("This is the content!");
			check.refused(verifySign1(crypto, encodeCbor(payload), expectation()), "signature");
			const signature = parts();
			signature[3] = hex(SIGNATURE).map((byte, index) => (index === 40 ? byte ^ 1 : byte));
			check.refused(verifySign1(crypto, encodeCbor(signature), expectation()), "signature");
			const key = { ...expectation(), keyFor: () => new Uint8Array(65) };
			check.refused(verifySign1(crypto, encodeCbor(parts()), key), "signature");
			const other = parts();
			other[1] = new Map([[4, hex("3232")]]);
			check.refused(verifySign1(crypto, encodeCbor(other), expectation()), "unknown-key");
			other[1] = new Map();
			check.refused(verifySign1(crypto, encodeCbor(other), expectation()), "unknown-key");
		},
	);

	t.test("building asks for one signature over the Sig_structure, and verifies", ({ crypto }) => {
		const asked: Uint8Array[] = [];
		const sign = (toBeSigned: Uint8Array) => {
			asked.push(toBeSigned);
			return hex(SIGNATURE);
		};
		const built = buildSign1("tagged", hex(AAD), encodeUtf8(TEXT), hex("3131"), sign);
		check.bytes(built, tag(encodeCbor(parts())));
		check.equal(asked.length, 1);
		check.bytes(asked[0]!, sigStructure(hex(AAD), encodeUtf8(TEXT)));
		check.bytes(check.accepted(verifySign1(crypto, built, expectation("tagged"))), encodeUtf8(TEXT));
		const bare = buildSign1("untagged", hex(AAD), encodeUtf8(TEXT), undefined, sign);
		const anyKey = { ...expectation(), keyFor: () => hex(KEY) };
		check.bytes(check.accepted(verifySign1(crypto, bare, anyKey)), encodeUtf8(TEXT));
		check.throws(() => buildSign1("tagged", hex(AAD), hex(""), undefined, () => hex("00")), "AssertionFault");
	});

	t.test("a detached signature verifies for its payload only", ({ crypto }) => {
		const [key, signature] = [hex(KEY), hex(SIGNATURE)];
		check.ok(verifyDetached(crypto, key, hex(AAD), encodeUtf8(TEXT), signature));
		check.ok(!verifyDetached(crypto, key, hex(AAD), encodeUtf8("else"), signature));
		check.ok(!verifyDetached(crypto, key.subarray(1), hex(AAD), encodeUtf8(TEXT), signature));
		check.ok(!verifyDetached(crypto, key, hex(AAD), encodeUtf8(TEXT), signature.subarray(1)));
	});
}
