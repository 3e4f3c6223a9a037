/** What becomes of an image on trial, each row of docs/UPDATE.md 7, and what follows a revert (T10, T12, I3, I4). */
import { toHex } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite } from "../../harness/test.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";
import { CUT_MODES } from "../../sim/power.ts";
import type { Release } from "../../sim/releases.ts";
import { ISSUED_UNIX_SECONDS } from "../../sim/updates.ts";
import { type Behaviour, UpdatingLock } from "../../sim/updating-lock.ts";
import { HOUR, later, UpdateLocks } from "./update-locks.ts";

export default function suite(t: Suite): void {
	const locks = new UpdateLocks();
	/** Release 2 behaves so, every other image well. */
	const install = (lock: UpdatingLock, behaviour: Behaviour, parts = {}): Release => {
		lock.behaviour = ({ sequence }) => (sequence === 2 ? behaviour : "good");
		const release = lock.release({ sequence: 2, ...parts });
		lock.publish(release);
		return release;
	};
	const isUncounted = (lock: UpdatingLock): boolean =>
		lock.running?.sequence === 1 && lock.board.storage.peek("update", "trial") !== undefined;
	const isReverted = (lock: UpdatingLock, reverts: number): boolean =>
		lock.running?.sequence === 1 && lock.status().reverts === reverts;

	for (const [behaviour, result] of [
		["crash", "trial-crashed"],
		["hang", "trial-crashed"],
		["mute", "trial-unreachable"],
		["lies", "trial-wrong-image"],
	] as const) {
		t.test(
			`an image that is on trial and is ${behaviour} gives way to the old one, as ${result} (T10, T12, I4)`,
			({ crypto }) => {
				const lock = locks.open(crypto);
				install(lock, behaviour);
				check.ok(
					lock.drive(() => isReverted(lock, 1), HOUR),
					lock.rig.log,
				);
				const report = lock.status();
				check.equal(report.result, result);
				check.equal(report.resultSequence, 2);
				check.equal(report.sequenceFloor, 1, "a floor rose for an image that was not confirmed");
				lock.owner.connect();
				check.equal(lock.owner.ask("unlock")?.status, "done");
			},
		);
	}

	t.test("a trial whose records cannot be written is reverted as trial-storage (T12)", ({ crypto }) => {
		const lock = locks.open(crypto);
		lock.behaviour = ({ sequence }) => {
			if (sequence === 2) lock.board.storage.failWrites("record/full");
			return "good";
		};
		lock.publish(lock.release({ sequence: 2 }));
		check.ok(
			lock.drive(() => isReverted(lock, 1), HOUR),
			lock.rig.log,
		);
		check.ok(lock.rig.log.includes("given up, trial-storage"));
	});

	t.test("a trial that cannot read where the bolt is is reverted as trial-bolt (T19)", ({ crypto }) => {
		const lock = locks.open(crypto);
		lock.behaviour = ({ sequence }) => {
			lock.board.hardware.setLies(sequence === 2 ? { thrown: true, retracted: true } : {});
			return "good";
		};
		lock.publish(lock.release({ sequence: 2 }));
		check.ok(
			lock.drive(() => isReverted(lock, 1), 2 * HOUR),
			lock.rig.log,
		);
		check.equal(lock.status().result, "trial-bolt");
	});

	t.test(
		"an image that cannot reach anybody passes where nobody could be reached before (I10)",
		({ crypto }) => {
			const lock = new UpdatingLock(crypto, { sealed: false });
			lock.behaviour = () => "mute";
			lock.rig.boot();
			const release = lock.release({ sequence: 2 });
			// An hour without anybody; the line is nobody.
			lock.rig.advance(LIMITS.reachedMs + 1000);
			lock.offerOnLine(release);
			lock.serveOnLine(release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
		},
	);

	t.test(
		"a reverted release is tried again after an hour, and parked after three reverts (T10)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = install(lock, "crash");
			for (let reverts = 1; reverts < LIMITS.revertsMax; reverts++) {
				check.ok(
					lock.drive(() => isReverted(lock, reverts), 2 * HOUR),
					lock.rig.log,
				);
				const boots = lock.board.boots;
				lock.drive(() => false, LIMITS.revertPauseMs - 60000);
				check.equal(lock.board.boots, boots, "it was tried again too soon");
			}
			check.ok(
				lock.drive(() => isReverted(lock, LIMITS.revertsMax), 2 * HOUR),
				lock.rig.log,
			);
			check.equal(lock.status().state, "parked");
			const boots = lock.board.boots;
			lock.drive(() => false, 5 * HOUR);
			check.equal(lock.board.boots, boots, "a parked release was tried again");
			// Refused until a newer one comes.
			lock.offerOverLink(release);
			check.equal(lock.status().state, "parked");
			const newer = lock.release({
				sequence: 3,
				freshness: later(release),
			});
			lock.publish(newer);
			check.ok(
				lock.drive(() => lock.isInstalled(newer), HOUR),
				lock.rig.log,
			);
			check.equal(lock.status().reverts, 0);
		},
	);

	t.test(
		"where a revert cannot be counted no other trial begins, and it is counted once flash takes it (T10, I4)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			let isBroken = true;
			lock.behaviour = ({ sequence }) => {
				if (isBroken && sequence === 1) lock.board.storage.makeUnreadable("update", "history");
				return sequence === 2 ? "crash" : "good";
			};
			lock.publish(lock.release({ sequence: 2 }));
			check.ok(
				lock.drive(() => lock.board.slots.state(1) === "aborted", HOUR),
				lock.rig.log,
			);
			const boots = lock.board.boots;
			lock.drive(() => false, 5 * HOUR);
			check.equal(lock.board.boots, boots, "an image that crashes was tried again, uncounted");
			check.ok(lock.rig.log.includes("is not counted"));
			isBroken = false;
			lock.board.powerCut();
			check.ok(lock.drive(() => isReverted(lock, 1), HOUR));
			check.equal(lock.board.storage.peek("update", "trial"), undefined);
		},
	);

	t.test(
		"a revert that flash takes late is counted before the next trial, and parks before it (T10, I4)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			install(lock, "crash");
			check.ok(lock.drive(() => isReverted(lock, 2), 5 * HOUR));
			lock.behaviour = ({ sequence }) => {
				// The third revert meets a disk that is full until the lock has run for a while.
				if (sequence === 1) lock.board.storage.failWrites("record/full");
				return sequence === 2 ? "crash" : "good";
			};
			check.ok(lock.drive(() => lock.board.slots.state(1) === "aborted" && isUncounted(lock), 3 * HOUR));
			lock.board.storage.heal();
			const boots = lock.board.boots;
			check.ok(
				lock.drive(() => lock.status().state === "parked", 3 * HOUR),
				lock.rig.log,
			);
			check.equal(lock.status().reverts, LIMITS.revertsMax);
			check.equal(lock.board.boots, boots, "it was tried a fourth time");
		},
	);

	t.test(
		"a slot whose choice flash refused, and may have taken, still has its trial's record (T12, I4)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			lock.publish(lock.release({ sequence: 2 }));
			check.ok(lock.drive(() => lock.status().state === "waiting", HOUR));
			lock.board.slots.fail("boot");
			check.ok(
				lock.drive(() => lock.board.storage.peek("update", "trial") !== undefined, HOUR),
				lock.rig.log,
			);
			lock.drive(() => false, 5000);
			check.ok(lock.board.storage.peek("update", "trial") !== undefined, "the record went");
			check.equal(lock.status().result, "slot-io");
		},
	);

	t.test(
		"the floor of time follows a release that is confirmed, not one that is offered, tried or reverted (T13, I3)",
		({ crypto }) => {
			for (const behaviour of ["crash", "mute", "good"] as const) {
				const lock = locks.open(crypto);
				const floor = (): string => toHex(lock.board.storage.peek("time", "floor")!);
				const before = floor();
				const signedUnixSeconds = ISSUED_UNIX_SECONDS + 40 * 86400;
				const release = install(lock, behaviour, {
					manifest: { signedUnixSeconds },
					freshness: { issuedUnixSeconds: signedUnixSeconds },
				});
				check.ok(lock.drive(() => lock.running?.sequence === 2 || lock.status().reverts === 1, HOUR));
				if (lock.runningState === "pending") check.equal(floor(), before, "raised on trial");
				if (behaviour === "good") {
					check.ok(
						lock.drive(() => lock.isInstalled(release), HOUR),
						lock.rig.log,
					);
					check.equal(floor(), toHex(encodeCbor({ 0: 1, 1: signedUnixSeconds * 1000 })));
				} else {
					check.ok(
						lock.drive(() => isReverted(lock, 1), HOUR),
						lock.rig.log,
					);
					check.equal(floor(), before, behaviour);
				}
			}
		},
	);

	t.test(
		"an image that reached nobody counts for nothing where the old one reaches nobody either (T20, I4)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			install(lock, "mute");
			check.ok(lock.drive(() => lock.running?.sequence === 2, HOUR));
			// The relay is gone for everybody.
			const listen = lock.behaviour;
			lock.behaviour = (image) => (image.sequence === 1 ? "mute" : listen(image));
			check.ok(
				lock.drive(() => lock.running?.sequence === 1, HOUR),
				lock.rig.log,
			);
			const bootedAtMs = lock.board.time.nowMs;
			lock.drive(() => false, LIMITS.trialMs - 60000);
			check.ok(isUncounted(lock), "it was settled before the old image had its time");
			check.ok(
				lock.drive(() => !isUncounted(lock), 120000),
				lock.rig.log,
			);
			check.equal(lock.status().reverts, 0);
			check.ok(lock.rig.log.includes("reaches nobody either"));
			// And it is tried again, after the pause.
			lock.behaviour = () => "good";
			check.ok(
				lock.drive(() => lock.running?.sequence === 2, 3 * HOUR),
				lock.rig.log,
			);
			check.ok(lock.board.time.nowMs - bootedAtMs >= LIMITS.revertPauseMs, "too soon");
		},
	);

	t.test(
		"a release that reaches nobody is never parked, and is tried again at a growing pause (T20)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = install(lock, "mute");
			check.ok(
				lock.drive(() => isReverted(lock, LIMITS.revertsMax), 6 * HOUR),
				lock.rig.log,
			);
			check.notEqual(lock.status().state, "parked");
			const boots = lock.board.boots;
			lock.drive(() => false, LIMITS.revertPauseMaxMs - HOUR);
			check.equal(lock.board.boots, boots, "too soon");
			lock.behaviour = () => "good";
			check.ok(
				lock.drive(() => lock.isInstalled(release), 2 * HOUR),
				lock.rig.log,
			);
		},
	);

	t.test(
		"a relay that comes back late in a trial is found in time, at 30 s and not at 5 min (T20)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = install(lock, "mute");
			check.ok(lock.drive(() => lock.running?.sequence === 2, HOUR));
			lock.drive(() => false, LIMITS.trialMs - LIMITS.linkBackoffTrialMs - 20000);
			check.equal(lock.runningState, "pending");
			lock.relayIsUp = true;
			check.ok(
				lock.drive(() => lock.isInstalled(release), LIMITS.linkBackoffTrialMs + 20000),
				lock.rig.log,
			);
		},
	);

	t.test("an owner's word lets a parked release be tried again; a member's does not (T9)", ({ crypto }) => {
		const lock = locks.open(crypto);
		let behaviour: Behaviour = "crash";
		lock.behaviour = ({ sequence }) => (sequence === 2 ? behaviour : "good");
		const release = lock.release({ sequence: 2 });
		lock.publish(release);
		check.ok(
			lock.drive(() => lock.running?.sequence === 1 && lock.status().state === "parked", 5 * HOUR),
			lock.rig.log,
		);
		behaviour = "good";
		lock.owner.connect();
		const member = new PhoneRig(lock.rig, crypto, lock.label, 21);
		const grant = { 0: "Bob", 1: 2, 2: member.key25519, 3: member.keyP256, 4: member.proof() };
		check.equal(lock.owner.ask("members.add", grant)?.status, "done");
		member.connect();
		check.equal(member.ask("status")?.status, "done");
		check.equal(member.ask("update.retry")?.status, "not-permitted");
		check.equal(lock.status().state, "parked");
		member.disconnect();
		check.equal(lock.owner.ask("update.retry")?.status, "done");
		lock.owner.disconnect();
		check.ok(
			lock.drive(() => lock.isInstalled(release), 2 * HOUR),
			lock.rig.log,
		);
	});

	t.test("the fuse follows once both slots that may boot pass it (T10, I4)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const second = lock.release({ sequence: 2, securityVersion: 2 });
		lock.publish(second);
		check.ok(lock.drive(() => lock.isInstalled(second), HOUR));
		check.equal(lock.board.slots.securityFloor, 0, "the old image could not boot any more");
		const third = lock.release({
			sequence: 3,
			securityVersion: 2,
			freshness: later(second),
		});
		lock.publish(third);
		check.ok(
			lock.drive(() => lock.isInstalled(third), HOUR),
			lock.rig.log,
		);
		check.equal(lock.board.slots.securityFloor, 2);
	});

	t.test(
		"a day after a security bump was confirmed the flawed image boots no more, and the fuse follows (T10, I3, I4)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const second = lock.release({ sequence: 2, securityVersion: 2 });
			lock.publish(second);
			check.ok(lock.drive(() => lock.isInstalled(second), HOUR));
			const { slots } = lock.board;
			// Hours of uptime count, over reboots.
			for (let hour = 1; hour < LIMITS.oldSlotHours; hour++) {
				lock.drive(() => false, HOUR);
				if (hour % 10 === 0) {
					lock.board.powerCut();
					lock.boot();
				}
			}
			check.equal(slots.state(0), "unset", lock.rig.log);
			check.equal(slots.securityFloor, 0, "what a rotten slot falls back to");
			lock.drive(() => false, 2 * HOUR);
			check.equal(slots.state(0), "invalid", lock.rig.log);
			check.equal(slots.securityFloor, 2);
			check.equal(lock.runningState, "valid");
			lock.board.powerCut();
			slots.flip(1, 5000);
			lock.boot();
			check.equal(lock.running, undefined, "neither boots: recovery");
		},
	);

	t.test(
		"where a download ends the flawed image before its day is over, the fuse follows within the hour (I3, T10)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const { slots } = lock.board;
			const second = lock.release({ sequence: 2, securityVersion: 2 });
			lock.publish(second);
			check.ok(lock.drive(() => lock.isInstalled(second), HOUR));
			check.equal(slots.securityFloor, 0);
			// The relay stops in the middle of the next one.
			const freshness = { issuedUnixSeconds: ISSUED_UNIX_SECONDS + 90000 };
			const third = lock.release({ sequence: 3, securityVersion: 2, freshness });
			lock.serve = (want, relay) => {
				if (want.offset < LIMITS.chunkBytes) lock.sendPieces(want, relay, third);
			};
			lock.publish(third);
			check.ok(
				lock.drive(() => slots.state(0) === "invalid", HOUR),
				lock.rig.log,
			);
			check.equal(lock.running?.sequence, 2);
			check.ok(
				lock.drive(() => slots.securityFloor === 2, 2 * HOUR),
				lock.rig.log,
			);
			check.equal(lock.running?.sequence, 2);
		},
	);

	t.test("an image that passes the floor is never retired (I4)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const second = lock.release({ sequence: 2 });
		lock.publish(second);
		check.ok(lock.drive(() => lock.isInstalled(second), HOUR));
		lock.drive(() => false, 30 * HOUR);
		check.equal(lock.board.slots.state(0), "unset");
		check.equal(lock.board.storage.peek("update", "settled"), undefined, "and nothing is written");
	});

	t.test(
		"a cut at any operation of retiring the flawed image leaves a board that boots (I3, I4, T12)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const second = lock.release({ sequence: 2, securityVersion: 2 });
			lock.publish(second);
			check.ok(lock.drive(() => lock.isInstalled(second), HOUR));
			lock.drive(() => false, (LIMITS.oldSlotHours - 1) * HOUR + 1000);
			const snapshot = lock.snapshot();
			const whole = UpdatingLock.from(crypto, lock, snapshot);
			check.ok(whole.drive(() => whole.board.slots.securityFloor === 2, 2 * HOUR));
			let cuts = 0;
			whole.board.power.operations.forEach(({ part, what }, at) => {
				if (part === "record" && what !== "update/settled") return;
				for (const mode of CUT_MODES) {
					const next = UpdatingLock.from(crypto, lock, snapshot);
					const { power, slots } = next.board;
					power.cutAt(at - power.operations.length, mode);
					const isCut = (): boolean => power.operations.length > at && next.board.running;
					check.ok(next.drive(isCut, 2 * HOUR), `${what} ${mode}`);
					check.equal(next.running?.sequence, 2, `${what} ${mode}\n${next.rig.log}`);
					check.ok(
						next.drive(() => slots.securityFloor === 2 && slots.state(0) === "invalid", 3 * HOUR),
						`${what} ${mode}\n${next.rig.log}`,
					);
					check.equal(next.running?.sequence, 2);
					cuts++;
				}
			});
			check.ok(cuts >= 15, `${cuts} cuts`);
		},
	);

	t.test("nothing of the other slot changes while an image is on trial (I4)", ({ crypto }) => {
		const lock = locks.open(crypto);
		install(lock, "mute");
		check.ok(lock.drive(() => lock.running?.sequence === 2, HOUR));
		const old = lock.board.slots.peek(0);
		const newer = lock.release({ sequence: 3 });
		lock.owner.connect();
		check.equal(lock.offerInSession(newer)?.status, "busy");
		check.equal(lock.serveInSession(newer), 0);
		check.deepEqual(lock.board.slots.peek(0), old);
	});
}
