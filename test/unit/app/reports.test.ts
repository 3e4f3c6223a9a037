/** The report of a whole lock (PROTOCOL 12): the same bytes by link, session and line; and nothing secret in it. */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { LINK_FAILURES } from "../../../modules/link/link-failure.ts";
import { encodeFrame } from "../../../modules/wire/cobs.ts";
import { encodeLineRequest } from "../../../modules/wire/line-verb.ts";
import { decodeReport, type Report } from "../../../modules/wire/report.ts";
import { check, type Suite } from "../../harness/test.ts";
import { RIG_SERIAL } from "../../sim/lock-rig.ts";
import { TimedLock } from "../../sim/timed-lock.ts";

function read(bytes: Uint8Array | undefined): Report {
	check.ok(bytes !== undefined, "there is a report");
	return check.accepted(decodeReport(bytes));
}

function contains(haystack: Uint8Array, needle: Uint8Array): boolean {
	for (let at = 0; at + needle.length <= haystack.length; at++) {
		if (needle.every((octet, index) => haystack[at + index] === octet)) return true;
	}
	return false;
}

export default function suite(t: Suite): void {
	t.test("link, session and line say the same bytes, also on a sealed board", ({ crypto }) => {
		const lock = new TimedLock(crypto);
		lock.owner.connect();
		const bySession = lock.owner.ask("health")?.result.bytes(0, { min: 1, max: 2048 });
		check.equal(lock.rig.verb("identify").result.uint(1), 3, "sealed");
		const byLine = lock.rig.verb("health").result.bytes(0, { min: 1, max: 2048 });
		lock.relay?.send({ kind: "report-request" });
		lock.rig.advance(10);
		const byLink = lock.reports.at(-1);
		check.bytes(bySession, byLine!);
		check.bytes(byLink, byLine!);
		const report = read(byLine);
		check.equal(report.firmware, "1.0.0-sim");
		check.equal(report.timeSource, "time-role");
		check.equal(report.health.boots, 1);
		check.equal(report.health.leastFreeBytes, 100000);
	});

	t.test("a lock reports when its link is ready", ({ crypto }) => {
		const lock = new TimedLock(crypto);
		check.equal(lock.reports.length, 1);
		check.ok(lock.reconnect(3_600_000) !== undefined);
		check.equal(lock.reports.length, 2);
		check.equal(read(lock.reports[1]).health.linkFailures.get(LINK_FAILURES.reset), 1);
	});

	t.test("a relay that asks without end gets reports at an allowance (T16)", ({ crypto }) => {
		const lock = new TimedLock(crypto);
		const before = lock.reports.length;
		for (let index = 0; index < 100; index++) lock.relay?.send({ kind: "report-request" });
		lock.rig.advance(100);
		check.equal(lock.reports.length, before + LIMITS.reportsBurst);
		lock.rig.advance(60_000);
		lock.relay?.send({ kind: "report-request" });
		lock.rig.advance(100);
		check.equal(lock.reports.length, before + LIMITS.reportsBurst + 1);
	});

	t.test(
		"a hundred questions for health at once cost one look at the heap, by line and by session (T16)",
		({ crypto }) => {
			const lock = new TimedLock(crypto);
			const { board } = lock.rig;
			const verb = encodeFrame(encodeLineRequest("health"));
			const looksOf = (ask: () => void): number => {
				lock.rig.advance(2 * LIMITS.healthMeasureMs);
				const before = board.heapLooks;
				ask();
				return board.heapLooks - before;
			};
			const ofLine = looksOf(() => lock.rig.writeRaw(concatBytes(...new Array(100).fill(verb))));
			check.equal(ofLine, 1);
			board.serial.take();
			lock.owner.connect();
			const ofSession = looksOf(() => {
				for (let count = 0; count < 100; count++) check.equal(lock.owner.ask("health")?.status, "done");
			});
			check.ok(ofSession <= 2, `${ofSession} looks`);
			board.freeBytes = 2000;
			lock.rig.advance(LIMITS.healthMeasureMs);
			const report = read(lock.owner.ask("health")?.result.bytes(0, { min: 1, max: 2048 }));
			check.equal(report.health.leastFreeBytes, 2000, "a second later it looks again");
		},
	);

	t.test(
		"a member without the log's permission reads no health; arguments are none (T9, T15)",
		({ crypto }) => {
			const lock = new TimedLock(crypto);
			const guest = lock.addGuest(crypto, {});
			guest.connect();
			check.equal(guest.ask("health")?.status, "not-permitted");
			lock.owner.connect();
			check.equal(lock.owner.ask("health", { 0: 1 })?.status, "unknown-command");
			check.equal(lock.rig.verb("health", { 0: 1 }).code, "malformed");
		},
	);

	t.test(
		"link failures, resets and the last source of time survive a reset by the button and its reboot (T20)",
		({ crypto }) => {
			const lock = new TimedLock(crypto);
			check.ok(lock.reconnect(3_600_000) !== undefined);
			lock.rig.hold(LIMITS.resetHoldMs + 500);
			lock.rig.advance(LIMITS.resetGraceMs + 1000);
			check.ok(!lock.rig.board.running, lock.rig.log);
			lock.answerTo = () => undefined;
			lock.rig.boot();
			const { health, timeSource } = read(lock.rig.verb("health").result.bytes(0, { min: 1, max: 2048 }));
			check.deepEqual(health.resets, [
				{ boot: 1, reason: "power-on" },
				{ boot: 2, reason: "requested" },
			]);
			check.equal(health.linkFailures.get(LINK_FAILURES.reset), 1);
			check.equal(health.lastTimeSource, "time-role");
			check.equal(timeSource, "none");
		},
	);

	t.test("no key, secret, serial, name or address of the lock is in its report (I1)", ({ crypto }) => {
		const lock = new TimedLock(crypto);
		const guest = lock.addGuest(crypto, {});
		lock.owner.connect();
		lock.owner.ask("unlock");
		lock.rig.board.crash("exception", "third < run");
		lock.rig.boot();
		lock.rig.advance(1000);
		const report = lock.rig.verb("health").result.bytes(0, { min: 1, max: 2048 })!;
		const record = lock.rig.board.storage.peek("app", "health")!;
		const secrets: Uint8Array[] = [
			lock.owner.key25519,
			lock.owner.keyP256,
			guest.key25519,
			lock.role.publicKey,
		];
		for (const text of [RIG_SERIAL, "Ada", "Guest", "relay.example", "192.0.2.7"])
			secrets.push(encodeUtf8(text));
		for (const path of lock.rig.board.storage.paths()) {
			const [domain, name] = path.split("/") as [string, string];
			if (domain === "keys") secrets.push(lock.rig.board.storage.peek(domain, name)!.subarray(1));
		}
		for (const secret of secrets) {
			check.ok(!contains(report, secret.subarray(0, 8)) && !contains(record, secret.subarray(0, 8)));
		}
		check.ok(contains(record, encodeUtf8("third < run")), "the search finds what is there");
	});
}
