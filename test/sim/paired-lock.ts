/** A lock with its label and its owner's phone, as most tests begin. */
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { Label } from "../../modules/wire/label.ts";
import { LockRig } from "./lock-rig.ts";
import { PhoneRig } from "./phone-rig.ts";

export interface LockAndOwner {
	readonly rig: LockRig;
	readonly label: Label;
	readonly owner: PhoneRig;
}

export function newLock(crypto: TestCrypto): LockAndOwner {
	const rig = new LockRig({ crypto });
	const label = rig.provision();
	return { rig, label, owner: new PhoneRig(rig, crypto, label, 11) };
}

/** Throws when the owner cannot pair. */
export function newPairedLock(crypto: TestCrypto): LockAndOwner {
	const lock = newLock(crypto);
	lock.rig.press();
	const reply = lock.owner.pair();
	if (reply?.status !== "done") throw new Error(`the owner did not pair\n${lock.rig.log}`);
	return lock;
}
