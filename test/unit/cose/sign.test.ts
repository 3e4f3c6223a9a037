import { bytesEqual, fromHex } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import {
	decodeSign,
	encodeSign,
	type SignMessage,
	signStructure,
	verifySign,
} from "../../../modules/cose/sign.ts";
import type { Crypto } from "../../../modules/platform/crypto.ts";
import { type CborInput, encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite } from "../../harness/test.ts";
import { type Holder, holder } from "../../sim/bundles.ts";
import { p256Sign } from "../../sim/p256.ts";

const TEXT = "This is the content.";

function aad(): Uint8Array {
	return encodeUtf8("kind one");
}

function hex(text: string): Uint8Array {
	return fromHex(text) ?? check.fail(text);
}

function idOf(signer: Holder): Uint8Array {
	return signer.publicKey.slice(1, 9);
}

function signed(crypto: Crypto, signers: readonly Holder[], kind = aad()): SignMessage {
	const payload = encodeUtf8(TEXT);
	return {
		payload,
		signatures: signers.map((signer) => ({
			keyId: idOf(signer),
			signature: p256Sign(crypto, signer.privateKey, signStructure(kind, payload)),
		})),
	};
}

function verify(crypto: Crypto, message: SignMessage, known: readonly Holder[]) {
	return verifySign(crypto, message, {
		externalAad: aad(),
		keyFor: (keyId) => known.find((each) => bytesEqual(idOf(each), keyId))?.publicKey,
	});
}

function parts(): CborInput[] {
	return [new Uint8Array(0), {}, encodeUtf8(TEXT), [signaturePart()]];
}

function signaturePart(): CborInput[] {
	return [hex("a10126"), new Map([[4, hex("3131")]]), new Uint8Array(64)];
}

