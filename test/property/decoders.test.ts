/**
 * Properties of every decoder in decoders/table.ts (I9, T15): valid bytes are read, hostile ones refused or read as what they
 * are; nothing throws, hangs, changes the caller's bytes or keeps them. A failing input stands in the report in hexadecimal:
 * mend the decoder, and add the input to decoders/corpus.ts.
 */
import { bytesEqual, concatBytes, fromHex, toHex } from "../../modules/base/bytes.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import { check, type Suite } from "../harness/test.ts";
import { bend, heavyInputs } from "./decoders/bend.ts";
import { KEPT_INPUTS } from "./decoders/corpus.ts";
import type { Again, Decoder } from "./decoders/decoder.ts";
import { DECODERS, nameOf } from "./decoders/table.ts";

/** Of one decoder, times the run's effort. */
const VALID_ROUNDS = 8;
const BENT_ROUNDS = 32;
/** Of one input; an input takes a thousandth of it. */
const PATIENCE_MS = 10000;

function decode(decoder: Decoder, bytes: Uint8Array, crypto: TestCrypto): Again | undefined {
	const started = Date.now();
	let read: Again | undefined;
	try {
		read = decoder.decode(bytes, crypto);
	} catch (error) {
		check.fail(`${nameOf(decoder)} throws ${String(error)} for ${toHex(bytes)}`);
	}
	if (Date.now() - started > PATIENCE_MS) check.fail(`${nameOf(decoder)} takes too long for ${toHex(bytes)}`);
	return read;
}

/** What the decoder makes of the bytes, after it has been shown to leave them alone and not to keep them. */
function read(decoder: Decoder, bytes: Uint8Array, crypto: TestCrypto): Uint8Array | undefined {
	// Inside a larger buffer, so that reading past the end shows as another answer.
	const around = concatBytes(Uint8Array.of(0xff, 0x00), bytes, Uint8Array.of(0x00, 0xff, 0x30, 0x01));
	const inside = around.subarray(2, 2 + bytes.length);
	const again = decode(decoder, inside, crypto);
	check.ok(bytesEqual(inside, bytes), `${nameOf(decoder)} changes its input ${toHex(bytes)}`);
	const first = again?.();
	const alone = decode(decoder, bytes.slice(), crypto)?.();
	check.ok(
		first === undefined ? alone === undefined : alone !== undefined && bytesEqual(first, alone),
		`${nameOf(decoder)} reads past ${toHex(bytes)}`,
	);
	if (again === undefined || first === undefined || decoder.views !== undefined) return first;
	around.fill(0xaa);
	check.ok(bytesEqual(again(), first), `${nameOf(decoder)} keeps the caller's bytes of ${toHex(bytes)}`);
	return first;
}

/** What holds of any bytes. True when they are accepted. */
function judge(decoder: Decoder, bytes: Uint8Array, crypto: TestCrypto): boolean {
	const again = read(decoder, bytes, crypto);
	if (again === undefined) return false;
	if (decoder.describes) return true;
	if (decoder.loose === undefined) {
		check.ok(
			bytesEqual(again, bytes),
			`${nameOf(decoder)} accepts two encodings: ${toHex(bytes)}, ${toHex(again)}`,
		);
	} else {
		const twice = decode(decoder, again, crypto)?.();
		check.ok(
			twice !== undefined && bytesEqual(twice, again),
			`${nameOf(decoder)} does not read again what it has read: ${toHex(bytes)}, ${toHex(again)}`,
		);
	}
	return true;
}

export default function suite(t: Suite): void {
	for (const decoder of DECODERS) {
		t.test(
			`${nameOf(decoder)}: valid bytes are read, and written as they were`,
			({ crypto, random, effort }) => {
				for (let round = 0; round < VALID_ROUNDS * effort; round++) {
					const bytes = decoder.valid(random, crypto);
					check.ok(judge(decoder, bytes, crypto), `refused: ${toHex(bytes)}`);
				}
			},
		);

		t.test(
			`${nameOf(decoder)}: no bytes throw, hang or are read as others (I9, T15)`,
			({ crypto, random, effort }) => {
				for (let round = 0; round < BENT_ROUNDS * effort; round++) {
					const valid = decoder.valid(random, crypto);
					judge(decoder, bend(valid, decoder.valid(random, crypto), random), crypto);
					// A refusal leaves nothing behind: what is valid is still read.
					if (round % 8 === 0)
						check.ok(judge(decoder, valid, crypto), `refused after another: ${toHex(valid)}`);
				}
				for (const bytes of heavyInputs()) judge(decoder, bytes, crypto);
			},
		);
	}

	t.test("every kept input becomes what it became (I9)", ({ crypto }) => {
		for (const { decoder: name, hex, accepted, note } of KEPT_INPUTS) {
			const decoder = DECODERS.find((each) => nameOf(each) === name);
			check.ok(decoder, `no decoder ${name}`);
			check.equal(judge(decoder, fromHex(hex)!, crypto), accepted, `${name}: ${note}`);
		}
	});
}
