/**
 * Holds docs/STORAGE.md equal to the code: the table of records, what each event writes, and the wear budget.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeGrant, ROLE_PERMISSIONS } from "../../modules/access/grant.ts";
import { ADVERTISING_KEY_CODEC } from "../../modules/app/advertiser.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { RECORD_ROWS, RECORDS, type RecordRow } from "../../modules/store/records.ts";
import { CODEC as FLOORS } from "../../modules/update/floors.ts";
import { CODEC as HISTORY } from "../../modules/update/history.ts";
import { CODEC as SETTLED } from "../../modules/update/settled.ts";
import { CODEC as HEAD } from "../../modules/update/slot-head.ts";
import { CODEC as TRIAL } from "../../modules/update/trial-record.ts";
import { encodeCbor } from "../../modules/wire/cbor-encode.ts";
import { encodeLogEntry, type LogEvent } from "../../modules/wire/log-entry.ts";
import { healthFields } from "../../modules/wire/report.ts";
import { ROOT } from "../harness/files.ts";
import { check, type Suite } from "../harness/test.ts";

const PAGE_ENTRIES = 126;
const PAGES = 64;
const CYCLES_MAX = 100_000;
const DAYS = 3650;
const AMPLIFICATION = 2.5;

function readDocument(): string {
	return readFileSync(join(ROOT, "docs/STORAGE.md"), "utf8");
}

function recordLine(row: RecordRow): string {
	const name = row.count === undefined ? row.name : `${row.name}0 .. ${row.count - 1}`;
	const erasedBy = row.erasedBy === "removal" ? "removal, reset" : row.erasedBy;
	const survives = row.survivesReset ? "yes" : "no";
	return `| \`${row.domain}/${name}\` | ${row.owner} | ${row.bytesMax} | ${erasedBy} | ${survives} | ${row.holds} |`;
}

/** A record of the log in its middle age. */
function logBytes(event: LogEvent): number {
	const encoded = encodeLogEntry({
		sequence: 1_000_000,
		boot: 1_000,
		secondsSinceBoot: 1_000_000,
		unixSeconds: 2_000_000_000,
		event,
	});
	return encodeCbor({ 0: 1, 1: encoded, 2: new Uint8Array(32) }).length;
}

function grantBytes(usesLeft?: number): number {
	const grant = encodeGrant({
		id: 20,
		role: "member",
		permissions: ROLE_PERMISSIONS.member,
		name: "x".repeat(16),
		key25519: new Uint8Array(32),
		keyP256: new Uint8Array(65),
		...(usesLeft === undefined ? {} : { usesLeft }),
	});
	return encodeCbor({ 0: 1, 1: grant }).length;
}

function nvsEntries(bytes: number): number {
	return 2 + Math.ceil(bytes / 32);
}

const EVENT_BYTES = Object.freeze({
	decision: logBytes({ kind: "decision", grantId: 20, command: 3, status: 0 }),
	session: logBytes({ kind: "session", grantId: 20, transport: "relay" }),
	bolt: logBytes({ kind: "bolt", bolt: 1, cause: "relock" }),
	strangers: logBytes({ kind: "strangers", transport: "relay", count: 100_000, hour: 2_000 }),
	boot: logBytes({ kind: "boot", resetReason: "power-on", firmware: "0.1.0" }),
	use: grantBytes(100),
	grant: grantBytes(),
	lastId: encodeCbor({ 0: 1, 1: 20 }).length,
	seed: RECORDS.entropySeed.bytesMax,
	health: healthBytes(),
	trust: logBytes({ kind: "trust", version: 20, way: "session" }),
	bundle: RECORDS.trustBundle.bytesMax,
	floor: RECORDS.timeFloor.bytesMax,
	ownRelays: RECORDS.ownerRelays.bytesMax,
	wifi: RECORDS.wifi.bytesMax,
	advertisingKey: encodeCbor({
		...ADVERTISING_KEY_CODEC.encode({ key: new Uint8Array(16), departed: 20 }),
		0: 1,
	}).length,
	update: logBytes({ kind: "update", sequence: 1_000_000, step: "confirmed" }),
	plan: RECORDS.updatePlan.bytesMax,
	freshness: RECORDS.updateFreshness.bytesMax,
	...updateBytes(),
});

