import { LIMITS } from "../../../modules/base/limits.ts";
import { EventLog } from "../../../modules/log/event-log.ts";
import { Store } from "../../../modules/store/store.ts";
import { type LogHead, noLogKnown, pageStart, verifyLog } from "../../../modules/wire/log-chain.ts";
import { check, type Suite, type TestContext } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";

interface Lock {
	readonly storage: SimStorage;
	readonly log: EventLog;
	readonly sha256: (data: Uint8Array) => Uint8Array;
}

function lockWith({ crypto }: TestContext, entries: number, resetReason = "power-on"): Lock {
	const storage = new SimStorage();
	const sha256 = (data: Uint8Array) => crypto.sha256(data);
	const log = new EventLog(new Store(storage), sha256, {
		secondsSinceBoot: () => 1,
		unixSeconds: () => undefined,
	});
	for (let entry = 0; entry < entries; entry++) {
		check.accepted(log.append({ kind: "boot", resetReason, firmware: "1" }));
	}
	return { storage, log, sha256 };
}

/** Reads on from `known` to the end of the log. */
function catchUp({ log, sha256 }: Lock, from: LogHead): LogHead {
	let known = from;
	for (;;) {
		const verified = check.accepted(verifyLog(sha256, log.read(known.sequence + 1, 16), known));
		if (verified.entries.length === 0) return known;
		known = verified.known;
	}
}

export default function suite(t: Suite): void {
	t.test("a phone follows the log from nothing to its head, and on from there", (context) => {
		const lock = lockWith(context, 40);
		const known = catchUp(lock, noLogKnown());
		check.equal(known.sequence, 40);
		check.bytes(known.head, lock.log.head);
		check.accepted(lock.log.append({ kind: "reset" }));
		check.bytes(catchUp(lock, known).head, lock.log.head);
	});

	t.test("an entry changed, dropped, exchanged or put in is shown as broken", (context) => {
		const { log, sha256 } = lockWith(context, 6);
		const other = lockWith(context, 6, "watchdog").log;
		const page = log.read(1, 16);
		check.accepted(verifyLog(sha256, page, noLogKnown()));
		const known = check.accepted(verifyLog(sha256, log.read(1, 3), noLogKnown())).known;
		const rest = log.read(4, 16);
		const [a, b, c] = rest.entries as [Uint8Array, Uint8Array, Uint8Array];
		check.equal(check.accepted(verifyLog(sha256, rest, known)).known.sequence, 6);
		// A change inside a page shows in the head, which the next page must extend.
		const changed = { ...rest, entries: [other.read(4, 1).entries[0]!, b, c] };
		const forged = check.accepted(verifyLog(sha256, changed, known)).known;
		check.accepted(log.append({ kind: "reset" }));
		check.refused(verifyLog(sha256, log.read(7, 16), forged), "broken");
		for (const entries of [
			[b, c],
			[a, c],
			[b, a, c],
			[a, a, b, c],
		]) {
			check.refused(verifyLog(sha256, { ...rest, entries }, known), "broken");
		}
	});

	t.test("a log that another head precedes, or that was put back, is shown as broken", (context) => {
		const { log, sha256 } = lockWith(context, 6);
		const known = check.accepted(verifyLog(sha256, log.read(1, 3), noLogKnown())).known;
		const wrong = { sequence: 3, head: context.random.bytes(32) };
		check.refused(verifyLog(sha256, log.read(4, 16), wrong), "broken");
		const older = lockWith(context, 2).log;
		check.refused(verifyLog(sha256, older.read(4, 16), known), "broken");
		const rewritten = lockWith(context, 9, "watchdog").log;
		check.refused(verifyLog(sha256, rewritten.read(4, 16), known), "broken");
	});

	t.test("an empty page must bear the head that the phone knows", (context) => {
		const { log, sha256 } = lockWith(context, 3);
		const known = check.accepted(verifyLog(sha256, log.read(1, 16), noLogKnown())).known;
		check.equal(check.accepted(verifyLog(sha256, log.read(4, 16), known)).entries.length, 0);
		check.refused(verifyLog(sha256, log.read(4, 16), { ...known, head: context.random.bytes(32) }), "broken");
	});

	t.test(
		"entries that the ring has dropped are a gap, from which a phone goes on with its eyes open",
		(context) => {
			const lock = lockWith(context, 3);
			const known = catchUp(lock, noLogKnown());
			for (let entry = 0; entry < LIMITS.logEntries + 5; entry++) {
				check.accepted(lock.log.append({ kind: "reset" }));
			}
			const page = lock.log.read(known.sequence + 1, 16);
			check.refused(verifyLog(lock.sha256, page, known), "gap");
			const start = pageStart(page);
			check.equal(start?.sequence, 8);
			check.bytes(catchUp(lock, start!).head, lock.log.head);
		},
	);

	t.test("a hole of corrupt flash is no gap of the ring: it is broken", (context) => {
		const lock = lockWith(context, 6);
		lock.storage.corrupt("log", "entry-3");
		const known = check.accepted(verifyLog(lock.sha256, lock.log.read(1, 16), noLogKnown())).known;
		check.equal(known.sequence, 3);
		check.refused(verifyLog(lock.sha256, lock.log.read(4, 16), known), "broken");
	});

	t.test("what is no page is refused as malformed", (context) => {
		const { log, sha256 } = lockWith(context, 3);
		const page = log.read(1, 16);
		const bad = [
			{ ...page, headBefore: new Uint8Array(31) },
			{ ...page, entries: [new Uint8Array([1])] },
			{ ...page, entries: new Array<Uint8Array>(17).fill(page.entries[0]!) },
		];
		for (const each of bad) check.refused(verifyLog(sha256, each, noLogKnown()), "malformed");
		check.refused(verifyLog(sha256, { ...page, next: 2 }, noLogKnown()), "broken");
		check.equal(pageStart({ ...page, entries: [new Uint8Array([1])] }), undefined);
		check.equal(pageStart({ ...page, headBefore: new Uint8Array(31) }), undefined);
	});
}
