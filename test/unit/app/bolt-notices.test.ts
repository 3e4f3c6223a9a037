/** Whom the lock tells that the bolt changed (PROTOCOL 5.4): who may ask for it now, and nobody else (T8, T9). */
import { Grants, type NewMember } from "../../../modules/access/grants.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { Store } from "../../../modules/store/store.ts";
import { BOLT_POSITIONS } from "../../../modules/wire/command.ts";
import { check, type Suite } from "../../harness/test.ts";
import { newPairedLock } from "../../sim/paired-lock.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";

/** Owner and guest, each with an open session. */
function newLockWithGuest(crypto: TestCrypto, limits: Pick<NewMember, "validity">) {
	const { rig, owner, label } = newPairedLock(crypto);
	const guest = new PhoneRig(rig, crypto, label, 17);
	rig.board.powerCut();
	const { key25519, keyP256 } = guest;
	const grants = new Grants(new Store(rig.board.storage));
	check.accepted(grants.add({ role: "member", name: "Guest", key25519, keyP256, ...limits }));
	rig.boot();
	for (const phone of [owner, guest]) {
		phone.connect();
		phone.ask("status");
	}
	return { rig, owner, guest };
}

function bolts(phone: PhoneRig): readonly (string | undefined)[] {
	return phone.notices.map(({ data }) => BOLT_POSITIONS[data.uint(0) ?? -1]);
}

export default function suite(t: Suite): void {
	t.test("every phone that may ask for the status hears of each change of the bolt", ({ crypto }) => {
		const { rig, owner, guest } = newLockWithGuest(crypto, {});
		rig.pressExit();
		check.ok(owner.notices.length > 0);
		check.equal(guest.notices.length, owner.notices.length);
	});

	t.test("who moves the bolt hears of it by the reply, everybody else by notices", ({ crypto }) => {
		const { rig, owner, guest } = newLockWithGuest(crypto, {});
		check.equal(owner.ask("unlock")?.result.uint(0), BOLT_POSITIONS.indexOf("retracted"), rig.log);
		check.equal(owner.notices.length, 0);
		check.deepEqual(bolts(guest), ["retracting", "retracted"]);
		check.equal(guest.ask("lock")?.status, "done", rig.log);
		check.deepEqual(bolts(owner), ["throwing", "thrown"]);
		check.equal(guest.notices.length, 2);
	});

	t.test("a command whose motion is stopped is followed by a notice of where the bolt is", ({ crypto }) => {
		const { rig, owner, guest } = newLockWithGuest(crypto, {});
		rig.board.hardware.setFault({ kind: "jam", at: 0.5 });
		check.equal(owner.ask("unlock")?.status, "jammed", rig.log);
		check.deepEqual(bolts(owner), ["jammed"]);
		check.equal(bolts(guest).at(-1), "jammed");
	});

	t.test(
		"a guest whose time is not known to have come hears nothing of the bolt (T8, T9, T13)",
		({ crypto }) => {
			const { rig, owner, guest } = newLockWithGuest(crypto, { validity: { notAfter: 4_000_000_000 } });
			rig.pressExit();
			check.ok(owner.notices.length > 0);
			check.ok(!guest.closed);
			check.equal(guest.notices.length, 0);
		},
	);
}
