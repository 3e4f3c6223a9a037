import { bytesEqual } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { EventLog, type LogTime } from "../../../modules/log/event-log.ts";
import { RECORDS } from "../../../modules/store/records.ts";
import { Store } from "../../../modules/store/store.ts";
import { decodeLogEntry, firstLogHead, type LogEvent, nextLogHead } from "../../../modules/wire/log-entry.ts";
import { check, type Suite, type TestContext } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";

const OPENED: LogEvent = { kind: "window", opened: true };
const TIME: LogTime = { secondsSinceBoot: () => 5, unixSeconds: () => undefined };

type Sha256 = (data: Uint8Array) => Uint8Array;

function sha256Of({ crypto }: TestContext): Sha256 {
	return (data) => crypto.sha256(data);
}

function openLog(storage: SimStorage, sha256: Sha256, time = TIME): EventLog {
	return new EventLog(new Store(storage), sha256, time);
}

/** Head and number of entries, from the entries alone. */
function follow(log: EventLog, sha256: Sha256): { readonly head: Uint8Array; readonly entries: number } {
	let entries = 0;
	let { headBefore: head, next } = log.read(1, 1);
	for (let from = 1; from <= log.sequence; from = next) {
		const page = log.read(from, LIMITS.logPage);
		check.ok(bytesEqual(page.headBefore, head) || entries === 0, "a page begins where the last one ended");
		head = page.headBefore;
		for (const encoded of page.entries) head = nextLogHead(sha256, head, encoded);
		entries += page.entries.length;
		({ next } = page);
	}
	return { head, entries };
}