/** The small records of updates, in their middle age. */
function updateBytes(): Readonly<Record<"trial" | "history" | "updateFloors" | "head" | "settled", number>> {
	const release = { sequence: 1_000_000, securityVersion: 3 };
	const trial = TRIAL.encode({
		...release,
		attempt: 1,
		reachable: true,
		imageDigest: new Uint8Array(32),
		reason: "trial-crashed",
	});
	const history = HISTORY.encode({
		result: "trial-crashed",
		resultSequence: release.sequence,
		reverts: { sequence: release.sequence, count: 3, parked: true },
		begins: LIMITS.updateBeginsBurst * 1000,
		chunkRetries: LIMITS.chunkRetriesBurst * 1000,
	});
	return {
		trial: encodeCbor({ ...trial, 0: 1 }).length,
		history: encodeCbor({ ...history, 0: 1 }).length,
		head: encodeCbor({ ...HEAD.encode(new Uint8Array(LIMITS.flashUnitBytes)), 0: 1 }).length,
		settled: encodeCbor({ ...SETTLED.encode({ sequence: 1_000_000, hours: LIMITS.oldSlotHours }), 0: 1 })
			.length,
		updateFloors: encodeCbor({ ...FLOORS.encode(release), 0: 1 }).length,
	};
}

/** After some years: every reset kept, a stack of usual length, a dozen reasons why the link failed. */
function healthBytes(): number {
	const resets = Array.from({ length: LIMITS.healthResets }, () => ({ boot: 1_000, reason: "requested" }));
	const figures = {
		boots: 1_000,
		resets,
		stack: "x".repeat(200),
		leastFreeBytes: 100_000,
		linkFailures: new Map(Array.from({ length: 12 }, (_, reason) => [30 + reason, 10_000])),
		lastTimeSource: "time-role",
	} as const;
	return encodeCbor({ ...healthFields(figures, 1), 0: 1 }).length;
}

type EventName = keyof typeof EVENT_BYTES;

const EVENT_LINES: readonly (readonly [EventName, string, string])[] = [
	["decision", "a decision on a member's request", "log entry"],
	["session", "a session opens", "log entry"],
	["bolt", "the bolt moved without a command", "log entry"],
	["strangers", "an hour with strangers, each transport", "log entry"],
	["boot", "a boot", "log entry"],
	["seed", "a boot", "entropy seed"],
	["use", "a counted use", "grant"],
	["grant", "a member is added", "grant"],
	["lastId", "a member is added", "last grant id"],
	["health", "a boot, and an hour with news", "health"],
	["trust", "a new trust bundle", "log entry"],
	["bundle", "a new trust bundle", "trust bundle"],
	["floor", "a new trust bundle", "time floor"],
	["ownRelays", "an owner sets relays", "owner relays"],
	["wifi", "an owner sets Wi-Fi", "wifi"],
	["advertisingKey", "a member is removed", "advertising key"],
	["plan", "an update begins", "update plan"],
	["history", "an update begins or ends, a chunk is written again", "update history"],
	["head", "an image's first chunk is there", "update head"],
	["settled", "an hour beside a flawed image, 24 in all", "update settled"],
	["update", "a step of an update", "log entry"],
	["trial", "a trial, and the reason of its end", "update trial"],
	["updateFloors", "a release is confirmed", "update floors"],
	["freshness", "half a day of freshness statements", "update freshness"],
];

function eventLine([name, event, record]: readonly [EventName, string, string]): string {
	const bytes = EVENT_BYTES[name];
	return `| ${event} | ${record} | ${bytes} | ${nvsEntries(bytes)} |`;
}

function entriesOf(name: EventName, times: number): number {
	return times * nvsEntries(EVENT_BYTES[name]);
}

/** Every record at its largest, log entries at their usual size. */
function liveEntries(): number {
	let entries = 0;
	for (const row of RECORD_ROWS) {
		const bytes = row === RECORDS.logEntry ? EVENT_BYTES.strangers : row.bytesMax;
		entries += (row.count ?? 1) * nvsEntries(bytes);
	}
	return entries;
}

