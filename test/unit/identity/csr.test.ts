import { toHex } from "../../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { encodeCsr } from "../../../modules/identity/csr.ts";
import { DER, DerReader } from "../../../modules/trust/der.ts";
import { OID } from "../../../modules/trust/object-identifiers.ts";
import { check, type Suite } from "../../harness/test.ts";

const KEY = Uint8Array.of(4, ...new Uint8Array(64).fill(7));

function signatureOf(r: number, s: number): Uint8Array {
	const signature = new Uint8Array(64);
	signature.fill(r, 0, 32);
	signature.fill(s, 32);
	return signature;
}

/** The parts of a request, read with the reader. */
function parse(csr: Uint8Array): {
	readonly info: DerReader;
	readonly algorithm: DerReader;
	readonly signature: Uint8Array;
} {
	const outer = new DerReader(csr);
	const request = outer.enter(DER.sequence);
	check.equal(outer.done, true);
	const info = request?.enter(DER.sequence);
	const algorithm = request?.enter(DER.sequence);
	const signature = request?.read(DER.bitString);
	check.ok(
		info !== undefined && algorithm !== undefined && signature !== undefined && request?.done === true,
	);
	return { info, algorithm, signature };
}

export default function suite(t: Suite): void {
	t.test(
		"a request is version 1, names the serial twice, carries the key and no attribute (PROTOCOL 8)",
		() => {
			const { info, algorithm } = parse(encodeCsr("LK-0001", KEY, () => signatureOf(1, 2)));
			check.bytes(info.read(DER.integer), "00");
			const names = info.enter(DER.sequence);
			for (const [type, tag] of [
				[OID.commonName, DER.utf8String],
				[OID.serialNumber, DER.printableString],
			] as const) {
				const attribute = names?.enter(DER.set)?.enter(DER.sequence);
				check.bytes(attribute?.read(DER.objectIdentifier), type);
				check.bytes(attribute?.read(tag), encodeUtf8("LK-0001"));
			}
			check.equal(names?.done, true);
			const key = info.enter(DER.sequence);
			const keyType = key?.enter(DER.sequence);
			check.bytes(keyType?.read(DER.objectIdentifier), OID.ecPublicKey);
			check.bytes(keyType?.read(DER.objectIdentifier), OID.prime256v1);
			check.bytes(key?.read(DER.bitString), `00${toHex(KEY)}`);
			check.bytes(info.read(DER.context0), "");
			check.equal(info.done, true);
			check.bytes(algorithm.read(DER.objectIdentifier), OID.ecdsaWithSha256);
			check.equal(algorithm.done, true, "no parameters (RFC 5758 3.2)");
		},
	);

	t.test("what is signed is the request's information, whole and as it stands in the request", () => {
		let signed = "";
		const csr = encodeCsr("LK-0001", KEY, (message) => {
			signed = toHex(message);
			return signatureOf(1, 2);
		});
		check.ok(toHex(csr).includes(signed));
		check.equal(new DerReader(csr).enter(DER.sequence)?.read(DER.sequence)?.length, signed.length / 2 - 3);
	});

	t.test("both halves of the signature are positive integers without leading zeros", () => {
		const { signature } = parse(encodeCsr("LK-0001", KEY, () => signatureOf(0x80, 0)));
		check.equal(signature[0], 0);
		const halves = new DerReader(signature.subarray(1)).enter(DER.sequence);
		check.bytes(halves?.read(DER.integer), `00${"80".repeat(32)}`);
		check.bytes(halves?.read(DER.integer), "00");
	});

	t.test("a key or a signature of another form is a programmer's error", () => {
		check.throws(() => encodeCsr("LK-0001", KEY.subarray(1), () => signatureOf(1, 2)), "AssertionFault");
		check.throws(() => encodeCsr("LK-0001", KEY, () => new Uint8Array(63)), "AssertionFault");
	});
}
