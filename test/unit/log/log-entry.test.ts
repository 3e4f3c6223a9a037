import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import {
	decodeLogEntry,
	encodeLogEntry,
	type LogEntry,
	type LogEvent,
} from "../../../modules/wire/log-entry.ts";
import { check, type Suite } from "../../harness/test.ts";

const EVENTS: readonly LogEvent[] = [
	{ kind: "boot", resetReason: "power-on", firmware: "0.1.0" },
	{ kind: "claimed", grantId: 1, name: "Ада" },
	{ kind: "session", grantId: 1, transport: "relay" },
	{ kind: "decision", grantId: 4294967295, command: 3, status: 10 },
	{ kind: "bolt", bolt: 2, cause: "command" },
	{ kind: "window", opened: false },
	{ kind: "reset" },
	{ kind: "strangers", transport: "serial", count: 7, hour: 3 },
	{ kind: "member-added", grantId: 2, role: 2, name: "Guest", byGrantId: 1 },
	{ kind: "member-removed", grantId: 2, byGrantId: 1 },
	{ kind: "fault", code: "record/full" },
	{ kind: "trust", version: 7, way: "relay" },
];

function entryOf(event: LogEvent): LogEntry {
	return { sequence: 9, boot: 2, secondsSinceBoot: 61, event };
}

export default function suite(t: Suite): void {
	t.test("every kind of PROTOCOL 9 is read back as it was written, under its number", () => {
		for (const [index, event] of EVENTS.entries()) {
			const encoded = encodeLogEntry(entryOf(event));
			check.deepEqual(decodeLogEntry(encoded), entryOf(event), event.kind);
			check.deepEqual([...encoded.subarray(1, 7)], [9, 2, 0x18, 61, 0xf6, index + 1], event.kind);
		}
	});

	t.test("a kind of a later version is kept as it came", () => {
		const entry = decodeLogEntry(encodeCbor([1, 1, 0, 1_700_000_000, 99, "new", 5]));
		check.deepEqual(entry, {
			sequence: 1,
			boot: 1,
			secondsSinceBoot: 0,
			unixSeconds: 1_700_000_000,
			event: { kind: "unknown", number: 99, detail: ["new", 5] },
		});
	});

	t.test(
		"what is no entry is refused: fields missing, out of range, of a wrong type, too many, too long",
		() => {
			const bad = [
				[1, 1, 0, null],
				[0, 1, 0, null, 7],
				[1, -1, 0, null, 7],
				[1, 1, 0, false, 7],
				[1, 1, 0, null, "reset"],
				[1, 1, 0, null, 7, 1],
				[1, 1, 0, null, 6, 1],
				[1, 1, 0, null, 5, 6, "command"],
				[1, 1, 0, null, 5, 1, "ghost"],
				[1, 1, 0, null, 4, 1, 3, 11],
				[1, 1, 0, null, 4, 4294967296, 3, 0],
				[1, 1, 0, null, 2, 1, ""],
				[1, 1, 0, null, 2, 1, "a\u0000b"],
				[1, 1, 0, null, 2, 1, "x".repeat(33)],
				[1, 1, 0, null, 11, "x".repeat(33)],
				[1, 1, 0, null, 1, "power-on"],
				[1, 1, 0, null, 99, 1, 2, 3, 4, 5, 6, 7, 8, 9],
				[1, 1, 0, null, 99, "x".repeat(LIMITS.logEntryBytes)],
			];
			for (const items of bad)
				check.equal(decodeLogEntry(encodeCbor(items)), undefined, JSON.stringify(items));
			check.equal(decodeLogEntry(encodeCbor({ 0: 1 })), undefined);
		},
	);

	t.test("no bytes make the decoder throw, and what it accepts has one encoding (I9)", ({ random }) => {
		let accepted = 0;
		for (let round = 0; round < 2000; round++) {
			const encoded = encodeLogEntry(entryOf(random.pick(EVENTS)));
			const bytes = random.below(10) === 0 ? random.bytes(random.below(40)) : random.mutate(encoded);
			const entry = decodeLogEntry(bytes);
			if (entry === undefined || entry.event.kind === "unknown") continue;
			accepted++;
			check.bytes(encodeLogEntry({ ...entry, event: entry.event }), bytes);
		}
		check.ok(accepted > 50, `${accepted} of 2000 mutants were entries`);
	});
}
