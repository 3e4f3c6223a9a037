/** Rows for signed messages: COSE, the time role's statements and the proof of an enrolment. */
import { fromHex } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { decodeSign, encodeSign, verifySign } from "../../../modules/cose/sign.ts";
import { verifyDetached, verifySign1 } from "../../../modules/cose/sign1.ts";
import { readEnrolment } from "../../../modules/pairing/enrol.ts";
import { verifyTimeStatement } from "../../../modules/time/time-statement.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { holder, publicKeys } from "../../sim/bundles.ts";
import { accepted, again, type Decoder, decoder, fromMap } from "./decoder.ts";
import { randomName } from "./people.ts";

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

/** Of holders 1 and 2, whose key ids are their numbers, over "This is the content." as "kind one". */
const SIGNED_BY_TWO =
	"8440a054546869732069732074686520636f6e74656e742e828343a10126a1044101584072a6fa517e0143334c7973583c7d4c9e2b0dc8e1412a46cb862886430cd62f74968bcbf2cb93360fbed3fda882746772833bd74610d7f6813f0f38bd583beeff8343a10126a10441025840ca5ff0f5c8fc920d343ba72c26005cfba032084bb447c04fe3875b1d31d31e2c0de821b3597cf069f4a53c6b0878d58c37ead15823d8b0da8b4762c45ab5c437";

/** Of holder 13 as the time role: 2026-06-01T00:00:00Z for a nonce of sevens. */
const TIME =
	"8443a10126a10448f6055078c8608d75581fa30001015007070707070707070707070707070707021b0000019e807aec0058403bd5a782d65ddbda03896bcf9e8f3033311de01a0fd64d4b596bf914b9db82572ca31429c2a94b9dfaaba9a4a11bde882a783c2d182ffec313438780874937b8";

export const SIGNED_ROWS: readonly Decoder[] = Object.freeze([
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
	decoder("cose/sign.ts", "decodeSign", {
		valid: (random) => {
			const signatures = Array.from({ length: random.between(1, LIMITS.bundleSignatures) }, () => ({
				keyId: random.bytes(random.between(1, LIMITS.coseKeyIdBytes)),
				signature: random.bytes(64),
			}));
			return encodeSign({ payload: random.bytes(random.below(200)), signatures });
		},
		decode: (bytes) => again(accepted(decodeSign(bytes)), encodeSign),
	}),
	decoder("cose/sign.ts", "verifySign", {
		valid: () => fromHex(SIGNED_BY_TWO)!,
		decode(bytes, crypto) {
			const message = accepted(decodeSign(bytes));
			const keys = publicKeys(holder(1), holder(2));
			const signers =
				message &&
				verifySign(crypto, message, {
					externalAad: encodeUtf8("kind one"),
					keyFor: (keyId) => (keyId.length === 1 ? keys[keyId[0]! - 1] : undefined),
				});
			return again(signers && accepted(signers), (found) => encodeCbor(found));
		},
		describes: true,
	}),
	decoder("time/time-statement.ts", "verifyTimeStatement", {
		valid: () => fromHex(TIME)!,
		decode(bytes, crypto) {
			const nonce = new Uint8Array(16).fill(7);
			const told = accepted(verifyTimeStatement(crypto, publicKeys(holder(13)), nonce, bytes));
			return again(told, ({ unixMs, signer }) => encodeCbor([unixMs, signer]));
		},
		describes: true,
	}),
]);