export default function suite(t: Suite): void {
	t.test("the Sig_structure is that of RFC 9052 4.4 for one signer of several", () => {
		// ["Signature", h'', h'a10126', h'6b', h'70'], written by hand.
		check.bytes(signStructure(hex("6b"), hex("70")), "85695369676e61747572654043a10126416b4170");
	});

	t.test("every signer is named once, in the order of the message (T5)", ({ crypto }) => {
		const [a, b, c] = [holder(1), holder(2), holder(3)];
		const message = check.accepted(decodeSign(encodeSign(signed(crypto, [b, a]))));
		check.bytes(message.payload, encodeUtf8(TEXT));
		const signers = check.accepted(verify(crypto, message, [a, b, c]));
		check.deepEqual(signers, [b.publicKey, a.publicKey]);
	});

	t.test(
		"a signature by an unknown key, one that does not hold, and one key twice refuse the whole message (T5)",
		({ crypto }) => {
			const [a, b] = [holder(1), holder(2)];
			check.refused(verify(crypto, signed(crypto, [a, b]), [a]), "unknown-key");
			check.refused(verify(crypto, signed(crypto, [a, a]), [a, b]), "duplicate");
			const bent = signed(crypto, [a, b]);
			bent.signatures[1]!.signature[40]! ^= 1;
			check.refused(verify(crypto, bent, [a, b]), "signature");
			const swapped = signed(crypto, [a, b]);
			const [first, second] = swapped.signatures;
			const crossed = [
				{ keyId: first!.keyId, signature: second!.signature },
				{ keyId: second!.keyId, signature: first!.signature },
			];
			check.refused(verify(crypto, { ...swapped, signatures: crossed }, [a, b]), "signature");
			check.refused(
				verify(crypto, { ...signed(crypto, [a]), payload: encodeUtf8("else") }, [a]),
				"signature",
			);
			check.accepted(verify(crypto, signed(crypto, [a, b]), [a, b]));
		},
	);

	t.test("one key under two key ids is still one signer (T5)", ({ crypto }) => {
		const a = holder(1);
		const { payload, signatures } = signed(crypto, [a, a]);
		const two = { payload, signatures: [signatures[0]!, { ...signatures[1]!, keyId: hex("99") }] };
		check.refused(verifySign(crypto, two, { externalAad: aad(), keyFor: () => a.publicKey }), "duplicate");
	});

	t.test("signatures of another kind do not hold (external_aad)", ({ crypto }) => {
		const a = holder(1);
		check.refused(verify(crypto, signed(crypto, [a], encodeUtf8("kind two")), [a]), "signature");
	});

	t.test("a forger buys one verification at most (T16)", ({ crypto }) => {
		let verified = 0;
		const counting: Crypto = Object.create(crypto, {
			verifyP256: {
				value: (...args: Parameters<Crypto["verifyP256"]>) => {
					verified++;
					return crypto.verifyP256(...args);
				},
			},
		});
		const holders = [1, 2, 3, 4, 5].map(holder);
		const message = signed(crypto, holders);
		message.signatures[0]!.signature[0]! ^= 1;
		check.refused(verify(counting, message, holders), "signature");
		check.equal(verified, 1);
		check.refused(verify(counting, signed(crypto, holders), holders.slice(0, 4)), "unknown-key");
		check.equal(verified, 1);
	});

	t.test("any header outside the one form is refused", () => {
		check.accepted(decodeSign(encodeCbor(parts())));
		const bodies: readonly (readonly [number, CborInput])[] = [
			[0, hex("a0")],
			[0, hex("a10126")],
			[1, new Map([[1, -7]])],
			[1, new Map([[4, hex("3131")]])],
		];
		for (const [index, value] of bodies) {
			const message = parts();
			message[index] = value;
			check.refused(decodeSign(encodeCbor(message)), "header");
		}
		const signers: readonly (readonly [number, CborInput])[] = [
			[0, hex("")],
			[0, hex("a0")],
			[0, hex("a1013822")],
			[0, hex("a2012602810a")],
			[1, {}],
			[1, new Map([[4, "11"]])],
			[1, new Map([[4, new Uint8Array(LIMITS.coseKeyIdBytes + 1)]])],
			[
				1,
				new Map<number, CborInput>([
					[4, hex("3131")],
					[1, -7],
				]),
			],
		];
		for (const [index, value] of signers) {
			const signature = signaturePart();
			signature[index] = value;
			check.refused(decodeSign(encodeCbor([...parts().slice(0, 3), [signature]])), "header");
		}
	});

	t.test(
		"anything but a body and 1 to LIMITS.bundleSignatures signatures is malformed, tagged or not (T15, I8)",
		({ random }) => {
			const many = new Array<CborInput>(LIMITS.bundleSignatures).fill(signaturePart());
			check.accepted(decodeSign(encodeCbor([...parts().slice(0, 3), many])));
			const shapes: readonly CborInput[] = [
				[],
				parts().slice(0, 3),
				[...parts(), 0],
				[...parts().slice(0, 3), []],
				[...parts().slice(0, 3), [...many, signaturePart()]],
				[...parts().slice(0, 3), signaturePart()],
				[...parts().slice(0, 3), [signaturePart().slice(0, 2)]],
				[...parts().slice(0, 3), [[...signaturePart().slice(0, 2), new Uint8Array(63)]]],
				[...parts().slice(0, 3), [[hex("a10126"), [], new Uint8Array(64)]]],
				[0, {}, hex("00"), [signaturePart()]],
				[hex(""), [], hex("00"), [signaturePart()]],
				[hex(""), {}, null, [signaturePart()]],
			];
			for (const shape of shapes) check.refused(decodeSign(encodeCbor(shape)), "malformed");
			check.refused(decodeSign(Uint8Array.of(0xd8, 98, ...encodeCbor(parts()))), "malformed");
			check.refused(decodeSign(Uint8Array.of(...encodeCbor(parts()), 0)), "malformed");
			const good = encodeCbor(parts());
			for (let round = 0; round < 300; round++) decodeSign(random.mutate(good));
		},
	);
}
