/** Properties of the decoders of modules/wire over random and mutated input (I9, T15). */
import { bytesEqual, toHex } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { decodeUtf8, encodeUtf8 } from "../../modules/base/utf8.ts";
import { decodeBase32, encodeBase32 } from "../../modules/wire/base32.ts";
import { decodeCbor } from "../../modules/wire/cbor-decode.ts";
import { encodeCbor } from "../../modules/wire/cbor-encode.ts";
import { decodeGeneral } from "../../modules/wire/cbor-general.ts";
import { CborMap, type CborValue } from "../../modules/wire/cbor-map.ts";
import { Deframer, encodeFrame } from "../../modules/wire/cobs.ts";
import { decodeReport, encodeReport, type Report } from "../../modules/wire/report.ts";
import { decodeTimeClaim, encodeTimeClaim } from "../../modules/wire/time-statement.ts";
import { randomCborValue } from "../harness/cbor-values.ts";
import type { Random } from "../harness/random.ts";
import { check, type Suite } from "../harness/test.ts";

const ROUNDS = 3000;

/** A map compares as its entries in the order of their encoding. */
function ordered(value: CborValue): unknown {
	if (Array.isArray(value)) return value.map(ordered);
	if (!(value instanceof CborMap)) return value;
	const entries = [...value].map(([key, item]) => [toHex(encodeCbor(key)), key, ordered(item)] as const);
	return entries.sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

/** Bytes that look like CBOR more often than random ones do. */
function nearlyCbor(random: Random): Uint8Array {
	if (random.below(4) === 0) return random.bytes(random.below(60));
	return random.mutate(encodeCbor(randomCborValue(random, 4)));
}

export default function suite(t: Suite): void {
	t.test("CBOR: what is encoded decodes to the same value, and encodes to the same bytes", ({ random }) => {
		for (let round = 0; round < ROUNDS; round++) {
			const value = randomCborValue(random, 5);
			const encoded = encodeCbor(value);
			const decoded = check.accepted(decodeCbor(encoded), toHex(encoded));
			check.deepEqual(ordered(decoded), ordered(value));
			check.bytes(encodeCbor(decoded), encoded);
		}
	});

	t.test(
		"CBOR: any bytes are refused with a reason, or are the one encoding of their value",
		({ random, note }) => {
			let accepted = 0;
			for (let round = 0; round < ROUNDS; round++) {
				const bytes = nearlyCbor(random);
				const decoded = decodeCbor(bytes);
				if (!decoded.ok) continue;
				accepted++;
				if (!bytesEqual(encodeCbor(decoded.value), bytes)) check.fail(`two encodings: ${toHex(bytes)}`);
			}
			note(`cbor: ${accepted} of ${ROUNDS} mutated inputs were still well-formed`);
			check.ok(accepted > 0 && accepted < ROUNDS);
		},
	);

	t.test("CBOR: the general reader never throws, and reads all that the profile accepts", ({ random }) => {
		for (let round = 0; round < ROUNDS; round++) {
			const bytes = nearlyCbor(random);
			const general = decodeGeneral(bytes, { depth: LIMITS.cborDepth, items: LIMITS.cborItems });
			if (decodeCbor(bytes).ok && !general.ok) check.fail(`${general.reason}: ${toHex(bytes)}`);
		}
	});

	t.test("CBOR: the heaviest bytes of a frame's size are decided at once", () => {
		for (const byte of [0x80, 0x81, 0x9f, 0xa0, 0xa1, 0xbf, 0x7f, 0x5f, 0xff, 0x00, 0xf6]) {
			check.refused(decodeCbor(new Uint8Array(65536).fill(byte)));
			check.refused(decodeGeneral(new Uint8Array(65536).fill(byte), { depth: 8, items: 256 }));
		}
	});

	t.test("base 32: bytes come back, and accepted text is the one spelling of its bytes", ({ random }) => {
		const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567a=1 ";
		for (let round = 0; round < ROUNDS; round++) {
			const bytes = random.bytes(random.below(40));
			check.bytes(decodeBase32(encodeBase32(bytes)), bytes);
			let text = "";
			for (let length = random.below(10); length > 0; length--) text += letters[random.below(36)]!;
			const decoded = decodeBase32(text);
			if (decoded !== undefined) check.equal(encodeBase32(decoded), text);
		}
	});

	t.test("UTF-8: accepted bytes are the encoding of their text", ({ random }) => {
		for (let round = 0; round < ROUNDS; round++) {
			const bytes = random.boolean()
				? random.bytes(random.below(12))
				: random.mutate(encodeUtf8(random.text(6)));
			const text = decodeUtf8(bytes);
			if (text !== undefined) check.bytes(encodeUtf8(text), bytes);
		}
	});

	t.test("serial: random and mutated lines never throw, and the next whole frame is read", ({ random }) => {
		const deframer = new Deframer();
		for (let round = 0; round < ROUNDS; round++) {
			const frame = random.bytes(random.below(60));
			const garbage = random.boolean() ? random.bytes(random.below(300)) : random.mutate(encodeFrame(frame));
			const ignore = () => {};
			deframer.push(garbage, ignore);
			deframer.push(Uint8Array.of(0), ignore);
			const heard: string[] = [];
			const line = encodeFrame(frame);
			const cut = random.below(line.length);
			deframer.push(line.subarray(0, cut), (got) => heard.push(toHex(got)));
			deframer.push(line.subarray(cut), (got) => heard.push(toHex(got)));
			check.deepEqual(heard, [toHex(frame)]);
		}
	});

	t.test(
		"reports: mutated ones never throw, and accepted ones are within their bounds (I9, T15)",
		({ random, note }) => {
			let accepted = 0;
			for (let round = 0; round < ROUNDS; round++) {
				const report = encodeReport(randomReport(random));
				check.accepted(decodeReport(report), toHex(report));
				const decoded = decodeReport(random.below(4) === 0 ? nearlyCbor(random) : random.mutate(report));
				if (!decoded.ok) continue;
				accepted++;
				const { health } = decoded.value;
				check.ok(health.resets.length <= LIMITS.healthResets);
				check.ok(health.linkFailures.size <= LIMITS.healthFailureReasons);
				check.ok(encodeUtf8(health.stack ?? "").length <= LIMITS.healthStackBytes);
				check.ok(encodeReport(decoded.value).length <= LIMITS.reportBytes);
			}
			note(`reports: ${accepted} of ${ROUNDS} mutated ones were still reports`);
		},
	);

	t.test(
		"time claims: mutated ones never throw, and accepted ones are the one encoding of their claim (I9, T15)",
		({ random }) => {
			for (let round = 0; round < ROUNDS; round++) {
				const claim = { nonce: random.bytes(16), unixMs: random.below(2 ** 31) * 1000 };
				const encoded = encodeTimeClaim(claim);
				check.deepEqual(check.accepted(decodeTimeClaim(encoded)), claim);
				const bytes = random.below(4) === 0 ? nearlyCbor(random) : random.mutate(encoded);
				const decoded = decodeTimeClaim(bytes);
				if (decoded.ok) check.bytes(encodeTimeClaim(decoded.value), bytes);
			}
		},
	);
}

function randomReport(random: Random): Report {
	const linkFailures = new Map<number, number>();
	for (let reason = random.below(8); reason < 256 && linkFailures.size < 12; reason += 1 + random.below(40))
		linkFailures.set(reason, random.below(2 ** 31));
	const resets = Array.from({ length: random.below(LIMITS.healthResets + 1) }, () => ({
		boot: random.below(2 ** 31),
		reason: random.boolean() ? "memory" : "power-on",
	}));
	return {
		trustVersion: random.below(1000),
		firmware: random.text(6),
		credential: random.boolean() ? "factory" : "operational",
		health: {
			boots: random.below(2 ** 31),
			resets,
			...(random.boolean() ? { stack: random.text(20) } : {}),
			...(random.boolean() ? { leastFreeBytes: random.below(2 ** 31) } : {}),
			linkFailures,
			lastTimeSource: "owner",
		},
		timeSource: random.boolean() ? "none" : "time-role",
	};
}
