/** Rows for certificates, DER, signed messages and the proof of an enrolment. */
import { concatBytes, fromHex } from "../../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { verifyDetached, verifySign1 } from "../../../modules/cose/sign1.ts";
import { readEnrolment } from "../../../modules/pairing/enrol.ts";
import { decodeCertificate } from "../../../modules/trust/certificate.ts";
import { DerReader, der } from "../../../modules/trust/der.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { describe } from "../../harness/compare.ts";
import {
	makeDeviceCertificate,
	makeRoot,
	opensslDevice,
	opensslServer,
} from "../../unit/trust/certificates.ts";
import { accepted, again, type Decoder, decoder, fromMap } from "./decoder.ts";
import { randomName, randomSerial } from "./people.ts";

/** sign-pass-03 of cose-wg/Examples (public domain): untagged, key id "11". */
const SIGNED =
	"8443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36";
const SIGNER =
	"04bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e";

/** A P-256 key that was made for this, and its signature over enrolmentBytes("LK-0001", 32 bytes of 7). */
const ENROLLED =
	"049c51017b7cc42280630eec9ba574b16d4810e6f863eb91fe9eeb454ea6eedf1143f5c6cf661bd49a1b5c4c6a52de7efa772a65e0a9b64d01c0252f45f544421a";
const PROOF =
	"254d096b95f9ff742410e48c973c8712a01dce536fb7c05892f134310e5c39c562e5e54b1d42d6dc47f9db43030dd35c4ae92f509761838d28d1fb26328d067b";

/** Writes elements as they were read; undefined at the first that was refused. */
function elementsOf(bytes: Uint8Array): readonly (readonly [tag: number, content: Uint8Array])[] | undefined {
	const reader = new DerReader(bytes);
	const elements: (readonly [number, Uint8Array])[] = [];
	for (let element = reader.next(); element !== undefined; element = reader.next()) {
		elements.push([element.tag, element.content]);
		if (reader.done) return elements;
	}
	return undefined;
}

export const SIGNED_ROWS: readonly Decoder[] = Object.freeze([
	decoder("trust/der.ts", "DerReader", {
		valid: (random) =>
			concatBytes(...[makeRoot(), der(4, random.bytes(random.below(300)))].slice(random.below(2))),
		decode: (bytes) =>
			again(elementsOf(bytes), (elements) =>
				concatBytes(...elements.map(([tag, content]) => der(tag, content))),
			),
		views: "the reader returns views of the bytes it was given",
	}),
	decoder("trust/certificate.ts", "decodeCertificate", {
		valid: (random) =>
			random.pick([
				opensslDevice,
				opensslServer,
				() => makeDeviceCertificate(randomSerial(random), concatBytes(Uint8Array.of(4), random.bytes(64))),
			])(),
		decode: (bytes) => again(decodeCertificate(bytes), (certificate) => encodeUtf8(describe(certificate))),
		describes: true,
	}),
	decoder("cose/sign1.ts", "verifySign1", {
		valid: () => fromHex(SIGNED)!,
		decode(bytes, crypto) {
			const expectation = {
				framing: "untagged",
				externalAad: new Uint8Array(0),
				keyFor: () => fromHex(SIGNER),
			} as const;
			return again(accepted(verifySign1(crypto, bytes, expectation)), (payload) => payload.slice());
		},
		describes: true,
	}),
	decoder("cose/sign1.ts", "verifyDetached", {
		valid: () => fromHex(SIGNED)!.slice(-64),
		decode(bytes, crypto) {
			const payload = encodeUtf8("This is the content.");
			const holds = verifyDetached(crypto, fromHex(SIGNER)!, new Uint8Array(0), payload, bytes);
			return holds ? () => Uint8Array.of(1) : undefined;
		},
		describes: true,
	}),
	decoder("pairing/enrol.ts", "readEnrolment", {
		valid: (random) => encodeCbor({ 0: randomName(random), 1: fromHex(ENROLLED)!, 2: fromHex(PROOF)! }),
		decode(bytes, crypto) {
			const keys = { name: 0, keyP256: 1, proof: 2 };
			const read = fromMap(bytes, (args) =>
				readEnrolment(crypto, "LK-0001", new Uint8Array(32).fill(7), args, keys),
			);
			return again(read, ({ name, keyP256 }) => encodeCbor([name, keyP256]));
		},
		describes: true,
	}),
]);