const BUSY_DAY =
	entriesOf("session", 40) +
	entriesOf("decision", 80) +
	entriesOf("bolt", 60) +
	entriesOf("use", 10) +
	entriesOf("strangers", 4 * 24) +
	entriesOf("health", 24 + 1) +
	entriesOf("boot", 1) +
	entriesOf("seed", 1);

const HOSTILE_DAY = entriesOf("session", LIMITS.logGrantPerMinute * 60 * 24) + entriesOf("health", 24);

const RELAY_SETS_DAY = entriesOf("ownRelays", LIMITS.relaySetsPerHour * 24);

/** Every update that flash's allowance lets begin, all of them to a trial that is reverted, and its hourly figures. */
const UPDATE_DAY =
	entriesOf("plan", 2 * LIMITS.updateBeginsPerDay) +
	entriesOf("update", 3 * LIMITS.updateBeginsPerDay) +
	entriesOf("trial", 2 * LIMITS.updateBeginsPerDay) +
	entriesOf("updateFloors", LIMITS.updateBeginsPerDay) +
	entriesOf("history", 2 * LIMITS.updateBeginsPerDay + LIMITS.chunkRetriesPerDay + 24) +
	entriesOf("head", LIMITS.updateBeginsPerDay + LIMITS.chunkRetriesPerDay) +
	entriesOf("settled", 24) +
	entriesOf("freshness", LIMITS.freshnessWritesPerDay) +
	entriesOf("boot", 2 * LIMITS.updateBeginsPerDay) +
	entriesOf("seed", 2 * LIMITS.updateBeginsPerDay) +
	entriesOf("health", 24 + 2 * LIMITS.updateBeginsPerDay);

/** Erases of each page in ten years, to two figures. */
function cycles(entriesPerDay: number): number {
	const exact = ((entriesPerDay / PAGE_ENTRIES) * AMPLIFICATION * DAYS) / PAGES;
	return Number(exact.toPrecision(2));
}

function grouped(count: number): string {
	return count.toLocaleString("en-US");
}

/** What a sector of flash takes. */
const SECTOR_CYCLES = 100000;

export default function suite(t: Suite): void {
	t.test("docs/STORAGE.md lists exactly the records of the table", () => {
		const lines = readDocument()
			.split("\n")
			.filter((line) => /^\| `[a-z]+\//.test(line));
		check.deepEqual(lines, RECORD_ROWS.map(recordLine));
	});

	t.test("docs/STORAGE.md says how often a sector of a slot is erased, and it is less than it takes", () => {
		const begun = LIMITS.updateBeginsPerDay * DAYS;
		const failed = 2 * LIMITS.chunkRetriesPerDay * DAYS;
		const text = readDocument();
		for (const count of [begun, failed, begun + failed])
			check.ok(text.includes(grouped(count)), grouped(count));
		check.ok(begun + failed < SECTOR_CYCLES);
	});

	t.test("docs/STORAGE.md says what each event writes", () => {
		const lines = readDocument().split("\n");
		for (const event of EVENT_LINES) check.ok(lines.includes(eventLine(event)), eventLine(event));
	});

	t.test("docs/STORAGE.md counts wear as the code writes it, and the flash lasts ten years", () => {
		const document = readDocument();
		const live = liveEntries();
		const pages = Math.ceil(live / PAGE_ENTRIES);
		const share = live / ((PAGES - 1) * PAGE_ENTRIES);
		check.ok(1 / (1 - share) <= AMPLIFICATION, `${live} live entries`);
		check.ok(
			document.includes(`at most ${grouped(live)} entries (${pages} pages\nof ${PAGES - 1} `),
			`${grouped(live)}, ${pages} of ${PAGES - 1}`,
		);
		check.ok(document.includes(`1 / (1 - ${share.toFixed(2)})`), share.toFixed(2));
		for (const day of [BUSY_DAY, HOSTILE_DAY, RELAY_SETS_DAY, UPDATE_DAY]) {
			check.ok(
				document.includes(`| ${grouped(day)} | ${grouped(cycles(day))} |`),
				`${grouped(day)} | ${grouped(cycles(day))}`,
			);
			check.ok(cycles(day) < CYCLES_MAX, `${cycles(day)}`);
		}
		check.ok(document.includes(`The partition has ${PAGES} pages`));
		check.ok(document.includes(`burst of ${LIMITS.logGrantBurst} entries`));
	});
}
