/** The attack list of updates, old statements, keys that were lost or stolen, and trust that changes, against a whole lock (T5, T10, T11). */
import { check, type Suite } from "../../harness/test.ts";
import { holder, publicKeys } from "../../sim/bundles.ts";
import { HOUR, later, UpdateLocks } from "./update-locks.ts";

export default function suite(t: Suite): void {
	const locks = new UpdateLocks();

	t.test(
		"freeze: a lock whose statement is over says that it is stale, and goes on working (T11)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			lock.publish(release);
			check.ok(lock.drive(() => lock.isInstalled(release), HOUR));
			check.equal(lock.status().stale, false);
			// Time passes, as an owner tells it; the relay holds everything newer back.
			lock.owner.connect();
			const nowMs = (release.manifest.signedUnixSeconds + 60 * 86400) * 1000;
			check.equal(lock.owner.ask("time.set", { 0: nowMs })?.status, "done");
			check.equal(lock.status().stale, true);
			const next = lock.release({ sequence: 3, freshness: later(release) });
			lock.publish(next);
			check.equal(lock.status().result, "not-fresh");
			check.equal(lock.owner.ask("unlock")?.status, "done");
			check.equal(lock.running?.sequence, 2);
			// A statement that holds now ends it.
			const fresh = lock.release({ sequence: 3, freshness: later(release, 60 * 86400) });
			lock.publish(fresh);
			check.equal(lock.status().stale, false);
		},
	);

	t.test("freeze: an older statement does not come back after a newer one (T11)", ({ crypto }) => {
		const lock = locks.open(crypto);
		lock.serve = () => undefined;
		const second = lock.release({ sequence: 2 });
		const third = lock.release({ sequence: 3, freshness: later(second) });
		lock.publish(third);
		check.equal(lock.status().offered, 3);
		lock.publish(second);
		check.equal(lock.status().result, "not-fresh");
		check.equal(lock.status().offered, 3);
	});

	t.test("key removed from trust: its manifest is dropped in mid-download (T5, T10)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const release = lock.release({ sequence: 2 });
		lock.publish(release);
		check.ok(lock.drive(() => lock.board.slots.erases[1] >= 40, 60000));
		lock.relay?.send({
			kind: "trust",
			message: lock.bundle(2, { updateRole: { threshold: 1, keys: publicKeys(holder(21)) } }),
		});
		lock.rig.advance(100);
		const report = lock.status();
		check.equal(report.trustVersion, 2);
		check.equal(report.state, "idle", lock.rig.log);
		check.equal(report.offered, undefined);
		const erased = lock.board.slots.erases[1];
		lock.drive(() => false, HOUR);
		check.equal(lock.board.slots.erases[1], erased);
		check.equal(lock.running?.sequence, 1);
		check.ok(lock.rig.log.includes("the plan for sequence 2 is dropped, untrusted"));
	});

	t.test(
		"key theft drill: a bundle with other update keys, then a manifest of theirs; the thief's is refused (T5, T10)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const message = lock.bundle(2, {
				updateRole: { threshold: 2, keys: publicKeys(holder(21), holder(22), holder(23)) },
			});
			lock.relay?.send({ kind: "trust", message });
			lock.drive(() => lock.status().trustVersion === 2 && lock.relay !== undefined, 60000);
			lock.publish(lock.release({ sequence: 2 }));
			check.equal(lock.status().result, "untrusted", "what the stolen key signed");
			lock.publish(lock.release({ sequence: 2, holders: [holder(21)] }));
			check.equal(lock.status().result, "untrusted", "below the threshold");
			lock.publish(lock.release({ sequence: 2, holders: [holder(21), holder(21)] }));
			check.equal(lock.status().result, "untrusted", "duplicate signatures by one key");
			const release = lock.release({
				sequence: 2,
				holders: [holder(23), holder(21)],
				freshness: later(lock.release()),
				manifest: { trustVersion: 2 },
			});
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
		},
	);

	t.test("a manifest that asks for newer trust waits for its bundle (T5)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const release = lock.release({ sequence: 2, manifest: { trustVersion: 2 } });
		lock.publish(release);
		check.equal(lock.status().result, "trust-older");
		lock.relay?.send({ kind: "trust", message: lock.bundle(2) });
		// The link begins anew, and the relay offers again.
		check.ok(
			lock.drive(() => lock.isInstalled(release), HOUR),
			lock.rig.log,
		);
	});

	t.test("a freshness key alone installs nothing (T11)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const alien = lock.release({ sequence: 2, freshnessHolder: holder(98) });
		lock.publish(alien);
		check.equal(lock.status().result, "not-fresh");
		lock.publish(lock.release({ sequence: 2, holders: [holder(12)] }));
		check.equal(lock.status().result, "untrusted");
		check.equal(lock.status().state, "idle");
	});
}
