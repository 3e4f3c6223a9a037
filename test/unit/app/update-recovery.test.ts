/** Recovery at the button (docs/UPDATE.md 10), attestation (9), and doors that open during a download (6; T10, T16, I10). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { verifyAttestation } from "../../../modules/update/attest.ts";
import { check, type Suite } from "../../harness/test.ts";
import { imageOf } from "../../sim/releases.ts";
import { UPDATING_SERIAL, type UpdatingLock } from "../../sim/updating-lock.ts";
import { HOUR, UpdateLocks, updateEntriesOf } from "./update-locks.ts";

const NONCE = new Uint8Array(16).fill(9);

export default function suite(t: Suite): void {
	const locks = new UpdateLocks();
	const bootIntoRecovery = (lock: UpdatingLock): void => {
		lock.board.powerCut();
		lock.board.hardware.set("button", true);
		lock.boot();
		lock.rig.advance(LIMITS.recoveryHoldMs + 200);
		lock.board.hardware.set("button", false);
		lock.rig.advance(1000);
	};

	t.test(
		"held at the button from power-on a sealed lock serves recovery, and no link and no session (T10, T20)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const links = lock.relays.length;
			bootIntoRecovery(lock);
			check.ok(lock.rig.log.includes("recovery: the serial line only"));
			lock.rig.advance(60000);
			check.equal(lock.relays.length, links);
			lock.owner.connect();
			check.equal(lock.owner.ready, false);
			for (const verb of ["health", "time", "seal", "begin", "label", "install"] as const) {
				check.equal(lock.rig.verb(verb).code, "refused", verb);
			}
			check.equal(lock.rig.verb("identify").result.text(2, 24), UPDATING_SERIAL);
			check.equal(lock.status().state, "idle");
			// Exit button and bolt go on (I10).
			lock.rig.pressExit();
			check.equal(lock.board.hardware.position, 0);
			lock.board.powerCut();
			lock.boot();
			check.ok(
				lock.drive(() => lock.relays.length > links, 60000),
				"recovery ends with the next power-on",
			);
		},
	);

	t.test(
		"recovery takes a signed release over the line by the same rules, and nothing else (T10, I7)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			bootIntoRecovery(lock);
			const old = lock.release({ sequence: 1 });
			check.equal(lock.offerOnLine(old).code, "refused");
			check.equal(lock.status().result, "rollback-sequence");
			const issuedUnixSeconds = old.manifest.signedUnixSeconds + 100000;
			const release = lock.release({ sequence: 2, freshness: { issuedUnixSeconds } });
			check.equal(lock.offerOnLine(release).code, "done", lock.rig.log);
			check.ok(lock.serveOnLine(release) >= 45);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
			// The new image serves its relay again.
			check.ok(lock.drive(() => lock.relay !== undefined, 60000));
		},
	);

	t.test("recovery takes a trust bundle, in order only (T5, T10)", ({ crypto }) => {
		const lock = locks.open(crypto);
		bootIntoRecovery(lock);
		check.equal(lock.rig.deliverTrust(lock.bundle(3)).code, "refused");
		check.equal(lock.rig.deliverTrust(lock.bundle(2)).code, "done", lock.rig.log);
		check.equal(lock.status().trustVersion, 2);
	});

	t.test(
		"a minute at the button locks nobody out: recovery ends when the line is silent for ten minutes, and the log has both (T20, I10)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const links = lock.relays.length;
			bootIntoRecovery(lock);
			lock.rig.advance(LIMITS.recoveryIdleMs - 5000);
			check.equal(lock.relays.length, links);
			check.ok(
				lock.drive(() => lock.relays.length > links, 60000),
				lock.rig.log,
			);
			lock.owner.connect();
			check.equal(lock.owner.ask("unlock")?.status, "done");
			const steps = updateEntriesOf(lock).map(({ step }) => step);
			check.equal(steps.filter((step) => step === "recovery-entered").length, 1);
			check.equal(steps.filter((step) => step === "recovery-left").length, 1);
		},
	);

	t.test("recovery stays for as long as somebody is at the line (T10)", ({ crypto }) => {
		const lock = locks.open(crypto);
		bootIntoRecovery(lock);
		for (let turn = 0; turn < 4; turn++) {
			lock.rig.advance(LIMITS.recoveryIdleMs - 1000);
			check.equal(lock.rig.verb("health").code, "refused", "it was left");
		}
		lock.rig.advance(LIMITS.recoveryIdleMs + 1000);
		check.equal(lock.rig.verb("health").code, "done");
	});

	t.test(
		"a button that is stuck at power-on enters nothing, and costs the lock ten seconds of its link (T20, I10)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const links = lock.relays.length;
			lock.board.powerCut();
			lock.board.hardware.set("button", true);
			lock.boot();
			check.ok(
				lock.drive(() => lock.relays.length > links, LIMITS.recoveryReleaseMs + 2000),
				lock.rig.log,
			);
			check.equal(lock.rig.verb("health").code, "done");
			lock.board.hardware.set("button", false);
			lock.rig.advance(60000);
			check.equal(lock.rig.verb("health").code, "done", "letting go of it later is no recovery");
			lock.owner.connect();
			check.ok(
				!updateEntriesOf(lock)
					.map(({ step }) => step)
					.includes("recovery-entered"),
			);
		},
	);

	t.test("a button let go before three seconds, or pressed later, is no recovery (T20)", ({ crypto }) => {
		const lock = locks.open(crypto);
		lock.board.powerCut();
		lock.board.hardware.set("button", true);
		lock.boot();
		lock.rig.advance(LIMITS.recoveryHoldMs - 500);
		lock.board.hardware.set("button", false);
		lock.rig.advance(2000);
		check.equal(lock.rig.verb("health").code, "done");
		lock.rig.hold(LIMITS.recoveryHoldMs + 1000);
		check.equal(lock.rig.verb("health").code, "done");
	});

	t.test(
		"an attestation over link, session and line is signed by the device over the asker's nonce (T6)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			lock.rig.advance(5000);
			const deviceKey = lock.rig.verb("identify").result.bytes(4, 65)!;
			lock.relay?.send({ kind: "attest-request", nonce: NONCE });
			lock.rig.advance(100);
			lock.owner.connect();
			const statements = [
				lock.attestations[0],
				lock.owner.ask("update.attest", { 0: NONCE })?.result.bytes(0, { min: 1, max: 512 }),
				lock.rig.verb("attest", { 0: NONCE }).result.bytes(0, { min: 1, max: 512 }),
			];
			for (const statement of statements) {
				const attestation = check.accepted(verifyAttestation(crypto, deviceKey, NONCE, statement!));
				check.equal(attestation.serial, UPDATING_SERIAL);
				check.deepEqual(attestation.runningDigest, crypto.sha256(imageOf(1)));
				check.equal(attestation.sequence, 1);
				check.equal(attestation.runningSlot, 0);
				check.equal(attestation.sealed, true);
				check.refused(verifyAttestation(crypto, deviceKey, new Uint8Array(16), statement!), "nonce");
			}
		},
	);

	t.test("attestations are few in a minute: each is a signature (T16)", ({ crypto }) => {
		const lock = locks.open(crypto);
		for (let asked = 0; asked < 50; asked++) lock.relay?.send({ kind: "attest-request", nonce: NONCE });
		lock.rig.advance(1000);
		check.equal(lock.attestations.length, LIMITS.attestationsBurst);
		for (let asked = 0; asked < LIMITS.attestationsBurst; asked++) {
			const { code } = lock.rig.verb("attest", { 0: NONCE });
			check.equal(code, "done", "the relay's questions cost the line its own");
		}
		check.equal(lock.rig.verb("attest", { 0: NONCE }).code, "later");
		lock.owner.connect();
		check.equal(lock.owner.ask("update.attest", { 0: NONCE })?.status, "done");
	});

	t.test(
		"an unlock during a download works, and no sector is erased nor written while the bolt drives (T16, I10)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			lock.publish(release);
			lock.owner.connect();
			check.equal(lock.owner.ask("status")?.status, "done");
			check.ok(lock.drive(() => lock.board.slots.erases[1] > 5, 60000));
			let drives = 0;
			let erasedAt = 0;
			lock.board.hardware.onOutput = (role, level) => {
				if (role !== "drive-retract" && role !== "drive-throw") return;
				if (level) erasedAt = lock.board.slots.erases[1];
				else check.equal(lock.board.slots.erases[1], erasedAt, "erased while the bolt drove");
				drives++;
			};
			for (const command of ["unlock", "lock", "unlock"] as const) {
				const before = lock.board.slots.erases[1];
				check.equal(lock.owner.ask(command)?.status, "done", lock.rig.log);
				// The update stands back after a request.
				lock.rig.advance(LIMITS.updateYieldMs - 1000);
				check.ok(lock.board.slots.erases[1] <= before + 1);
			}
			check.equal(drives, 6);
			lock.owner.disconnect();
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
		},
	);

	t.test("the pieces of an update are one entry in the log, not thousands (T12)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const release = lock.release({ sequence: 2 });
		lock.owner.connect();
		const before = lock.owner.ask("status")?.result.uint(5) ?? 0;
		lock.offerInSession(release);
		lock.serveInSession(release, 60);
		const after = lock.owner.ask("status")?.result.uint(5) ?? 0;
		check.ok(after - before <= 12, `${after - before} entries`);
	});

	t.test("arguments of update commands that cannot be read are refused (T15)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const release = lock.release({ sequence: 2 });
		lock.owner.connect();
		check.equal(lock.offerInSession(release)?.status, "done");
		check.equal(lock.owner.ask("update.piece", { 0: NONCE, 1: 0, 2: NONCE })?.status, "unknown-command");
		check.equal(lock.owner.ask("update.attest", { 0: new Uint8Array(15) })?.status, "unknown-command");
		check.equal(lock.owner.ask("update.status", { 0: 1 })?.status, "unknown-command");
	});

	t.test(
		"a bad sector ends the download as slot-io, the lock works on, and it is tried again (T12)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			lock.board.slots.fail("write", 30);
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.status().result === "slot-io", 60000),
				lock.rig.log,
			);
			lock.owner.connect();
			check.equal(lock.owner.ask("unlock")?.status, "done");
			lock.owner.disconnect();
			lock.board.slots.heal();
			check.ok(
				lock.drive(() => lock.isInstalled(release), 2 * HOUR),
				lock.rig.log,
			);
		},
	);

	t.test(
		"a sector that stays bad costs no more begins than the day's allowance, and the lock works on (T12, T16)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			lock.board.slots.makeBad(1, LIMITS.chunkBytes + 4096);
			lock.publish(release);
			lock.drive(() => false, 24 * HOUR);
			check.equal(lock.status().result, "slot-io", lock.rig.log);
			const failures = lock.board.logs.filter((line) => line.includes("slot-io in sequence 2")).length;
			check.ok(
				failures > 1 && failures <= LIMITS.updateBeginsBurst + LIMITS.updateBeginsPerDay,
				`${failures} begins`,
			);
			check.equal(lock.running?.sequence, 1);
			lock.owner.connect();
			check.equal(lock.owner.ask("unlock")?.status, "done");
		},
	);

	t.test(
		"a slot that cannot be chosen leaves the running image, and is tried again (T12, I4)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			lock.board.slots.fail("boot", 1);
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.status().result === "slot-io", 120000),
				lock.rig.log,
			);
			check.equal(lock.running?.sequence, 1);
			lock.board.slots.heal();
			check.ok(
				lock.drive(() => lock.isInstalled(release), 3 * HOUR),
				lock.rig.log,
			);
		},
	);

	t.test(
		"a disk full of records refuses the offer as storage, and nothing is erased (T12, I7)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			lock.board.storage.failWrites("record/full");
			const release = lock.release({ sequence: 2 });
			lock.publish(release);
			check.ok(lock.rig.log.includes("offer over link refused, storage"), lock.rig.log);
			lock.rig.advance(60000);
			check.equal(lock.board.slots.erases[1], 0);
			lock.board.storage.heal();
			lock.offerOverLink(release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
		},
	);
}
