/** The recovery program and a security fuse that cannot be read (docs/STORAGE.md 4): what it writes into it, and what it leaves alone. */
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { check, type Suite } from "../../harness/test.ts";
import { UpdatingLock, type UpdatingLockOptions } from "../../sim/updating-lock.ts";

const TEN_MINUTES = 600000;
const HOUR = 3600000;

/** The relay has this release; `damaged` breaks the fuse at the boot after the first `select`. */
function selectedUnderDamage(crypto: TestCrypto, securityVersion: number, options: UpdatingLockOptions = {}) {
	const lock = new UpdatingLock(crypto, options);
	const release = lock.release({ sequence: 2, securityVersion });
	lock.drive(() => lock.relay !== undefined, 60000);
	lock.publish(release);
	const { slots } = lock.board;
	const select = slots.select.bind(slots);
	let isDamaged = false;
	slots.select = () => {
		select();
		if (!isDamaged) slots.damageFuse();
		isDamaged = true;
	};
	check.ok(lock.drive(() => isDamaged && lock.running === undefined, TEN_MINUTES));
	return { lock, release };
}

/** Installed from the relay, which has nothing any more. */
function installedLock(crypto: TestCrypto, securityVersion: number): UpdatingLock {
	const lock = new UpdatingLock(crypto);
	const release = lock.release({ sequence: 2, securityVersion });
	lock.drive(() => lock.relay !== undefined, 60000);
	lock.publish(release);
	check.ok(lock.drive(() => lock.isInstalled(release), TEN_MINUTES));
	lock.publish(undefined);
	return lock;
}

export default function suite(t: Suite): void {
	t.test(
		"a fuse that breaks before a chosen release is tried stops neither that trial nor the confirmed image (I4, I3, T12)",
		({ crypto }) => {
			for (const securityVersion of [0, 1]) {
				const { lock, release } = selectedUnderDamage(crypto, securityVersion);
				check.equal(lock.board.slots.state(1), "new");
				check.equal(lock.board.slots.securityFloor, 0, "an image that never ran says nothing of the floor");
				check.equal(lock.board.slots.target, 1, "not the one image that is confirmed");
				check.equal(lock.status().result, "none");
				check.equal(lock.status().reverts, 0);
				lock.board.powerCut();
				check.ok(
					lock.drive(() => lock.isInstalled(release), TEN_MINUTES),
					lock.rig.log,
				);
				check.equal(lock.status().reverts, 0);
			}
		},
	);

	t.test(
		"where the release that was chosen then crashes, its trial is counted, and the image before it runs (I4)",
		({ crypto }) => {
			const { lock } = selectedUnderDamage(crypto, 1, {
				behaviour: ({ sequence }) => (sequence === 2 ? "crash" : "good"),
			});
			lock.publish(undefined);
			lock.board.powerCut();
			check.ok(
				lock.drive(() => lock.running?.sequence === 1, TEN_MINUTES),
				lock.rig.log,
			);
			check.equal(lock.status().result, "trial-crashed");
			check.equal(lock.status().reverts, 1);
		},
	);

	t.test(
		"a release that was confirmed and not written down yet is not reverted by a broken fuse (I4, T12)",
		({ crypto }) => {
			const lock = new UpdatingLock(crypto);
			const release = lock.release({ sequence: 2 });
			lock.drive(() => lock.relay !== undefined, 60000);
			lock.publish(release);
			const { slots } = lock.board;
			const confirm = slots.confirm.bind(slots);
			let isCut = false;
			slots.confirm = () => {
				confirm();
				if (isCut) return;
				isCut = true;
				slots.damageFuse();
				lock.board.powerCut();
			};
			lock.drive(() => isCut && lock.running === undefined, TEN_MINUTES);
			check.equal(lock.status().reverts, 0, lock.rig.log);
			lock.publish(undefined);
			lock.board.powerCut();
			check.ok(lock.drive(() => lock.running?.sequence === 2, TEN_MINUTES));
			check.equal(lock.status().result, "installed");
			check.equal(lock.status().reverts, 0);
		},
	);

	t.test(
		"a fuse that can be read is left as it is: two slots that rot for one boot shut out neither (I4)",
		({ crypto }) => {
			const lock = installedLock(crypto, 1);
			check.equal(lock.board.slots.securityFloor, 0);
			lock.board.powerCut();
			for (const slot of [0, 1] as const) lock.board.slots.flip(slot, 5000);
			lock.boot();
			check.equal(lock.running, undefined);
			check.equal(lock.board.slots.securityFloor, 0, "the floor on record is 1");
			lock.board.powerCut();
			lock.board.slots.flip(0, 5000);
			lock.boot();
			check.equal(lock.running?.sequence, 1, lock.rig.log);
		},
	);

	t.test(
		"floors that are absent beside a broken fuse, or on a sealed board, are lost: nothing is taken (I3, T10)",
		({ crypto }) => {
			const lock = installedLock(crypto, 1);
			check.ok(lock.drive(() => lock.board.slots.securityFloor === 1, 26 * HOUR));
			const old = lock.release({ sequence: 1, securityVersion: 0 });
			const offer = () => lock.offerOnLine({ message: old.message, statement: undefined }).code;
			lock.board.powerCut();
			lock.board.storage.delete("update", "floors");
			lock.board.slots.flip(1, 5000);
			lock.boot();
			check.equal(lock.running, undefined);
			check.equal(offer(), "storage");
			check.ok(lock.rig.log.includes("storage: update-floors-corrupt"), lock.rig.log);
			lock.board.powerCut();
			lock.board.slots.damageFuse();
			lock.boot();
			check.equal(offer(), "storage");
			check.throws(() => lock.board.slots.select(), "slot/io");
			lock.board.powerCut();
			lock.board.slots.flip(1, 5000);
			lock.boot();
			check.equal(lock.running, undefined, "the fuse stays unknown");
		},
	);
}
