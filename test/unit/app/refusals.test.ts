/** What a whole lock makes of relays that refuse its certificates, and of those who only seem to (I10, T4, T12, T13). */
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { check, type Suite } from "../../harness/test.ts";
import { EnrolledLock } from "../../sim/enrolled-lock.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Three certificates at two relays, with the back-off between. */
const ROUND_MS = 6 * LIMITS.linkBackoffMaxMs;
const [A, B] = ["192.0.2.7", "192.0.2.8"];

/** It goes by its operational certificate, to A. */
function enrolled(crypto: TestCrypto, relays: number): EnrolledLock {
	const lock = new EnrolledLock(crypto, relays);
	check.ok(lock.becomesReady(`${A} op-0`, ROUND_MS), lock.rig.log);
	lock.rig.advance(1000);
	return lock;
}

export default function suite(t: Suite): void {
	t.test(
		"a relay that refuses every certificate keeps the lock from no other relay (I10, T12)",
		({ crypto }) => {
			const lock = enrolled(crypto, 2);
			lock.receive = (host) => (host === A ? { status: 403 } : "serve");
			for (let outage = 0; outage < 3; outage++)
				check.ok(lock.comesBack(`${B} op-0`, ROUND_MS), lock.tried.join("\n"));
			check.deepEqual(lock.storedKeys, ["op-0"]);
			check.equal(lock.requests, 1);
		},
	);

	t.test(
		"a certificate on trial that one relay refuses is tried at the others before it is given up (I10, T12)",
		({ crypto }) => {
			const lock = new EnrolledLock(crypto, 2, (each) => {
				each.receive = (host, key) => (host === A && key !== "device" ? { status: 403 } : "serve");
			});
			check.ok(lock.becomesReady(`${B} op-0`, ROUND_MS), lock.tried.join("\n"));
			check.equal(lock.requests, 1);
			const other = new EnrolledLock(crypto, 2, (each) => {
				each.receive = (_host, key) => (key === "op-0" && each.requests === 1 ? { status: 401 } : "serve");
			});
			check.ok(
				other.rig.board.time.advanceUntil(() => other.requests === 2, ROUND_MS),
				other.rig.log,
			);
			check.equal(other.tried.filter((each) => each === `${B} op-0`).length, 1, "each relay once");
		},
	);

	t.test(
		"a lock with one relay that refuses its operational certificate comes with its factory's and renews",
		({ crypto }) => {
			for (const refusal of [{ status: 403 }, "late-alert"] as const) {
				const lock = enrolled(crypto, 1);
				lock.receive = (_host, key) => (key === "op-0" ? refusal : "serve");
				check.ok(lock.comesBack(`${A} op-1`, ROUND_MS), lock.rig.log);
				check.deepEqual(lock.storedKeys, ["op-1"]);
			}
		},
	);

	for (const [what, reception] of [
		["an alert before the handshake's end, which may be anybody's,", "alert"],
		["a relay that is out of order", { status: 503 }],
		["a relay that is somewhere else", { status: 404 }],
	] as const) {
		t.test(`${what} costs the lock no certificate and no turn (T4, T12)`, ({ crypto }) => {
			const lock = new EnrolledLock(crypto, 1, (each) => {
				each.receive = (_host, key) => (key === "op-0" ? reception : "serve");
			});
			lock.rig.advance(2 * HOUR_MS);
			check.deepEqual(lock.storedKeys, ["op-0"]);
			check.equal(lock.requests, 1);
			lock.receive = () => "serve";
			check.ok(lock.becomesReady(`${A} op-0`, 2 * HOUR_MS), "the trial is tried again");
			lock.receive = () => reception;
			lock.rig.board.network.dropAll();
			lock.rig.advance(2 * HOUR_MS);
			lock.receive = () => "serve";
			check.ok(lock.rig.board.time.advanceUntil(() => lock.ready.at(-1) === `${A} op-0`, ROUND_MS));
			check.deepEqual(lock.storedKeys, ["op-0"]);
			check.equal(lock.requests, 1);
		});
	}

	t.test(
		"a certificate on trial that never works is forgotten in the end, and another asked for",
		({ crypto }) => {
			const lock = new EnrolledLock(crypto, 1, (each) => {
				each.receive = (_host, key) => (key === "op-0" ? "reset" : "serve");
			});
			lock.rig.advance(LIMITS.trialRetries * LIMITS.renewalRetryMs);
			check.equal(lock.requests, 1);
			check.ok(
				lock.rig.board.time.advanceUntil(
					() => lock.requests === 2,
					LIMITS.trialRetries * LIMITS.renewalRetryMs,
				),
				lock.rig.log,
			);
		},
	);

	t.test(
		"a clock beyond the operational certificate's end keeps the lock at work, as itself (T13, I10)",
		({ crypto }) => {
			const lock = enrolled(crypto, 1);
			lock.aheadMs = 200 * DAY_MS;
			lock.rig.advance(LIMITS.timeRefreshMs + 1000);
			for (let outage = 0; outage < 3; outage++) {
				check.ok(lock.comesBack(`${A} op-0`, 10_000), lock.rig.log);
				lock.rig.advance(1000);
			}
			check.ok(lock.requests > 1, "it believes that its certificate has ended");
			check.deepEqual(lock.storedKeys.includes("op-0"), true);
			lock.aheadMs = 0;
			check.ok(lock.comesBack(`${A} op-0`, 10_000));
		},
	);

	t.test(
		"a new lock that refused its first certificate for a wrong clock takes one as soon as the clock is right (T13)",
		({ crypto }) => {
			const lock = new EnrolledLock(crypto, 1, (each) => {
				each.aheadMs = 200 * DAY_MS;
			});
			lock.rig.advance(60_000);
			check.ok(lock.requests === 1 && lock.ready.at(-1) === `${A} device`, lock.rig.log);
			lock.tellTime(0);
			check.ok(lock.becomesReady(`${A} op-0`, 10_000), lock.rig.log);
			check.equal(lock.requests, 2);
		},
	);

	t.test(
		"a lock that fell back to its factory certificate comes as itself as soon as its clock is corrected (T13)",
		({ crypto }) => {
			const lock = enrolled(crypto, 1);
			lock.tellTime(200 * DAY_MS);
			lock.receive = (_host, key) => (key === "op-0" ? "reset" : "serve");
			check.ok(lock.comesBack(`${A} device`, ROUND_MS), lock.rig.log);
			lock.rig.advance(60_000);
			lock.receive = () => "serve";
			check.equal(lock.ready.at(-1), `${A} device`);
			lock.tellTime(0);
			check.ok(lock.becomesReady(`${A} op-0`, 10_000), lock.rig.log);
		},
	);

	t.test("a clock that is set to and fro makes no lock connect anew each time (T16)", ({ crypto }) => {
		const lock = enrolled(crypto, 1);
		lock.receive = (_host, key) => (key === "device" ? "serve" : "reset");
		lock.tellTime(200 * DAY_MS);
		check.ok(lock.comesBack(`${A} device`, ROUND_MS), lock.rig.log);
		lock.rig.advance(60_000);
		const links = lock.ready.length;
		for (let turn = 0; turn < 20; turn++) {
			lock.tellTime(turn % 2 === 0 ? 0 : 200 * DAY_MS);
			lock.rig.advance(60_000);
		}
		const more = lock.ready.length - links;
		check.ok(more > 0 && more <= LIMITS.passedOver * (LIMITS.renewalsBurst + 1), `${more} more`);
	});
}
