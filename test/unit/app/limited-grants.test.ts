/** Grants that time or a count limits, as the whole lock serves them (DESIGN 8). */
import { Grants, type NewMember } from "../../../modules/access/grants.ts";
import { DeviceError } from "../../../modules/base/device-error.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { Store } from "../../../modules/store/store.ts";
import { check, type Suite } from "../../harness/test.ts";
import { newPairedLock } from "../../sim/paired-lock.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";

/** A lock with one guest of these limits, whose session is open. No command makes such a grant yet. */
function newGuest(
	crypto: TestCrypto,
	limits: Pick<NewMember, "validity" | "usesLeft">,
	role: NewMember["role"] = "member",
) {
	const { rig, label } = newPairedLock(crypto);
	const guest = new PhoneRig(rig, crypto, label, 17);
	rig.board.powerCut();
	const { key25519, keyP256 } = guest;
	const grants = new Grants(new Store(rig.board.storage));
	const { id } = check.accepted(grants.add({ role, name: "Guest", key25519, keyP256, ...limits }));
	rig.boot();
	guest.connect();
	check.ok(guest.ready, rig.log);
	const usesLeft = (): number | undefined => new Grants(new Store(rig.board.storage)).get(id)?.usesLeft;
	return { rig, label, guest, usesLeft };
}

export default function suite(t: Suite): void {
	t.test("a guest with one use unlocks once and is used up, also after a reboot (T8)", ({ crypto }) => {
		const { rig, guest, usesLeft } = newGuest(crypto, { usesLeft: 1 });
		check.equal(guest.ask("unlock")?.status, "done", rig.log);
		check.equal(usesLeft(), 0);
		check.equal(guest.ask("lock")?.status, "done");
		check.equal(guest.ask("unlock")?.status, "used-up");
		rig.boot();
		guest.connect();
		check.equal(guest.ask("unlock")?.status, "used-up");
		check.equal(rig.board.hardware.position, 1);
	});

	t.test("a use that flash refuses to spend opens nothing (T8, I7)", ({ crypto }) => {
		const { rig, guest, usesLeft } = newGuest(crypto, { usesLeft: 1 });
		check.equal(guest.ask("status")?.status, "done");
		const { storage } = rig.board;
		const write = storage.write.bind(storage);
		storage.write = (domain, name, value) => {
			if (domain === "access") throw new DeviceError("record/io", name);
			write(domain, name, value);
		};
		check.equal(guest.ask("unlock")?.status, "try-later");
		check.equal(rig.board.hardware.position, 1);
		check.equal(usesLeft(), 1);
		storage.write = write;
		check.equal(guest.ask("unlock")?.status, "done");
	});

	t.test(
		"an unlock that the log does not take spends no use and writes nothing (T8, T16, I7)",
		({ crypto }) => {
			const { rig, guest, usesLeft } = newGuest(crypto, { usesLeft: 2 });
			for (let count = 0; count < LIMITS.logGrantBurst; count++) guest.send("members.list");
			const writes = rig.board.storage.mutations().length;
			check.equal(guest.ask("unlock")?.status, "try-later");
			check.equal(rig.board.storage.mutations().length, writes);
			check.equal(usesLeft(), 2);
			check.equal(rig.board.hardware.position, 1);
		},
	);

	t.test("an unlock that the bolt refuses at once spends no use (T8, I7)", ({ crypto }) => {
		const { rig, guest, usesLeft } = newGuest(crypto, { usesLeft: 1 });
		rig.board.hardware.set("inhibit", true);
		rig.advance(200);
		check.equal(guest.ask("unlock")?.status, "inhibited");
		check.equal(usesLeft(), 1);
		rig.board.hardware.set("inhibit", false);
		rig.advance(200);
		check.equal(guest.ask("unlock")?.status, "done");
		check.equal(usesLeft(), 0);
	});

	t.test("an owner whom a count limits gives nobody a grant without limits (T9)", ({ crypto }) => {
		const { rig, label, guest } = newGuest(crypto, { usesLeft: 3 }, "owner");
		const friend = new PhoneRig(rig, crypto, label, 18);
		for (const role of [1, 2]) {
			const args = { 0: "Eve", 1: role, 2: friend.key25519, 3: friend.keyP256, 4: friend.proof() };
			check.equal(guest.ask("members.add", args)?.status, "not-permitted");
		}
		friend.connect();
		check.ok(!friend.ready);
		check.equal(guest.ask("members.list")?.result.array(0, 2)?.length, 2);
	});

	t.test("an unlock that comes too late spends no use (T3, I7)", ({ crypto }) => {
		const { rig, guest, usesLeft } = newGuest(crypto, { usesLeft: 1 });
		check.equal(guest.ask("unlock", undefined, 9000)?.status, "stale");
		check.equal(usesLeft(), 1);
		check.equal(rig.board.hardware.position, 1);
		check.equal(guest.ask("unlock")?.status, "done");
	});

	t.test(
		"a lock that does not know the time refuses a timed guest and guesses nothing (T13)",
		({ crypto }) => {
			const { rig, guest } = newGuest(crypto, { validity: { notAfter: 4_000_000_000 } });
			check.equal(guest.ask("unlock")?.status, "no-time");
			check.equal(rig.board.hardware.position, 1);
		},
	);
}
