/** A lock with radio and Wi-Fi, its label, and its owner's phone over the radio. */
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { Label } from "../../modules/wire/label.ts";
import { check } from "../harness/test.ts";
import { BleWire } from "./ble-wire.ts";
import { LockRig } from "./lock-rig.ts";
import { PhoneRig } from "./phone-rig.ts";

export const OWNER_SEED = 11;

export interface RadioHome {
	readonly rig: LockRig;
	readonly label: Label;
	/** Paired over the radio. */
	readonly owner: PhoneRig;
	readonly wire: BleWire;
}

export function newRadioHome(crypto: TestCrypto, packetBytes = 20): RadioHome {
	const rig = new LockRig({ crypto, radio: true, wifi: true });
	const label = rig.provision();
	rig.press();
	const wire = new BleWire(rig.board, packetBytes);
	const owner = new PhoneRig(wire, crypto, label, OWNER_SEED);
	check.equal(owner.pair()?.status, "done", rig.log);
	return { rig, label, owner, wire };
}

/** A phone of this seed, added by the owner and connected over the radio's own or another wire. */
export function addMember(
	crypto: TestCrypto,
	home: RadioHome,
	seed: number,
): { phone: PhoneRig; id: number } {
	const phone = new PhoneRig(home.rig, crypto, home.label, seed);
	const args = { 0: "Bob", 1: 2, 2: phone.key25519, 3: phone.keyP256, 4: phone.proof() };
	const id = home.owner.ask("members.add", args)?.result.uint(0) ?? 0;
	phone.connect();
	return { phone, id };
}
