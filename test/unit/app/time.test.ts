/** How a whole lock comes to know the time, and that no wrong clock strands it (DESIGN 7; T13, T4). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { keyIdOf } from "../../../modules/cose/key-id.ts";
import { buildSign1 } from "../../../modules/cose/sign1.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { bundleAad } from "../../../modules/trust/bundle-acceptance.ts";
import { decodeReport } from "../../../modules/wire/report.ts";
import { encodeTimeClaim, timeStatementAad } from "../../../modules/wire/time-statement.ts";
import { check, type Suite } from "../../harness/test.ts";
import { holder, signBundle, trustBundle } from "../../sim/bundles.ts";
import { p256Sign } from "../../sim/p256.ts";
import type { PhoneRig } from "../../sim/phone-rig.ts";
import { SimTimeRole } from "../../sim/time-role.ts";
import { DAY_MS, FLOOR_MS, RELAY_ADDRESS, TimedLock, YEAR_MS } from "../../sim/timed-lock.ts";

const HOUR_MS = 3_600_000;
/** Long enough for every attempt that doubt takes, with its back-off. */
const DOUBT_MS = (LIMITS.timeDoubts + 4) * (LIMITS.linkBackoffMaxMs + LIMITS.tlsHandshakeMs);
const IN_2100_MS = 4_102_444_800_000;

/** A lock whose relay answers no question about the time. */
function newSilent(crypto: TestCrypto): TimedLock {
	const lock = new TimedLock(crypto);
	lock.answerTo = () => undefined;
	lock.rig.boot();
	lock.rig.advance(100);
	return lock;
}

/** The guest tries to unlock now, in a session of their own; the status. */
function unlockBy(guest: PhoneRig): string | undefined {
	guest.connect();
	const status = guest.ask("unlock")?.status;
	if (status === "done") guest.ask("lock");
	guest.disconnect();
	return status;
}

function validNow(lock: TimedLock): { readonly notBefore: number; readonly notAfter: number } {
	return { notBefore: seconds(lock.unixMs - DAY_MS), notAfter: seconds(lock.unixMs + 90 * DAY_MS) };
}

function seconds(unixMs: number): number {
	return Math.floor(unixMs / 1000);
}

/**
 * Every record but the log, which tells of what was asked, the health record, which counts, and the key of a request
 * for a certificate, which this relay does not answer.
 */
function records(lock: TimedLock): string {
	const { storage } = lock.rig.board;
	return storage
		.paths()
		.filter((path) => !/^(log\/|app\/health$|keys\/op-)/.test(path))
		.map((path) => `${path} ${storage.peek(...(path.split("/") as [string, string]))}`)
		.join("\n");
}

