/** Rows for what peers say to each other: envelopes, hellos, requests and replies, reports, claims about the time. */
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
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
	TIME_NONCE_BYTES,
	TIME_STATEMENT_BYTES_MAX,
	type ToLock,
} from "../../../modules/wire/envelope.ts";
import { decodeChallenge, decodeHello, encodeChallenge, encodeHello } from "../../../modules/wire/hello.ts";
import {
	decodeReport,
	encodeReport,
	FIRMWARE_VERSION_BYTES,
	healthFields,
	REPORT_CREDENTIALS,
	readHealthFields,
	TIME_SOURCES,
} from "../../../modules/wire/report.ts";
import {
	decodeFromLock,
	decodeRequest,
	encodeNotice,
	encodeReply,
	encodeRequest,
} from "../../../modules/wire/session-message.ts";
import { decodeTimeClaim, encodeTimeClaim, UNIX_MS_MAX } from "../../../modules/wire/time-statement.ts";
import type { Random } from "../../harness/random.ts";
import { randomSerial } from "../../sim/random-serial.ts";
import { randomUpdateFromLock, randomUpdateToLock } from "../../sim/random-updates.ts";
import { accepted, again, type Decoder, decoder, fromMap } from "./decoder.ts";
import { EMPTY_IS_ABSENT, IGNORES_KEYS, inputOf, randomFields } from "./fields.ts";
import { randomFigures } from "./states.ts";

function randomChannelEnvelope(random: Random): ChannelEnvelope {
	return random.pick<ChannelEnvelope>([
		{ kind: "open", channel: random.uint32() },
		{ kind: "close", channel: random.uint32() },
		{ kind: "data", channel: random.uint32(), frame: random.bytes(random.between(1, 99)) },
	]);
}

function randomToLock(random: Random): ToLock {
	const certificates = random.below(LIMITS.ownChainCertificates + 1);
	const chain = Array.from({ length: certificates }, () => random.bytes(random.between(1, 200)));
	return random.pick<ToLock>([
		{ kind: "time-answer", statement: random.bytes(random.between(1, TIME_STATEMENT_BYTES_MAX)) },
		{ kind: "certificate", chain: certificates === 0 ? undefined : chain },
		{ kind: "trust", message: random.bytes(random.between(1, 300)) },
		{ kind: "report-request" },
		randomUpdateToLock(random),
	]);
}

function randomFromLock(random: Random): FromLock {
	return random.pick<FromLock>([
		{ kind: "data", channel: random.uint32(), frame: random.bytes(random.between(1, 99)) },
		{ kind: "close", channel: random.uint32() },
		{ kind: "notice", address: random.bytes(16), sealed: random.bytes(random.between(1, 512)) },
		{ kind: "time-request", nonce: random.bytes(TIME_NONCE_BYTES) },
		{
			kind: "renewal",
			csr: random.bytes(random.between(1, LIMITS.csrBytes)),
			signature: random.bytes(64),
		},
		{ kind: "report", report: random.bytes(random.between(1, 300)) },
		randomUpdateFromLock(random),
	]);
}

export const MESSAGE_ROWS: readonly Decoder[] = Object.freeze([
	decoder("wire/envelope.ts", "decodeToLock", {
		valid: (random) =>
			encodeEnvelope(random.boolean() ? randomChannelEnvelope(random) : randomToLock(random)),
		decode: (bytes) => again(accepted(decodeToLock(bytes)), encodeEnvelope),
	}),
	decoder("wire/envelope.ts", "decodeChannelEnvelope", {
		valid: (random) => encodeEnvelope(randomChannelEnvelope(random)),
		decode: (bytes) => again(accepted(decodeChannelEnvelope(bytes)), encodeEnvelope),
	}),
	decoder("wire/envelope.ts", "decodeFromLock", {
		valid: (random) => encodeEnvelope(randomFromLock(random)),
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
	decoder("wire/time-statement.ts", "decodeTimeClaim", {
		valid: (random) =>
			encodeTimeClaim({
				nonce: random.bytes(TIME_NONCE_BYTES),
				unixMs: random.pick([0, UNIX_MS_MAX, random.uint32() * 400]),
			}),
		decode: (bytes) => again(accepted(decodeTimeClaim(bytes)), encodeTimeClaim),
	}),
	decoder("wire/report.ts", "decodeReport", {
		valid: (random) =>
			encodeReport({
				trustVersion: random.uint32(),
				firmware: random.pick(["", "0.1.0", "x".repeat(FIRMWARE_VERSION_BYTES)]),
				credential: random.pick(REPORT_CREDENTIALS),
				health: randomFigures(random),
				timeSource: random.pick(TIME_SOURCES),
			}),
		decode: (bytes) => again(accepted(decodeReport(bytes)), encodeReport),
		loose: IGNORES_KEYS,
	}),
	decoder("wire/report.ts", "readHealthFields", {
		valid: (random) => encodeCbor(healthFields(randomFigures(random), 0)),
		decode: (bytes) =>
			again(
				fromMap(bytes, (map) => readHealthFields(map, 0)),
				(figures) => encodeCbor(healthFields(figures, 0)),
			),
		loose: "other keys of the map are its caller's business",
	}),
]);
