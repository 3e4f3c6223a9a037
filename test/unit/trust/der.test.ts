import { DER, DerReader, der, derBits, derUnsigned } from "../../../modules/trust/der.ts";
import { check, type Suite } from "../../harness/test.ts";

function reader(...bytes: readonly number[]): DerReader {
	return new DerReader(Uint8Array.from(bytes));
}

export default function suite(t: Suite): void {
	t.test("lengths are written in their shortest form, and read back", () => {
		for (const [length, head] of [
			[0, "0400"],
			[127, "047f"],
			[128, "048180"],
			[255, "0481ff"],
			[256, "04820100"],
			[65_535, "0482ffff"],
		] as const) {
			const element = der(DER.octetString, new Uint8Array(length));
			check.bytes(element.subarray(0, element.length - length), head);
			check.equal(new DerReader(element).read(DER.octetString)?.length, length);
		}
		check.throws(() => der(DER.octetString, new Uint8Array(65_536)), "AssertionFault");
	});

	t.test("unsigned integers are minimal and never negative (X.690 8.3)", () => {
		check.bytes(derUnsigned(Uint8Array.of(0)), "020100");
		check.bytes(derUnsigned(new Uint8Array(0)), "020100");
		check.bytes(derUnsigned(Uint8Array.of(0, 0, 0x7f)), "02017f");
		check.bytes(derUnsigned(Uint8Array.of(0x80)), "02020080");
		check.bytes(derUnsigned(Uint8Array.of(0, 1, 2)), "02020102");
		check.bytes(derBits(Uint8Array.of(5)), "03020005");
	});

	t.test(
		"a length with a shorter form, an indefinite one, a multi-byte tag and a short element are refused",
		() => {
			const bad = [
				[0x04],
				[0x04, 0x01],
				[0x04, 0x81, 0x7f, ...new Uint8Array(127)],
				[0x04, 0x82, 0x00, 0xff, ...new Uint8Array(255)],
				[0x04, 0x81],
				[0x04, 0x82, 0x01],
				[0x04, 0x83, 0x01, 0x00, 0x00],
				[0x04, 0x80, 0x00, 0x00],
				[0x1f, 0x81, 0x01, 0x00],
			];
			for (const bytes of bad) check.equal(reader(...bytes).next(), undefined, bytes.slice(0, 4).join());
		},
	);

	t.test("after a refusal a reader refuses, and is never done", () => {
		const wrongTag = reader(0x02, 0x01, 0x05, 0x02, 0x01, 0x06);
		check.equal(wrongTag.read(DER.octetString), undefined);
		check.equal(wrongTag.read(DER.integer), undefined);
		check.equal(wrongTag.peek(), undefined);
		check.equal(wrongTag.done, false);
		const whole = reader(0x02, 0x01, 0x05);
		check.equal(whole.peek(), DER.integer);
		check.equal(whole.done, false);
		check.bytes(whole.read(DER.integer), "05");
		check.equal(whole.done, true);
		check.equal(whole.next(), undefined);
		check.equal(whole.done, false);
	});

	t.test("no bytes make the reader throw or read on for ever (I9)", ({ random }) => {
		for (let round = 0; round < 500; round++) {
			const bytes = random.bytes(random.below(40));
			const reader = new DerReader(bytes);
			let elements = 0;
			while (reader.next() !== undefined) elements++;
			check.ok(elements <= bytes.length / 2);
		}
	});
}
