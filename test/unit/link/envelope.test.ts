import { concatBytes } from "../../../modules/base/bytes.ts";
import { type CborInput, encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import {
	decodeChannelEnvelope,
	decodeFromApp,
	decodeFromLock,
	decodeToApp,
	decodeToLock,
	encodeEnvelope,
	type FromApp,
	type FromLock,
	type ToApp,
	type ToLock,
} from "../../../modules/wire/envelope.ts";
import { check, type Suite } from "../../harness/test.ts";

const ADDRESS = Object.freeze(Array.from({ length: 16 }, (_, index) => index));

function address(): Uint8Array {
	return Uint8Array.from(ADDRESS);
}

function bytes(count: number): Uint8Array {
	return new Uint8Array(count).fill(7);
}

export default function suite(t: Suite): void {
	t.test("every envelope is read back as it was written (PROTOCOL 2 and 3)", () => {
		const toLock: readonly ToLock[] = [
			{ kind: "open", channel: 0 },
			{ kind: "data", channel: 4294967295, frame: bytes(4096) },
			{ kind: "close", channel: 24 },
			{ kind: "time-answer", statement: bytes(256) },
			{ kind: "certificate", chain: undefined },
			{ kind: "certificate", chain: [bytes(1), bytes(2048), bytes(3)] },
			{ kind: "trust", message: bytes(8192) },
			{ kind: "report-request" },
		];
		const fromLock: readonly FromLock[] = [
			{ kind: "data", channel: 1, frame: bytes(1) },
			{ kind: "close", channel: 1 },
			{ kind: "notice", address: address(), sealed: bytes(512) },
			{ kind: "time-request", nonce: bytes(16) },
			{ kind: "renewal", csr: bytes(512), signature: bytes(64) },
			{ kind: "report", report: bytes(2048) },
		];
		const fromApp: readonly FromApp[] = [
			{ kind: "open", channel: 1, serial: "LK-0001" },
			{ kind: "data", channel: 1, frame: bytes(9) },
			{ kind: "close", channel: 1 },
			{ kind: "listen", addresses: [] },
			{ kind: "listen", addresses: Array.from({ length: 16 }, address) },
		];
		const toApp: readonly ToApp[] = [
			{ kind: "data", channel: 1, frame: bytes(1) },
			{ kind: "close", channel: 1 },
			{ kind: "notice", address: address(), sealed: bytes(512) },
		];
		for (const envelope of toLock)
			check.deepEqual(check.accepted(decodeToLock(encodeEnvelope(envelope))), envelope);
		for (const envelope of fromLock)
			check.deepEqual(check.accepted(decodeFromLock(encodeEnvelope(envelope))), envelope);
		for (const envelope of fromApp)
			check.deepEqual(check.accepted(decodeFromApp(encodeEnvelope(envelope))), envelope);
		for (const envelope of toApp)
			check.deepEqual(check.accepted(decodeToApp(encodeEnvelope(envelope))), envelope);
	});

	t.test("an envelope is the bytes that PROTOCOL 2 says", () => {
		check.bytes(encodeEnvelope({ kind: "open", channel: 1 }), "a200010101");
		check.bytes(
			encodeEnvelope({ kind: "data", channel: 500, frame: Uint8Array.of(1, 2) }),
			"a30002011901f402420102",
		);
		check.bytes(
			encodeEnvelope({ kind: "open", channel: 1, serial: "LK-0001" }),
			"a300010101036 74c4b2d30303031".replace(" ", ""),
		);
	});

	t.test("each side reads only what the other may say", () => {
		const open = encodeEnvelope({ kind: "open", channel: 1 });
		const notice = encodeEnvelope({ kind: "notice", address: address(), sealed: bytes(1) });
		const listen = encodeEnvelope({ kind: "listen", addresses: [] });
		check.refused(decodeFromLock(open), "kind");
		check.refused(decodeToApp(open), "kind");
		check.refused(decodeFromApp(open), "fields");
		check.refused(decodeToLock(notice), "kind");
		check.refused(decodeFromApp(notice), "kind");
		check.refused(decodeToLock(listen), "kind");
		for (const kind of [0, 6, 7, 13, 16, 17])
			check.refused(decodeToLock(encodeCbor({ 0: kind, 1: 1 })), "kind");
		const trust = encodeEnvelope({ kind: "trust", message: bytes(9) });
		const report = encodeEnvelope({ kind: "report", report: bytes(9) });
		check.refused(decodeFromLock(trust), "kind");
		check.refused(decodeToLock(report), "fields");
		check.refused(decodeFromLock(encodeEnvelope({ kind: "report-request" })), "fields");
		for (const envelope of [trust, report]) {
			check.refused(decodeFromApp(envelope), "kind");
			check.refused(decodeToApp(envelope), "kind");
		}
	});

	t.test("the serial line says channels only; for the rest it has verbs (PROTOCOL 6)", () => {
		const trust = encodeEnvelope({ kind: "trust", message: bytes(9) });
		const answer = encodeEnvelope({ kind: "time-answer", statement: bytes(9) });
		for (const envelope of [trust, answer]) check.refused(decodeChannelEnvelope(envelope), "kind");
		const data = { kind: "data", channel: 1, frame: bytes(9) } as const;
		check.deepEqual(check.accepted(decodeChannelEnvelope(encodeEnvelope(data))), data);
	});

	t.test("a missing, wrong or unknown field is a refusal in what a lock or a relay receives", () => {
		const wrong: readonly CborInput[] = [
			{ 0: 1 },
			{ 0: 1, 1: -1 },
			{ 0: 1, 1: 4294967296 },
			{ 0: 1, 1: "1" },
			{ 0: 1, 1: 1, 2: 1 },
			{ 0: 2, 1: 1 },
			{ 0: 2, 1: 1, 2: bytes(0) },
			{ 0: 2, 1: 1, 2: bytes(4097) },
			{ 0: 2, 1: 1, 2: "x" },
			{ 0: 2, 1: 1, 2: bytes(1), 9: null },
			{ 0: 3, 1: null },
			{ 0: 3, 1: 1, 2: bytes(1) },
		];
		const wrongToLock: readonly CborInput[] = [
			{ 0: 4 },
			{ 0: 4, 1: bytes(0) },
			{ 0: 4, 1: bytes(257) },
			{ 0: 4, 1: bytes(1), 2: 1 },
			{ 0: 5, 1: [] },
			{ 0: 5, 1: [bytes(0)] },
			{ 0: 5, 1: [bytes(2049)] },
			{ 0: 5, 1: [bytes(1), bytes(1), bytes(1), bytes(1)] },
			{ 0: 5, 1: bytes(1) },
			{ 0: 5, 2: 1 },
			{ 0: 8 },
			{ 0: 8, 1: bytes(8193) },
			{ 0: 8, 1: bytes(1), 2: 0 },
			{ 0: 9, 1: 1 },
		];
		const wrongFromLock: readonly CborInput[] = [
			{ 0: 4, 1: bytes(15) },
			{ 0: 4, 1: bytes(16), 2: 1 },
			{ 0: 5, 1: bytes(1) },
			{ 0: 5, 1: bytes(513), 2: bytes(64) },
			{ 0: 5, 1: bytes(1), 2: bytes(63) },
			{ 0: 5, 1: bytes(1), 2: bytes(64), 3: 1 },
			{ 0: 9 },
			{ 0: 9, 1: bytes(2049) },
			{ 0: 9, 1: bytes(1), 2: 1 },
		];
		for (const value of [...wrong, ...wrongToLock]) check.refused(decodeToLock(encodeCbor(value)), "fields");
		for (const value of wrongFromLock) check.refused(decodeFromLock(encodeCbor(value)), "fields");
		for (const value of wrong.slice(5)) check.refused(decodeFromLock(encodeCbor(value)), "fields");
		for (const serial of ["abc1", "AB1", "A".repeat(25), "AB CD", ""]) {
			check.refused(decodeFromApp(encodeCbor({ 0: 1, 1: 1, 3: serial })), "fields");
		}
		check.refused(decodeFromApp(encodeCbor({ 0: 6, 1: Array.from({ length: 17 }, address) })), "fields");
		check.refused(decodeFromApp(encodeCbor({ 0: 6, 1: [bytes(15)] })), "fields");
		check.refused(decodeFromLock(encodeCbor({ 0: 7, 1: bytes(15), 2: bytes(1) })), "fields");
		check.refused(decodeFromLock(encodeCbor({ 0: 7, 1: address(), 2: bytes(513) })), "fields");
	});

	t.test("an app ignores keys that it does not know, and nothing else (PROTOCOL 1)", () => {
		check.accepted(decodeToApp(encodeCbor({ 0: 2, 1: 1, 2: bytes(1), 9: null })));
		check.accepted(decodeToApp(encodeCbor({ 0: 7, 1: address(), 2: bytes(1), 9: null })));
		check.refused(decodeToApp(encodeCbor({ 0: 2, 1: 1, 9: null })), "fields");
	});

	t.test("what is no deterministic CBOR map is refused, whatever the bytes (I9)", ({ random }) => {
		check.refused(decodeToLock(new Uint8Array(0)), "truncated");
		check.refused(decodeToLock(encodeCbor([1, 1])), "not-a-map");
		const good = encodeEnvelope({ kind: "data", channel: 9, frame: bytes(20) });
		check.refused(decodeToLock(concatBytes(good, Uint8Array.of(0))), "trailing");
		for (let round = 0; round < 500; round++) {
			const mutated = random.mutate(good);
			for (const decode of [decodeToLock, decodeFromLock, decodeFromApp, decodeToApp]) {
				const read = decode(mutated);
				if (read.ok && decode !== decodeToApp) check.bytes(encodeEnvelope(read.value), mutated);
			}
		}
	});
}