export default function suite(t: Suite): void {
	t.test("an empty log starts with the head of zeros and reads as nothing", (context) => {
		const log = openLog(new SimStorage(), sha256Of(context));
		check.equal(log.sequence, 0);
		check.bytes(log.head, firstLogHead());
		check.deepEqual(log.read(1, 16), { entries: [], next: 1, oldest: 1, headBefore: firstLogHead() });
	});

	t.test("entries are numbered from 1, carry boot and time, and chain to the head", (context) => {
		const sha256 = sha256Of(context);
		const log = openLog(new SimStorage(), sha256, {
			secondsSinceBoot: () => 3,
			unixSeconds: () => 1_800_000_000,
		});
		check.equal(check.accepted(log.append({ kind: "boot", resetReason: "power-on", firmware: "0.1.0" })), 1);
		check.equal(check.accepted(log.append(OPENED)), 2);
		const page = log.read(1, 16);
		check.deepEqual(decodeLogEntry(page.entries[1]!), {
			sequence: 2,
			boot: 1,
			secondsSinceBoot: 3,
			unixSeconds: 1_800_000_000,
			event: OPENED,
		});
		check.equal(page.next, 3);
		const follower = follow(log, sha256);
		check.bytes(follower.head, log.head);
		check.equal(follower.entries, 2);
	});

	t.test("head, sequence and the next boot's number are found again at boot", (context) => {
		const sha256 = sha256Of(context);
		const storage = new SimStorage();
		const log = openLog(storage, sha256);
		for (let entry = 0; entry < 5; entry++) check.accepted(log.append(OPENED));
		const again = openLog(storage.reboot(), sha256);
		check.equal(again.sequence, 5);
		check.bytes(again.head, log.head);
		check.accepted(again.append(OPENED));
		check.equal(decodeLogEntry(again.read(6, 1).entries[0]!)?.boot, 2);
		check.equal(again.read(1, 1).oldest, 1);
	});

	t.test("the ring keeps the last entries alone, before and after a boot (I8)", (context) => {
		const sha256 = sha256Of(context);
		const storage = new SimStorage();
		const log = openLog(storage, sha256);
		const count = LIMITS.logEntries + 40;
		for (let entry = 0; entry < count; entry++) check.accepted(log.append(OPENED));
		check.equal(storage.paths().length, LIMITS.logEntries);
		for (const each of [log, openLog(storage.reboot(), sha256)]) {
			check.equal(each.sequence, count);
			const page = each.read(1, 16);
			check.equal(page.oldest, 41);
			check.equal(decodeLogEntry(page.entries[0]!)?.sequence, 41);
			const follower = follow(each, sha256);
			check.bytes(follower.head, log.head);
			check.equal(follower.entries, LIMITS.logEntries);
		}
	});

	t.test("a page has no more entries than asked for, than the bound, than there are", (context) => {
		const log = openLog(new SimStorage(), sha256Of(context));
		for (let entry = 0; entry < 20; entry++) check.accepted(log.append(OPENED));
		check.equal(log.read(1, 3).entries.length, 3);
		check.equal(log.read(1, 200).entries.length, LIMITS.logPage);
		check.equal(log.read(18, 16).entries.length, 3);
		check.equal(log.read(21, 16).entries.length, 0);
		check.equal(log.read(21, 16).next, 21);
		check.equal(log.read(1_000_000, 16).next, 21);
		check.equal(log.read(0, 1).next, 2);
		check.bytes(log.read(21, 16).headBefore, log.head);
	});

	t.test(
		"a power cut in an append leaves the log before it or after it, never between (T12, I5)",
		(context) => {
			const sha256 = sha256Of(context);
			for (const filled of [0, 3, LIMITS.logEntries, LIMITS.logEntries + 7]) {
				for (const applied of [false, true]) {
					const storage = new SimStorage();
					const log = openLog(storage, sha256);
					for (let entry = 0; entry < filled; entry++) check.accepted(log.append(OPENED));
					storage.cutAfter(0, applied);
					check.throws(() => log.append(OPENED), "PowerCut");
					const again = openLog(storage.reboot(), sha256);
					check.equal(again.sequence, filled + (applied ? 1 : 0));
					check.equal(again.unreadable, 0);
					check.accepted(again.append(OPENED));
					check.bytes(follow(again, sha256).head, again.head);
				}
			}
		},
	);

	t.test("a full disk refuses the entry as a value and leaves the chain as it was (I7)", (context) => {
		const sha256 = sha256Of(context);
		const storage = new SimStorage();
		const log = openLog(storage, sha256);
		check.accepted(log.append(OPENED));
		const head = log.head;
		storage.failWrites("record/full");
		check.refused(log.append(OPENED), "full");
		check.bytes(log.head, head);
		check.equal(log.sequence, 1);
		storage.heal();
		check.equal(check.accepted(log.append(OPENED)), 2);
		check.bytes(follow(log, sha256).head, log.head);
	});

	t.test(
		"an entry that cannot be read is a hole: reading stops before it, then goes on behind it",
		(context) => {
			const storage = new SimStorage();
			const log = openLog(storage, sha256Of(context));
			for (let entry = 0; entry < 8; entry++) check.accepted(log.append(OPENED));
			storage.corrupt("log", "entry-3");
			const first = log.read(1, 16);
			check.equal(first.entries.length, 3);
			check.equal(first.next, 4);
			const second = log.read(4, 16);
			check.equal(decodeLogEntry(second.entries[0]!)?.sequence, 5);
			check.equal(second.entries.length, 4);
			check.equal(openLog(storage.reboot(), sha256Of(context)).unreadable, 1);
		},
	);

	t.test(
		"a corrupt newest entry is replaced, and the log goes on from the last that can be read",
		(context) => {
			const sha256 = sha256Of(context);
			const storage = new SimStorage();
			const log = openLog(storage, sha256);
			for (let entry = 0; entry < 4; entry++) check.accepted(log.append(OPENED));
			storage.corrupt("log", "entry-3");
			const again = openLog(storage.reboot(), sha256);
			check.equal(again.sequence, 3);
			check.equal(check.accepted(again.append({ kind: "reset" })), 4);
			check.bytes(follow(again, sha256).head, again.head);
			check.notEqual(
				bytesEqual(again.head, log.head),
				true,
				"a phone that knows the lost entry sees the break",
			);
		},
	);

	t.test("an entry in a slot that is not its own does not count", (context) => {
		const storage = new SimStorage();
		const log = openLog(storage, sha256Of(context));
		check.accepted(log.append(OPENED));
		storage.write("log", "entry-9", storage.peek("log", "entry-0")!);
		const again = openLog(storage.reboot(), sha256Of(context));
		check.equal(again.unreadable, 1);
		check.equal(again.sequence, 1);
	});

	t.test("while flash cannot be read no entry is written over, and the log comes back with it", (context) => {
		const sha256 = sha256Of(context);
		const storage = new SimStorage();
		const log = openLog(storage, sha256);
		for (let entry = 0; entry < 4; entry++) check.accepted(log.append(OPENED));
		for (const fault of ["slot", "list"]) {
			const rebooted = storage.reboot();
			if (fault === "slot") rebooted.makeUnreadable("log", "entry-3");
			else rebooted.makeUnlistable("log");
			const again = openLog(rebooted, sha256);
			check.equal(again.available, false);
			check.refused(again.append(OPENED), "io");
			check.deepEqual(rebooted.paths(), storage.paths());
			check.equal(again.read(1, 16).entries.length, 0);
			rebooted.heal();
			check.equal(check.accepted(again.append(OPENED)), 5);
			check.equal(again.available, true);
			check.bytes(follow(again, sha256).head, again.head);
		}
	});

	t.test(
		"one grant's flood stops at its allowance and comes back with time; another grant is not touched (T16)",
		(context) => {
			const storage = new SimStorage();
			let seconds = 100;
			const log = openLog(storage, sha256Of(context), { ...TIME, secondsSinceBoot: () => seconds });
			const decision: LogEvent = { kind: "decision", grantId: 2, command: 3, status: 1 };
			for (let entry = 0; entry < LIMITS.logGrantBurst; entry++) check.accepted(log.appendBy(2, decision));
			const writes = storage.mutations().length;
			for (let entry = 0; entry < 1000; entry++) check.refused(log.appendBy(2, decision), "allowance");
			check.equal(storage.mutations().length, writes);
			check.accepted(log.appendBy(3, decision));
			check.accepted(log.append(OPENED), "what no phone causes has no allowance");
			seconds += 60;
			for (let entry = 0; entry < LIMITS.logGrantPerMinute; entry++)
				check.accepted(log.appendBy(2, decision));
			check.refused(log.appendBy(2, decision), "allowance");
			for (let grantId = 10; grantId < 10 + 2 * LIMITS.grants; grantId++)
				check.accepted(log.appendBy(grantId, OPENED));
		},
	);

	t.test("no stored bytes make the log throw (I9)", (context) => {
		const { random } = context;
		const storage = new SimStorage();
		const log = openLog(storage, sha256Of(context));
		for (let entry = 0; entry < 3; entry++) check.accepted(log.append(OPENED));
		const good = storage.peek("log", "entry-1")!;
		for (let round = 0; round < 200; round++) {
			const copy = storage.reboot();
			copy.write("log", "entry-1", random.mutate(good));
			const again = openLog(copy, sha256Of(context));
			again.read(1, 16);
			check.accepted(again.append(OPENED));
		}
	});

	t.test("the largest entry fits its bound, and its record the row's (I8)", (context) => {
		const storage = new SimStorage();
		const big = {
			secondsSinceBoot: () => Number.MAX_SAFE_INTEGER,
			unixSeconds: () => Number.MAX_SAFE_INTEGER,
		};
		const log = openLog(storage, sha256Of(context), big);
		const text = "x".repeat(LIMITS.logTextBytes);
		const id = 0xffffffff;
		const events: readonly LogEvent[] = [
			{ kind: "boot", resetReason: text, firmware: text },
			{ kind: "strangers", transport: text, count: Number.MAX_SAFE_INTEGER, hour: Number.MAX_SAFE_INTEGER },
			{ kind: "member-added", grantId: id, role: 255, name: text, byGrantId: id },
			{ kind: "decision", grantId: id, command: 0xffff, status: 10 },
		];
		for (const event of events) {
			const sequence = check.accepted(log.append(event));
			check.ok(log.read(sequence, 1).entries[0]!.length <= LIMITS.logEntryBytes);
			check.ok(storage.peek("log", `entry-${sequence - 1}`)!.length <= RECORDS.logEntry.bytesMax);
			check.deepEqual(decodeLogEntry(log.read(sequence, 1).entries[0]!)?.event, event);
		}
		check.throws(() => log.append({ kind: "fault", code: `${text}x` }), "AssertionFault");
	});
}