export default function suite(t: Suite): void {
	t.test(
		"after a first boot TLS is judged at the floor, and the time role's answer lets a timed guest in (T13)",
		({ crypto }) => {
			const lock = newSilent(crypto);
			const guest = lock.addGuest(crypto, validNow(lock));
			lock.rig.advance(100);
			check.deepEqual(lock.rig.board.network.attempts.at(-1)?.time, { unixMs: FLOOR_MS, kind: "floor" });
			check.equal(unlockBy(guest), "no-time");
			check.equal(lock.source, "none");
			lock.answerTo = (nonce) => lock.role.answer(nonce, lock.unixMs);
			lock.rig.advance(LIMITS.timeAnswerMs + LIMITS.timeRetryMs);
			check.equal(lock.source, "time-role");
			check.equal(unlockBy(guest), "done", lock.rig.log);
		},
	);

	t.test("half of the way there and back is added to what the time role said", ({ crypto }) => {
		const lock = newSilent(crypto);
		lock.rig.board.network.delayMs = 400;
		let asked = 0;
		lock.answerTo = (nonce) => {
			asked = lock.unixMs;
			return lock.role.answer(nonce, lock.unixMs);
		};
		check.ok(lock.reconnect(HOUR_MS) !== undefined);
		lock.rig.advance(2000);
		check.ok(asked > 0);
		lock.drop();
		lock.rig.board.time.advanceUntil(
			() => lock.rig.board.network.attempts.at(-1)?.time.kind === "estimate",
			HOUR_MS,
		);
		const { time } = lock.rig.board.network.attempts.at(-1)!;
		check.ok(Math.abs(time.unixMs - lock.unixMs) <= 1, `${time.unixMs - lock.unixMs} ms`);
	});

	t.test(
		"a time that a key told goes with the key: removed from the trust, it lets no timed guest in (T13, T5)",
		({ crypto }) => {
			const lock = newSilent(crypto);
			const guest = lock.addGuest(crypto, validNow(lock));
			lock.answerTo = (nonce) => lock.role.answer(nonce, lock.unixMs);
			check.ok(lock.reconnect(HOUR_MS) !== undefined);
			check.equal(lock.source, "time-role");
			check.equal(unlockBy(guest), "done", lock.rig.log);
			// The relay brings the bundle and answers no question any more: it may be the thief's.
			lock.answerTo = () => undefined;
			const offer = (version: number, timeKeys: readonly Uint8Array[]): void => {
				const bundle = trustBundle({ version, relays: [RELAY_ADDRESS], timeKeys });
				lock.relay?.send({ kind: "trust", message: signBundle(crypto, bundle) });
				lock.rig.advance(200);
			};
			const other = new SimTimeRole(crypto, 32);
			offer(2, [other.publicKey, lock.role.publicKey]);
			check.equal(lock.source, "time-role", "a key that stays keeps its word");
			check.ok(lock.reconnect(HOUR_MS) !== undefined);
			const before = lock.reports.length;
			offer(3, [other.publicKey]);
			check.equal(lock.source, "none", lock.rig.log);
			check.ok(lock.reports.length > before);
			const report = decodeReport(lock.reports.at(-1)!);
			check.equal(report.ok && report.value.timeSource, "none", "and so it reports at once");
			check.equal(unlockBy(guest), "no-time", lock.rig.log);
		},
	);

	t.test("the line brings a sealed board the time, once a nonce (T13, T14)", ({ crypto }) => {
		const lock = newSilent(crypto);
		const nonce = lock.rig.verb("time").result.bytes(0, 16)!;
		lock.rig.advance(1000);
		const statement = lock.role.answer(nonce, lock.unixMs);
		const set = lock.rig.verb("time", { 0: statement });
		check.equal(set.code, "done");
		check.equal(set.result.uint(0), lock.unixMs + 500);
		check.equal(lock.source, "time-role");
		check.equal(lock.rig.verb("time", { 0: statement }).code, "refused");
		const stale = lock.rig.verb("time").result.bytes(0, 16)!;
		lock.rig.advance(LIMITS.timeAnswerMs + 1);
		check.equal(lock.rig.verb("time", { 0: lock.role.answer(stale, lock.unixMs) }).code, "refused");
		check.equal(lock.rig.verb("time", { 0: 7 }).code, "malformed");
		check.equal(lock.rig.verb("time", { 0: new Uint8Array(257) }).code, "malformed");
		check.equal(lock.rig.verb("time", { 1: statement }).code, "malformed");
	});

	t.test(
		"a flood of questions on the line meets an allowance, and the link's own goes on (T16)",
		({ crypto }) => {
			const lock = newSilent(crypto);
			let answered = 0;
			for (let index = 0; index < 100; index++) if (lock.rig.verb("time").code === "done") answered++;
			check.equal(answered, LIMITS.timeNoncesBurst);
			lock.answerTo = (nonce) => lock.role.answer(nonce, lock.unixMs);
			check.ok(lock.reconnect(HOUR_MS) !== undefined);
			check.equal(lock.source, "time-role");
		},
	);

	t.test("a phone brings the time role's answer, and no other session's nonce serves (T13)", ({ crypto }) => {
		const lock = newSilent(crypto);
		const { owner } = lock;
		owner.connect();
		const nonce = owner.ask("time.nonce")?.result.bytes(0, 16);
		check.ok(nonce !== undefined, lock.rig.log);
		const statement = lock.role.answer(nonce, lock.unixMs);
		check.equal(lock.rig.verb("time", { 0: statement }).code, "refused");
		owner.disconnect();
		owner.connect();
		check.equal(owner.ask("time.put", { 0: statement })?.status, "not-permitted");
		const again = owner.ask("time.nonce")!.result.bytes(0, 16)!;
		check.equal(owner.ask("time.put", { 0: statement })?.status, "not-permitted");
		check.equal(
			owner.ask("time.put", { 0: lock.role.answer(again, lock.unixMs) })?.status,
			"not-permitted",
			"the first answer ended the question",
		);
		check.equal(lock.source, "none");
		const third = owner.ask("time.nonce")!.result.bytes(0, 16)!;
		const put = owner.ask("time.put", { 0: lock.role.answer(third, lock.unixMs) });
		check.equal(put?.status, "done");
		check.ok(Math.abs(put!.result.uint(0)! - lock.unixMs) <= 1);
		check.equal(lock.source, "time-role");
		for (const args of [{}, { 0: 1 }, { 0: new Uint8Array(0) }, { 0: statement, 1: 0 }])
			check.equal(owner.ask("time.put", args)?.status, "unknown-command");
		check.equal(owner.ask("time.nonce", { 0: 1 })?.status, "unknown-command");
		for (const args of [{}, { 0: -1 }, { 0: "now" }])
			check.equal(owner.ask("time.set", args)?.status, "unknown-command");
	});

	t.test("a member brings the time role's answer and sets no time of their own (T9, T13)", ({ crypto }) => {
		const lock = newSilent(crypto);
		const member = lock.addGuest(crypto, validNow(lock));
		lock.owner.connect();
		check.equal(lock.owner.ask("time.set", { 0: lock.unixMs })?.status, "done");
		member.connect();
		check.equal(member.ask("time.set", { 0: lock.unixMs })?.status, "not-permitted");
		const nonce = member.ask("time.nonce")!.result.bytes(0, 16)!;
		check.equal(member.ask("time.put", { 0: lock.role.answer(nonce, lock.unixMs) })?.status, "done");
	});

	t.test(
		"a clock of 1000 ppm is wrong by no more than between two answers, over a month (T13)",
		({ crypto }) => {
			const lock = new TimedLock(crypto);
			const slow = (): number => lock.unixMs + Math.floor(lock.rig.board.time.nowMs / 1000);
			lock.answerTo = (nonce) => lock.role.answer(nonce, slow());
			check.ok(lock.reconnect(HOUR_MS) !== undefined);
			for (let day = 0; day < 30; day++) {
				lock.rig.advance(DAY_MS - 1000 * day);
				const attempts = lock.rig.board.network.attempts.length;
				lock.drop();
				lock.rig.board.time.advanceUntil(
					() => lock.rig.board.network.attempts.length > attempts,
					LIMITS.linkBackoffMaxMs,
				);
				const told = lock.rig.board.network.attempts.at(-1)!.time;
				check.equal(told.kind, "estimate");
				const errorMs = Math.abs(told.unixMs - slow());
				check.ok(
					errorMs <= LIMITS.timeRefreshMs / 1000 + LIMITS.linkBackoffMaxMs / 1000 + 10,
					`${errorMs} ms`,
				);
				lock.rig.advance(60_000);
				check.ok(lock.connected);
			}
			check.ok(lock.questions.length >= (30 * DAY_MS) / LIMITS.timeRefreshMs - 1, `${lock.questions.length}`);
		},
	);

	t.test(
		"the time role is asked again each refresh, and after an owner contradicts it by a minute (T13)",
		({ crypto }) => {
			const lock = new TimedLock(crypto);
			check.ok(lock.reconnect(HOUR_MS) !== undefined);
			const asked = (): number => lock.questions.length;
			const first = asked();
			lock.rig.advance(LIMITS.timeRefreshMs - 2000);
			check.equal(asked(), first);
			lock.rig.advance(4000);
			check.equal(asked(), first + 1);
			lock.owner.connect();
			check.equal(
				lock.owner.ask("time.set", { 0: lock.unixMs + LIMITS.timeContradictionMs - 1000 })?.status,
				"done",
			);
			lock.rig.advance(10);
			check.equal(asked(), first + 1);
			check.equal(lock.source, "owner");
			lock.rig.advance(LIMITS.timeRefreshMs);
			check.equal(lock.source, "time-role");
			const before = asked();
			lock.owner.connect();
			check.equal(lock.owner.ask("time.set", { 0: IN_2100_MS })?.status, "done");
			lock.rig.advance(10);
			check.equal(asked(), before + 1);
			check.equal(lock.source, "time-role");
			check.equal(lock.owner.ask("status")?.status, "done");
		},
	);

	t.test(
		"answers that are replayed, foreign, forged or late change nothing, and the lock asks again (T13, T4)",
		({ crypto }) => {
			const lock = newSilent(crypto);
			const recorded = lock.role.answer(lock.questions[0]!, IN_2100_MS);
			const thief = new SimTimeRole(crypto, 99);
			const before = records(lock);
			const answers: readonly ((nonce: Uint8Array) => Uint8Array)[] = [
				() => recorded,
				(nonce) =>
					lock.role.answer(
						nonce.map((octet) => octet ^ 1),
						IN_2100_MS,
					),
				(nonce) => thief.answer(nonce, IN_2100_MS),
				(nonce) => lock.role.answer(nonce, FLOOR_MS - 1),
				() => new Uint8Array(256),
			];
			for (const answer of answers) {
				const asked = lock.questions.length;
				lock.answerTo = answer;
				lock.rig.advance(LIMITS.timeAnswerMs + LIMITS.timeRetryMs);
				check.ok(lock.questions.length > asked, "it was asked");
				check.equal(lock.source, "none");
				check.ok(lock.connected);
			}
			lock.answerTo = () => undefined;
			lock.rig.advance(LIMITS.timeAnswerMs + LIMITS.timeRetryMs);
			const nonce = lock.questions.at(-1)!;
			lock.rig.advance(LIMITS.timeAnswerMs);
			lock.relay?.send({ kind: "time-answer", statement: lock.role.answer(nonce, lock.unixMs) });
			lock.rig.advance(10);
			check.equal(lock.source, "none");
			check.equal(records(lock), before);
			lock.answerTo = (question) => lock.role.answer(question, lock.unixMs);
			lock.rig.advance(LIMITS.timeAnswerMs + LIMITS.timeRetryMs);
			check.equal(lock.source, "time-role");
		},
	);

	t.test("a relay that answers twice moves the time once (T13)", ({ crypto }) => {
		const lock = newSilent(crypto);
		lock.answerTo = (nonce) => {
			const statement = lock.role.answer(nonce, lock.unixMs);
			lock.rig.board.time.schedule(5000, () => lock.relay?.send({ kind: "time-answer", statement }));
			return statement;
		};
		check.ok(lock.reconnect(HOUR_MS) !== undefined);
		lock.rig.advance(9000);
		check.ok(lock.rig.log.includes("time: an answer that nobody waits for"), lock.rig.log);
		lock.drop();
		lock.rig.advance(60_000);
		const told = lock.rig.board.network.attempts.at(-1)!.time;
		check.equal(told.kind, "estimate");
	});

	t.test(
		"a year 2100 from an owner's phone strands nothing: the lock doubts it, connects again and asks (T13, T4)",
		({ crypto }) => {
			const lock = newSilent(crypto);
			const guest = lock.addGuest(crypto, validNow(lock));
			lock.rig.advance(100);
			const before = records(lock);
			lock.owner.connect();
			check.equal(lock.owner.ask("time.set", { 0: IN_2100_MS })?.status, "done");
			lock.owner.disconnect();
			check.equal(unlockBy(guest), "not-permitted", "the grant ended long ago, by this clock");
			const attempts = lock.reconnect(DOUBT_MS);
			check.equal(attempts, LIMITS.timeDoubts + 1, lock.rig.log);
			check.equal(lock.source, "none");
			check.equal(unlockBy(guest), "no-time");
			lock.answerTo = (nonce) => lock.role.answer(nonce, lock.unixMs);
			lock.rig.advance(LIMITS.timeAnswerMs + LIMITS.timeRetryMs);
			check.equal(lock.source, "time-role");
			check.equal(unlockBy(guest), "done");
			check.equal(lock.reconnect(HOUR_MS), 1);
			check.equal(records(lock), before);
		},
	);

	t.test(
		"a year 2100 from an owner's phone is corrected by hand where no relay is (T13, T18)",
		({ crypto }) => {
			const lock = newSilent(crypto);
			const guest = lock.addGuest(crypto, validNow(lock));
			lock.rig.board.network.silence("192.0.2.7", 8443);
			lock.drop();
			lock.owner.connect();
			check.equal(lock.owner.ask("time.set", { 0: IN_2100_MS })?.status, "done");
			check.equal(unlockBy(guest), "not-permitted");
			check.equal(lock.owner.ask("time.set", { 0: lock.unixMs })?.status, "done");
			check.equal(unlockBy(guest), "done");
		},
	);

	t.test("a time role whose clock is years ahead strands nothing (T13, T4)", ({ crypto }) => {
		const lock = new TimedLock(crypto);
		const before = records(lock);
		lock.answerTo = (nonce) => lock.role.answer(nonce, lock.unixMs + 20 * YEAR_MS);
		lock.rig.advance(LIMITS.timeRefreshMs + 1000);
		check.equal(lock.source, "time-role");
		for (let outage = 0; outage < 3; outage++) {
			check.equal(lock.reconnect(DOUBT_MS), LIMITS.timeDoubts + 1, lock.rig.log);
			lock.rig.advance(1000);
			check.ok(lock.connected);
		}
		lock.answerTo = (nonce) => lock.role.answer(nonce, lock.unixMs);
		check.equal(lock.reconnect(DOUBT_MS), LIMITS.timeDoubts + 1);
		check.equal(lock.reconnect(HOUR_MS), 1);
		check.equal(records(lock), before);
	});

	t.test(
		"a time below the floor is refused; one before now is taken, and doubted when it denies the relay (T13)",
		({ crypto }) => {
			const lock = newSilent(crypto);
			const before = records(lock);
			lock.owner.connect();
			for (const unixMs of [0, FLOOR_MS - 1, 253402300800000])
				check.equal(lock.owner.ask("time.set", { 0: unixMs })?.status, "not-permitted");
			check.equal(lock.source, "none");
			check.equal(lock.owner.ask("time.set", { 0: FLOOR_MS })?.status, "done");
			lock.validity = { notBeforeMs: lock.unixMs - DAY_MS, notAfterMs: lock.unixMs + 90 * DAY_MS };
			check.equal(lock.reconnect(DOUBT_MS), LIMITS.timeDoubts + 1, lock.rig.log);
			check.equal(lock.source, "none");
			check.equal(records(lock), before);
		},
	);

	t.test(
		"the line takes no time, far past or far future, that the time key did not sign (T13)",
		({ crypto }) => {
			const lock = newSilent(crypto);
			const before = records(lock);
			const other = new SimTimeRole(crypto, 99);
			for (const unixMs of [0, 1000, FLOOR_MS + DAY_MS, lock.unixMs, IN_2100_MS]) {
				const nonceOf = (): Uint8Array => {
					lock.rig.advance(60_000);
					return lock.rig.verb("time").result.bytes(0, 16)!;
				};
				const unsigned: readonly ((nonce: Uint8Array) => Uint8Array)[] = [
					(nonce) => encodeTimeClaim({ nonce, unixMs }),
					(nonce) => other.answer(nonce, unixMs),
					(nonce) =>
						other.sign(encodeTimeClaim({ nonce, unixMs }), undefined, keyIdOf(crypto, lock.role.publicKey)),
					(nonce) => lock.role.sign(encodeTimeClaim({ nonce, unixMs }), bundleAad()),
				];
				for (const make of unsigned)
					check.equal(lock.rig.verb("time", { 0: make(nonceOf()) }).code, "refused", `${unixMs}`);
				check.equal(lock.rig.verb("time", { 0: unixMs }).code, "malformed");
				check.equal(lock.source, "none");
			}
			// Signed, and below the floor: the floor is what stays.
			const nonce = lock.rig.verb("time").result.bytes(0, 16)!;
			check.equal(lock.rig.verb("time", { 0: lock.role.answer(nonce, FLOOR_MS - DAY_MS) }).code, "refused");
			check.equal(lock.source, "none");
			check.equal(records(lock), before);
			const last = lock.rig.verb("time").result.bytes(0, 16)!;
			check.equal(lock.rig.verb("time", { 0: lock.role.answer(last, lock.unixMs) }).code, "done");
		},
	);

	t.test(
		"a time role years behind is refused below the floor, and doubted above it when it denies the relay (T13, T4)",
		({ crypto }) => {
			const lock = newSilent(crypto);
			const before = records(lock);
			const ask = (): void => lock.rig.advance(LIMITS.timeAnswerMs + LIMITS.timeRetryMs);
			lock.answerTo = (nonce) => lock.role.answer(nonce, lock.unixMs - 5 * YEAR_MS);
			ask();
			check.ok(lock.rig.log.includes("time: refused from time-role"), lock.rig.log);
			check.equal(lock.source, "none");
			check.ok(lock.connected);
			// The relay's certificate is younger than what the role says.
			lock.validity = { notBeforeMs: lock.unixMs - DAY_MS, notAfterMs: lock.unixMs + 90 * DAY_MS };
			lock.answerTo = (nonce) => lock.role.answer(nonce, FLOOR_MS + DAY_MS);
			ask();
			check.equal(lock.source, "time-role");
			lock.answerTo = (nonce) => lock.role.answer(nonce, lock.unixMs);
			check.equal(lock.reconnect(DOUBT_MS), LIMITS.timeDoubts + 1, lock.rig.log);
			check.equal(lock.source, "time-role");
			check.equal(lock.reconnect(HOUR_MS), 1, "and judged by the right time from now on");
			check.equal(records(lock), before);
		},
	);

	t.test(
		"a thief with an expired relay leaf who blocks the relay gains what each boot gives, and no timed guest gets in (T4, T13)",
		({ crypto }) => {
			const lock = new TimedLock(crypto);
			const guest = lock.addGuest(crypto, validNow(lock));
			lock.rig.advance(100);
			check.equal(unlockBy(guest), "done", lock.rig.log);
			lock.answerTo = () => lock.role.answer(lock.questions[0]!, lock.unixMs);
			lock.validity = { notBeforeMs: FLOOR_MS - YEAR_MS, notAfterMs: lock.unixMs - DAY_MS };
			check.equal(lock.reconnect(DOUBT_MS), LIMITS.timeDoubts + 1);
			check.equal(lock.source, "none");
			check.equal(unlockBy(guest), "no-time");
			lock.validity = { notBeforeMs: FLOOR_MS - YEAR_MS, notAfterMs: FLOOR_MS - 1 };
			check.equal(lock.reconnect(DOUBT_MS), undefined, "a leaf that ended before the floor serves nobody");
		},
	);

	t.test("one attempt fewer than doubt takes changes nothing (T4, T13)", ({ crypto }) => {
		const lock = new TimedLock(crypto);
		check.ok(lock.reconnect(HOUR_MS) !== undefined);
		const good = lock.validity;
		const { network, time } = lock.rig.board;
		for (let round = 0; round < 3; round++) {
			lock.validity = { ...good, notAfterMs: FLOOR_MS + DAY_MS };
			const attempts = network.attempts.length;
			lock.drop();
			time.advanceUntil(() => network.attempts.length === attempts + LIMITS.timeDoubts - 1, DOUBT_MS);
			lock.validity = good;
			lock.rig.advance(LIMITS.linkBackoffMaxMs);
			check.ok(lock.connected);
		}
		check.ok(!lock.rig.log.includes("given up"), lock.rig.log);
	});

	t.test(
		"a new bundle's time role is asked at once, and the former one is heard no more (T5, T13)",
		({ crypto }) => {
			const lock = new TimedLock(crypto);
			const next = new SimTimeRole(crypto, 77);
			const reports = lock.reports.length;
			lock.answerTo = (nonce) => lock.role.answer(nonce, lock.unixMs);
			const message = signBundle(
				crypto,
				trustBundle({ version: 2, relays: [RELAY_ADDRESS], timeKeys: [next.publicKey] }),
			);
			const asked = lock.questions.length;
			lock.relay?.send({ kind: "trust", message });
			lock.rig.advance(LIMITS.trustSettleMs + LIMITS.linkBackoffMaxMs);
			check.ok(lock.questions.length > asked, lock.rig.log);
			check.ok(lock.rig.log.includes("time: a statement refused, unknown-key"), lock.rig.log);
			check.equal(check.accepted(decodeReport(lock.reports.at(-1)!)).trustVersion, 2);
			check.ok(lock.reports.length > reports);
			lock.answerTo = (nonce) => next.answer(nonce, lock.unixMs + 3000);
			lock.rig.advance(LIMITS.timeAnswerMs + LIMITS.timeRetryMs);
			const nonce = lock.rig.verb("time").result.bytes(0, 16)!;
			check.equal(lock.rig.verb("time", { 0: lock.role.answer(nonce, lock.unixMs) }).code, "refused");
			check.equal(lock.source, "time-role");
		},
	);

	t.test("a key of another role of the trust says no time (T13, T5)", ({ crypto }) => {
		const release = holder(11);
		const lock = newSilent(crypto);
		check.bytes(trustBundle().updateRole.keys[0], release.publicKey);
		const nonce = lock.rig.verb("time").result.bytes(0, 16)!;
		const claim = encodeTimeClaim({ nonce, unixMs: lock.unixMs });
		const statement = buildSign1(
			"untagged",
			timeStatementAad(),
			claim,
			keyIdOf(crypto, release.publicKey),
			(bytes) => p256Sign(crypto, release.privateKey, bytes),
		);
		check.equal(lock.rig.verb("time", { 0: statement }).code, "refused");
		check.equal(lock.source, "none");
	});

	t.test("a reboot forgets the time, not who gave it last", ({ crypto }) => {
		const lock = new TimedLock(crypto);
		check.equal(lock.source, "time-role");
		lock.rig.advance(LIMITS.healthWriteMs);
		lock.answerTo = () => undefined;
		lock.rig.boot();
		check.equal(lock.source, "none");
		check.ok(lock.rig.log.length > 0);
	});
}
