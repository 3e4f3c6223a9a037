/** Rows for modules/wire and modules/base: everything that peers, lines and labels say. */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { decodeUtf8, encodeUtf8 } from "../../../modules/base/utf8.ts";
import { decodeBase32, encodeBase32 } from "../../../modules/wire/base32.ts";
import { CborDecoder, decodeCbor, decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { type CborInput, encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { decodeGeneral } from "../../../modules/wire/cbor-general.ts";
import { asArray, asBytes, asUint, CborMap, type CborValue } from "../../../modules/wire/cbor-map.ts";
import { Deframer, encodeFrame } from "../../../modules/wire/cobs.ts";
import { STATUSES } from "../../../modules/wire/command.ts";
import {
	type ChannelEnvelope,
	decodeChannelEnvelope,
	decodeFromApp,
	decodeFromLock as decodeLinkFromLock,
	decodeToApp,
	decodeToLock,
	encodeEnvelope,
	type FromLock,
	type ToLock,
} from "../../../modules/wire/envelope.ts";
import { decodeChallenge, decodeHello, encodeChallenge, encodeHello } from "../../../modules/wire/hello.ts";
import { decodeLabel, encodeLabel } from "../../../modules/wire/label.ts";
import {
	decodeLineAnswer,
	decodeLineRequest,
	encodeLineAnswer,
	encodeLineRequest,
	LINE_CODES,
} from "../../../modules/wire/line-verb.ts";
import { type LogPage, noLogKnown, pageStart, verifyLog } from "../../../modules/wire/log-chain.ts";
import { decodeLogEntry, encodeLogEntry, firstLogHead } from "../../../modules/wire/log-entry.ts";
import {
	decodeFromLock,
	decodeRequest,
	encodeNotice,
	encodeReply,
	encodeRequest,
} from "../../../modules/wire/session-message.ts";
import { randomCborValue } from "../../harness/cbor-values.ts";
import { describe } from "../../harness/compare.ts";
import type { Random } from "../../harness/random.ts";
import { accepted, again, type Decoder, decoder, fromItem, fromMap } from "./decoder.ts";
import { randomEvent, randomName, randomSerial } from "./people.ts";

const IGNORES_KEYS = "a phone, an app and the line ignore keys that they do not know (PROTOCOL 1)";
const EMPTY_IS_ABSENT = "arguments that are empty and arguments that are absent are the same";

function text(bytes: Uint8Array): string {
	return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function randomFields(random: Random): Record<number, CborInput> {
	return { 0: random.below(9), 1: random.bytes(random.below(40)), 2: randomName(random) };
}

function randomMap(random: Random): CborMap {
	const map = new CborMap();
	for (let count = random.below(5); count > 0; count--) map.set(random.below(30), randomCborValue(random, 2));
	return map;
}

function inputOf(map: CborMap): CborInput {
	return map as unknown as CborInput;
}

function describing(value: unknown): Uint8Array {
	return encodeUtf8(describe(value));
}

function randomLogEntry(random: Random): Uint8Array {
	return encodeLogEntry({
		sequence: 1 + random.below(100000),
		boot: random.below(1000),
		secondsSinceBoot: random.below(100000),
		...(random.boolean() ? {} : { unixSeconds: random.uint32() }),
		event: randomEvent(random),
	});
}

function logPage(value: CborValue): LogPage | undefined {
	const parts = asArray(value, 4);
	const items = asArray(parts?.[0], { min: 0, max: 256 });
	const entries = items?.map((item) => asBytes(item, { min: 0, max: 4096 }) ?? new Uint8Array(0));
	const next = asUint(parts?.[1]);
	const oldest = asUint(parts?.[2]);
	const headBefore = asBytes(parts?.[3], { min: 0, max: 64 });
	if (entries === undefined || next === undefined || oldest === undefined || headBefore === undefined)
		return undefined;
	return { entries, next, oldest, headBefore };
}

function randomPage(random: Random): Uint8Array {
	const entries = Array.from({ length: random.below(4) }, (_, index) =>
		encodeLogEntry({ sequence: index + 1, boot: 1, secondsSinceBoot: 5, event: randomEvent(random) }),
	);
	return encodeCbor([entries, entries.length + 1, 1, firstLogHead()]);
}

function channelEnvelope(random: Random): ChannelEnvelope {
	return random.pick<ChannelEnvelope>([
		{ kind: "open", channel: random.uint32() },
		{ kind: "close", channel: random.uint32() },
		{ kind: "data", channel: random.uint32(), frame: random.bytes(random.between(1, 99)) },
	]);
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
	decoder("wire/envelope.ts", "decodeChannelEnvelope", {
		valid: (random) => encodeEnvelope(channelEnvelope(random)),
		decode: (bytes) => again(accepted(decodeChannelEnvelope(bytes)), encodeEnvelope),
	}),
	decoder("wire/envelope.ts", "decodeToLock", {
		valid: (random) =>
			encodeEnvelope(
				random.pick<ToLock>([
					channelEnvelope(random),
					{ kind: "time-answer", statement: random.bytes(random.between(1, 256)) },
					{ kind: "certificate", chain: undefined },
					{ kind: "certificate", chain: [random.bytes(random.between(1, 99)), random.bytes(1)] },
					{ kind: "trust", message: random.bytes(random.between(1, 99)) },
					{ kind: "report-request" },
				]),
			),
		decode: (bytes) => again(accepted(decodeToLock(bytes)), encodeEnvelope),
	}),
	decoder("wire/envelope.ts", "decodeFromLock", {
		valid: (random) =>
			encodeEnvelope(
				random.pick<FromLock>([
					{ kind: "notice", address: random.bytes(16), sealed: random.bytes(random.between(1, 512)) },
					{ kind: "data", channel: random.uint32(), frame: random.bytes(random.between(1, 99)) },
					{ kind: "close", channel: random.uint32() },
					{ kind: "time-request", nonce: random.bytes(16) },
					{ kind: "renewal", csr: random.bytes(random.between(1, 512)), signature: random.bytes(64) },
					{ kind: "report", report: random.bytes(random.between(1, 99)) },
				]),
			),
		decode: (bytes) => again(accepted(decodeLinkFromLock(bytes)), encodeEnvelope),
	}),
	decoder("wire/envelope.ts", "decodeFromApp", {
		valid: (random) =>
			encodeEnvelope(
				random.boolean()
					? { kind: "open", channel: random.uint32(), serial: randomSerial(random) }
					: { kind: "listen", addresses: Array.from({ length: random.below(17) }, () => random.bytes(16)) },
			),
		decode: (bytes) => again(accepted(decodeFromApp(bytes)), encodeEnvelope),
	}),
	decoder("wire/envelope.ts", "decodeToApp", {
		valid: (random) =>
			encodeEnvelope(
				random.boolean()
					? { kind: "close", channel: random.uint32() }
					: { kind: "notice", address: random.bytes(16), sealed: random.bytes(random.between(1, 512)) },
			),
		decode: (bytes) => again(accepted(decodeToApp(bytes)), encodeEnvelope),
		loose: IGNORES_KEYS,
	}),
	decoder("wire/session-message.ts", "decodeRequest", {
		valid: (random) =>
			encodeRequest({
				id: random.uint32(),
				command: random.below(12),
				anchor: random.below(65536),
				stampMs: random.between(-9000, 9000),
				args: random.boolean() ? undefined : randomFields(random),
			}),
		decode: (bytes) =>
			again(accepted(decodeRequest(bytes)), ({ id, command, anchor, stampMs, args }) =>
				encodeCbor({ 0: id, 1: command, 2: anchor, 3: stampMs, 4: inputOf(args) }),
			),
		loose: EMPTY_IS_ABSENT,
	}),
	decoder("wire/session-message.ts", "decodeFromLock", {
		valid: (random) =>
			random.boolean()
				? encodeReply(random.uint32(), random.pick(["done", "stale", "busy"]), randomFields(random))
				: encodeNotice(random.below(9), randomFields(random)),
		decode: (bytes) =>
			again(accepted(decodeFromLock(bytes)), (message) =>
				message.kind === "reply"
					? encodeCbor({
							0: message.reply.id,
							1: STATUSES.indexOf(message.reply.status),
							2: inputOf(message.reply.result),
						})
					: encodeCbor({ 5: message.notice.event, 6: inputOf(message.notice.data) }),
			),
		loose: IGNORES_KEYS,
	}),
	decoder("wire/hello.ts", "decodeChallenge", {
		valid: (random) => encodeChallenge(random.bytes(16)),
		decode: (bytes) => again(accepted(decodeChallenge(bytes)), encodeChallenge),
		loose: IGNORES_KEYS,
	}),
	decoder("wire/hello.ts", "decodeHello", {
		valid: (random) =>
			encodeHello({
				method: random.pick([1, 2]),
				message: random.bytes(random.between(1, 160)),
				mac: random.bytes(16),
			}),
		decode: (bytes) => again(accepted(decodeHello(bytes)), encodeHello),
	}),
	decoder("wire/log-entry.ts", "decodeLogEntry", {
		valid: randomLogEntry,
		decode: (bytes) =>
			again(decodeLogEntry(bytes), (entry) => {
				const { event } = entry;
				if (event.kind !== "unknown") return encodeLogEntry({ ...entry, event });
				const { sequence, boot, secondsSinceBoot, unixSeconds } = entry;
				const fixed = [sequence, boot, secondsSinceBoot, unixSeconds ?? null, event.number];
				return encodeCbor([...fixed, ...event.detail]);
			}),
	}),
	decoder("wire/log-chain.ts", "verifyLog", {
		valid: randomPage,
		decode(bytes, crypto) {
			const page = fromItem(bytes, logPage);
			const verified = page && accepted(verifyLog((data) => crypto.sha256(data), page, noLogKnown()));
			return again(verified, describing);
		},
		describes: true,
	}),
	decoder("wire/log-chain.ts", "pageStart", {
		valid: randomPage,
		decode(bytes) {
			const page = fromItem(bytes, logPage);
			return again(page && pageStart(page), describing);
		},
		describes: true,
	}),
]);
