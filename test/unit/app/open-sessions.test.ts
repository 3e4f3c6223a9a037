/** How many sessions are open, and for how long (DESIGN 5.1, 5.4): bounds by grant, by transport and by time (I8, T16). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { TrackingCrypto } from "../../harness/delegating-crypto.ts";
import { check, type Suite } from "../../harness/test.ts";
import { LockRig } from "../../sim/lock-rig.ts";
import { newPairedLock } from "../../sim/paired-lock.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";

const MEMBER_SEED = 40;

function addMember(owner: PhoneRig, member: PhoneRig): void {
	const args = { 0: "Bob", 1: 2, 2: member.key25519, 3: member.keyP256, 4: member.proof() };
	check.equal(owner.ask("members.add", args)?.status, "done");
}

export default function suite(t: Suite): void {
	t.test("one grant holds two sessions at most: a third ends its oldest (T16, I8)", ({ crypto }) => {
		const { rig, owner, label } = newPairedLock(crypto);
		const member = new PhoneRig(rig, crypto, label, MEMBER_SEED);
		addMember(owner, member);
		// Three apps with one key.
		const phones = [0, 1, 2].map(() => new PhoneRig(rig, crypto, label, MEMBER_SEED));
		for (const phone of phones) {
			phone.connect();
			check.equal(phone.ask("status")?.status, "done", rig.log);
			rig.advance(100);
		}
		check.deepEqual(
			phones.map((phone) => phone.closed),
			[true, false, false],
		);
		check.equal(owner.ask("status")?.status, "done");
	});

	t.test(
		"a session that says nothing ends after an hour too, and its keys with it (I1, I8)",
		({ crypto }) => {
			const tracking = new TrackingCrypto(crypto);
			const rig = new LockRig({ crypto: tracking });
			const owner = new PhoneRig(rig, crypto, rig.provision(), 11);
			rig.press();
			check.equal(owner.pair()?.status, "done");
			rig.advance(LIMITS.sessionMs - 2000);
			check.ok(!owner.closed);
			rig.advance(2001);
			check.ok(owner.closed, "the phone hears that its session is over");
			check.equal(tracking.openHandles, 0);
		},
	);

	t.test(
		"open sessions leave room for a phone that comes: the quietest of them makes place (T16, I8)",
		({ crypto }) => {
			const { rig, owner, label } = newPairedLock(crypto);
			const members: PhoneRig[] = [];
			for (let index = 0; index < LIMITS.channels; index++) {
				const member = new PhoneRig(rig, crypto, label, MEMBER_SEED + index);
				addMember(owner, member);
				members.push(member);
			}
			owner.disconnect();
			for (const member of members) {
				rig.advance(2500);
				member.connect();
				check.equal(member.ask("status")?.status, "done", rig.log);
				if (!members[0]!.closed) members[0]!.send("status");
			}
			const open = members.map((member) => !member.closed);
			check.equal(open.filter((isOpen) => isOpen).length, LIMITS.sessions);
			check.ok(open[0], "whoever speaks stays");
			check.ok(!open[1], "the quietest goes");
			owner.connect();
			check.equal(owner.ask("unlock")?.status, "done", rig.log);
		},
	);

	t.test("a phone that has not shown its first sealed frame makes nobody leave (T16)", ({ crypto }) => {
		const { rig, owner, label } = newPairedLock(crypto);
		const members: PhoneRig[] = [];
		for (let index = 0; index < LIMITS.sessions; index++) {
			const member = new PhoneRig(rig, crypto, label, MEMBER_SEED + index);
			addMember(owner, member);
			members.push(member);
		}
		owner.disconnect();
		for (const member of members) {
			rig.advance(2500);
			member.connect();
			check.equal(member.ask("status")?.status, "done", rig.log);
		}
		owner.connect();
		check.ok(owner.ready, rig.log);
		check.ok(members.every((member) => !member.closed));
	});
}
