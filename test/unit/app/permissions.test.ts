/** What one member may do to another (T9): nothing. */
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { check, type Suite } from "../../harness/test.ts";
import { newPairedLock } from "../../sim/paired-lock.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";

function newMembers(crypto: TestCrypto) {
	const { rig, owner, label } = newPairedLock(crypto);
	const [bob, eve] = [15, 16].map((seed) => {
		const phone = new PhoneRig(rig, crypto, label, seed);
		const args = { 0: "Bob", 1: 2, 2: phone.key25519, 3: phone.keyP256, 4: phone.proof() };
		const id = owner.ask("members.add", args)?.result.uint(0) ?? 0;
		phone.connect();
		return { phone, id };
	});
	return { rig, owner, label, bob: bob!, eve: eve! };
}

function countMembers(owner: PhoneRig): number | undefined {
	return owner.ask("members.list")?.result.array(0, { min: 1, max: 32 })?.length;
}

export default function suite(t: Suite): void {
	t.test("a member removes neither another member nor adds one; an owner does both (T9)", ({ crypto }) => {
		const { rig, owner, label, bob, eve } = newMembers(crypto);
		check.equal(eve.phone.ask("members.remove", { 0: bob.id })?.status, "not-permitted");
		check.equal(eve.phone.ask("members.remove", { 0: eve.id })?.status, "not-permitted");
		const friend = new PhoneRig(rig, crypto, label, 17);
		const args = { 0: "Eve too", 1: 1, 2: friend.key25519, 3: friend.keyP256, 4: friend.proof() };
		check.equal(eve.phone.ask("members.add", args)?.status, "not-permitted");
		check.equal(countMembers(owner), 3);
		check.equal(owner.ask("members.remove", { 0: bob.id })?.status, "done");
		check.equal(countMembers(owner), 2);
	});

	t.test("nobody enrols as an owner from inside a session (T9, T20)", ({ crypto }) => {
		const { owner, eve } = newMembers(crypto);
		const args = { 0: "Eve", 1: eve.phone.keyP256, 2: eve.phone.proof() };
		check.equal(eve.phone.ask("enrol", args)?.status, "not-permitted");
		check.equal(owner.ask("enrol", args)?.status, "not-permitted");
		check.equal(countMembers(owner), 3);
	});

	t.test("a command that nobody knows is refused as such, and does nothing (T9, T15)", ({ crypto }) => {
		const { rig, owner, eve } = newMembers(crypto);
		for (const number of [0, 26, 99, 65536]) {
			check.equal(eve.phone.ask(number)?.status, "unknown-command");
			check.equal(owner.ask(number)?.status, "unknown-command");
		}
		check.equal(owner.ask("unlock", { 0: 1 })?.status, "unknown-command");
		check.equal(rig.board.hardware.position, 1);
	});
}
