/** Rows for modules/base and for the encodings of modules/wire: texts, CBOR, the line's frames and verbs, labels. */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { decodeUtf8, encodeUtf8 } from "../../../modules/base/utf8.ts";
import { decodeBase32, encodeBase32 } from "../../../modules/wire/base32.ts";
import { CborDecoder, decodeCbor, decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { decodeGeneral } from "../../../modules/wire/cbor-general.ts";
import { CborMap } from "../../../modules/wire/cbor-map.ts";
import { Deframer, encodeFrame } from "../../../modules/wire/cobs.ts";
import { decodeLabel, encodeLabel } from "../../../modules/wire/label.ts";
import {
	decodeLineAnswer,
	decodeLineRequest,
	encodeLineAnswer,
	encodeLineRequest,
	LINE_CODES,
} from "../../../modules/wire/line-verb.ts";
import {
	decodeSelfTestReport,
	encodeSelfTestReport,
	SELF_TEST_OUTCOMES,
} from "../../../modules/wire/self-test.ts";
import { encodeStreamFrame, StreamDeframer } from "../../../modules/wire/stream-frame.ts";
import { randomCborValue } from "../../harness/cbor-values.ts";
import type { Random } from "../../harness/random.ts";
import { randomSerial } from "../../sim/random-serial.ts";
import { accepted, again, type Decoder, decoder, describing, fromMap } from "./decoder.ts";
import { EMPTY_IS_ABSENT, IGNORES_KEYS, inputOf, randomFields } from "./fields.ts";

function text(bytes: Uint8Array): string {
	return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function randomMap(random: Random): CborMap {
	const map = new CborMap();
	for (let count = random.below(5); count > 0; count--) map.set(random.below(30), randomCborValue(random, 2));
	return map;
}

export const WIRE_ROWS: readonly Decoder[] = Object.freeze([
	decoder("base/utf8.ts", "decodeUtf8", {
		valid: (random) => encodeUtf8(random.text(40)),
		decode: (bytes) => again(decodeUtf8(bytes), encodeUtf8),
	}),
	decoder("wire/base32.ts", "decodeBase32", {
		valid: (random) => encodeUtf8(encodeBase32(random.bytes(random.below(40)))),
		decode: (bytes) => again(decodeBase32(text(bytes)), (value) => encodeUtf8(encodeBase32(value))),
	}),
	decoder("wire/cbor-decode.ts", "decodeCbor", {
		valid: (random) => encodeCbor(randomCborValue(random, 4)),
		decode: (bytes) => again(accepted(decodeCbor(bytes)), (value) => encodeCbor(value)),
	}),
	decoder("wire/cbor-decode.ts", "decodeCborMap", {
		valid: (random) => encodeCbor(inputOf(randomMap(random))),
		decode: (bytes) => again(accepted(decodeCborMap(bytes)), (value) => encodeCbor(value)),
	}),
	decoder("wire/cbor-decode.ts", "CborDecoder", {
		valid: (random) => encodeCbor(randomCborValue(random, 2)),
		decode: (bytes) =>
			again(accepted(new CborDecoder(bytes, { depth: 3, items: 5 }).decode()), (value) => encodeCbor(value)),
	}),
	decoder("wire/cbor-general.ts", "decodeGeneral", {
		valid: (random) =>
			concatBytes(
				Uint8Array.of(random.pick([0xc6, 0xc9, 0xd2, 0xd7])),
				encodeCbor(randomCborValue(random, 3)),
			),
		decode: (bytes) => again(accepted(decodeGeneral(bytes, { depth: 8, items: 256 })), describing),
		loose: "it reads every encoding of RFC 8949, for tools",
		describes: true,
	}),
	decoder("wire/cobs.ts", "Deframer", {
		valid: (random) => encodeFrame(random.bytes(random.below(300))),
		decode(bytes) {
			const deframer = new Deframer();
			const frames: Uint8Array[] = [];
			for (let at = 0; at < bytes.length; at += 7) {
				deframer.push(bytes.subarray(at, at + 7), (frame) => frames.push(frame));
			}
			if (frames.some((frame) => frame.length > LIMITS.serialFrameBytes))
				throw new Error("a frame beyond the limit");
			return frames.length === 0 ? undefined : () => concatBytes(...frames.map(encodeFrame));
		},
		loose: "what is no frame is passed over",
	}),
	decoder("wire/stream-frame.ts", "StreamDeframer", {
		valid: (random) => encodeStreamFrame(random.bytes(1 + random.below(300))),
		decode(bytes) {
			const deframer = new StreamDeframer();
			const frames: Uint8Array[] = [];
			let whole = true;
			for (let at = 0; at < bytes.length; at += 7) {
				whole = deframer.push(bytes.subarray(at, at + 7), (frame) => frames.push(frame));
			}
			if (frames.some((frame) => frame.length > LIMITS.localFrameBytes))
				throw new Error("a frame beyond the limit");
			return !whole || frames.length === 0 ? undefined : () => concatBytes(...frames.map(encodeStreamFrame));
		},
		loose: "what has not come whole is waited for",
	}),
	decoder("wire/label.ts", "decodeLabel", {
		valid: (random) =>
			encodeUtf8(
				encodeLabel({
					serial: randomSerial(random),
					noisePublicKey: random.bytes(32),
					setupSecret: random.bytes(16),
				}),
			),
		decode: (bytes) => again(accepted(decodeLabel(text(bytes))), (label) => encodeUtf8(encodeLabel(label))),
	}),
	decoder("wire/line-verb.ts", "decodeLineRequest", {
		valid: (random) =>
			encodeLineRequest(random.pick(["identify", "begin", "install", "label", "seal"]), randomFields(random)),
		decode: (bytes) =>
			again(
				fromMap(bytes, (map) => accepted(decodeLineRequest(map))),
				({ verb, args }) => encodeCbor({ 0: 16, 1: verb, 2: inputOf(args) }),
			),
		loose: EMPTY_IS_ABSENT,
	}),
	decoder("wire/line-verb.ts", "decodeLineAnswer", {
		valid: (random) => encodeLineAnswer(random.below(9), random.pick(LINE_CODES), randomFields(random)),
		decode: (bytes) =>
			again(accepted(decodeLineAnswer(bytes)), ({ verb, code, result }) =>
				encodeCbor({ 0: 17, 1: verb, 2: LINE_CODES.indexOf(code), 3: inputOf(result) }),
			),
		loose: IGNORES_KEYS,
	}),
	decoder("wire/self-test.ts", "decodeSelfTestReport", {
		valid: (random) =>
			encodeSelfTestReport({
				random: random.pick(SELF_TEST_OUTCOMES),
				flash: random.pick(SELF_TEST_OUTCOMES),
				pins: random.pick(SELF_TEST_OUTCOMES),
				radio: random.pick(SELF_TEST_OUTCOMES),
				...(random.boolean() ? { pin: random.pick(["brake", "drive-throw", "door"]) } : {}),
				...(random.boolean() ? { stations: random.below(65536) } : {}),
			}),
		decode: (bytes) => again(accepted(decodeSelfTestReport(bytes)), encodeSelfTestReport),
		loose: IGNORES_KEYS,
	}),
]);
