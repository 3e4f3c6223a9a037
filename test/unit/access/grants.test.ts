import { FIRST_GRANT_ID, Grants } from "../../../modules/access/grants.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { Store } from "../../../modules/store/store.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";
import { key25519Of, newMember, newOwner } from "./people.ts";

function fill(bytes: number): Uint8Array {
	return new Uint8Array(bytes).fill(0xa5);
}

function openGrants(storage: SimStorage): Grants {
	return new Grants(new Store(storage));
}

/** Claimed by phone 1. */
function claimed(storage = new SimStorage()): { readonly storage: SimStorage; readonly grants: Grants } {
	const grants = openGrants(storage);
	check.accepted(grants.claim(newOwner(1), fill));
	return { storage, grants };
}

/** What a table and its storage say, to compare before and after a refusal. */
function stateOf(storage: SimStorage, grants: Grants): unknown {
	const stored = storage.paths().map((path) => {
		const [domain, name] = path.split("/");
		return [path, storage.peek(domain!, name!)];
	});
	return [stored, grants.list(), grants.claimed, grants.lockId];
}

export default function suite(t: Suite): void {
	t.test("a claim is one record: label, lock id and owner together (T20, I5)", () => {
		const { storage, grants } = claimed();
		check.deepEqual(
			storage.mutations().map((m) => `${m.domain}/${m.name}`),
			["access/claim"],
		);
		const again = openGrants(storage.reboot());
		for (const each of [grants, again]) {
			check.equal(each.claimed, true);
			check.bytes(each.lockId, fill(16));
			check.equal(each.lookup(key25519Of(1))?.id, FIRST_GRANT_ID);
			check.equal(each.lookup(key25519Of(1))?.role, "owner");
			check.equal(each.lookup(key25519Of(2)), undefined);
		}
	});

	t.test("the second phone loses, and changes nothing (T20, I7)", () => {
		const { storage, grants } = claimed();
		const before = stateOf(storage, grants);
		check.refused(grants.claim(newOwner(2), fill), "claimed");
		check.refused(openGrants(storage).claim(newOwner(2), fill), "claimed");
		check.deepEqual(stateOf(storage, grants), before);
	});

	t.test("a claim that flash refuses spends nothing: the same phone or another may try again (I7)", () => {
		for (const code of ["record/full", "record/io"] as const) {
			const storage = new SimStorage();
			const grants = openGrants(storage);
			storage.failWrites(code);
			check.refused(grants.claim(newOwner(1), fill), "storage");
			check.equal(grants.claimed, false);
			check.deepEqual(grants.list(), []);
			check.deepEqual(storage.paths(), []);
			storage.heal();
			check.accepted(grants.claim(newOwner(2), fill));
		}
	});

	t.test("a power cut in a claim leaves an unclaimed lock or an owned one (T12)", () => {
		for (const applied of [false, true]) {
			const storage = new SimStorage();
			storage.cutAfter(0, applied);
			check.throws(() => openGrants(storage).claim(newOwner(1), fill), "PowerCut");
			const again = openGrants(storage.reboot());
			check.equal(again.claimed, applied);
			check.equal(again.list().length, applied ? 1 : 0);
		}
	});

	t.test("a claim that cannot be read is a claim, and grants without one are too (T20)", () => {
		const { storage, grants } = claimed();
		check.accepted(grants.add(newMember(2)));
		const corrupt = storage.reboot();
		corrupt.corrupt("access", "claim");
		const newer = storage.reboot();
		newer.write("access", "claim", encodeCbor({ 0: 2 }));
		const unreadable = storage.reboot();
		unreadable.makeUnreadable("access", "claim");
		const lost = storage.reboot();
		lost.delete("access", "claim");
		for (const [each, fault] of [
			[corrupt, "claim-corrupt"],
			[newer, "claim-newer-format"],
			[unreadable, "claim-io"],
			[lost, "claim-absent"],
		] as const) {
			const opened = openGrants(each);
			check.equal(opened.claimed, true, fault);
			check.equal(opened.lockId, undefined);
			check.deepEqual(opened.faults, [fault]);
			check.refused(opened.claim(newOwner(9), fill), "claimed");
			check.equal(opened.lookup(key25519Of(2))?.name, "Member 2", "the other members still get in");
			check.equal(opened.lookup(key25519Of(1)), undefined);
		}
	});

	t.test("a claim that cannot be read is a claim also where the owner was alone (T20)", () => {
		const { storage } = claimed();
		for (const fault of ["corrupt", "io", "newer-format"]) {
			const each = storage.reboot();
			if (fault === "corrupt") each.corrupt("access", "claim");
			else if (fault === "io") each.makeUnreadable("access", "claim");
			else each.write("access", "claim", encodeCbor({ 0: 2 }));
			const opened = openGrants(each);
			check.equal(opened.claimed, true, fault);
			check.refused(opened.claim(newOwner(9), fill), "claimed");
		}
	});

	t.test("where flash does not even list the grants nobody is let in and nothing is written over", () => {
		const { storage, grants } = claimed();
		check.accepted(grants.add(newMember(2)));
		storage.makeUnlistable("access");
		const again = openGrants(storage);
		check.equal(again.claimed, true);
		check.refused(again.add(newMember(3)), "table-full");
		check.equal(again.lookup(key25519Of(2)), undefined);
		const empty = new SimStorage();
		empty.makeUnlistable("access");
		check.refused(openGrants(empty).claim(newOwner(1), fill), "claimed");
	});

	t.test("an added member is found by its key, also after a reboot; an unclaimed lock has no members", () => {
		const { storage, grants } = claimed();
		check.equal(check.accepted(grants.add(newMember(2, { usesLeft: 3 }))).id, 2);
		for (const each of [grants, openGrants(storage.reboot())]) {
			check.equal(each.lookup(key25519Of(2))?.usesLeft, 3);
			check.equal(each.get(2)?.role, "member");
			check.deepEqual(
				each.list().map((grant) => grant.id),
				[1, 2],
			);
		}
		check.refused(openGrants(new SimStorage()).add(newMember(2)), "unclaimed");
	});

	t.test("the same phone is not enrolled twice, and what cannot be read back is not written", () => {
		const { storage, grants } = claimed();
		check.accepted(grants.add(newMember(2)));
		const before = stateOf(storage, grants);
		check.refused(grants.add(newMember(2, { name: "Another" })), "duplicate");
		check.refused(grants.add(newMember(1)), "duplicate");
		check.refused(grants.add(newMember(3, { name: "x".repeat(33) })), "malformed");
		check.refused(grants.add(newMember(3, { keyP256: new Uint8Array(64) })), "malformed");
		check.deepEqual(stateOf(storage, grants), before);
		check.refused(openGrants(new SimStorage()).claim({ ...newOwner(1), name: "" }, fill), "malformed");
	});

	t.test("a full table refuses the new and forgets no one (T8, I8)", () => {
		const { storage, grants } = claimed();
		for (let phone = 2; phone <= LIMITS.grants; phone++) check.accepted(grants.add(newMember(phone)));
		const before = stateOf(storage, grants);
		check.refused(grants.add(newMember(99)), "table-full");
		check.deepEqual(stateOf(storage, grants), before);
		check.equal(openGrants(storage.reboot()).list().length, LIMITS.grants);
		check.accepted(grants.remove(5));
		check.accepted(grants.add(newMember(99)));
		check.refused(grants.add(newMember(100)), "table-full");
	});

	t.test("ids are given once, also across removals, reboots and power cuts", () => {
		const { storage, grants } = claimed();
		check.equal(check.accepted(grants.add(newMember(2))).id, 2);
		check.accepted(grants.remove(2));
		check.equal(check.accepted(grants.add(newMember(3))).id, 3);
		check.accepted(grants.remove(3));
		const again = openGrants(storage.reboot());
		check.equal(check.accepted(again.add(newMember(4))).id, 4);
		const cut = storage.reboot();
		cut.cutAfter(1, false);
		check.throws(() => openGrants(cut).add(newMember(5)), "PowerCut");
		check.equal(check.accepted(openGrants(cut.reboot()).add(newMember(6))).id, 5);
	});

	t.test(
		"an id that a power cut left behind is not given again, also when its grant was removed (T12)",
		() => {
			for (const after of [0, 1]) {
				for (const applied of [false, true]) {
					const { storage, grants } = claimed();
					check.accepted(grants.add(newMember(2)));
					storage.cutAfter(after, applied);
					check.throws(() => grants.add(newMember(3)), "PowerCut");
					const found = storage.reboot();
					const seen = openGrants(found)
						.list()
						.map((grant) => grant.id);
					for (const id of seen) if (id !== FIRST_GRANT_ID) check.accepted(openGrants(found).remove(id));
					const id = check.accepted(openGrants(found.reboot()).add(newMember(4))).id;
					check.ok(!seen.includes(id), `${id} was given before`);
				}
			}
		},
	);

	t.test("a disk that fills between the two writes of an enrolment adds no one (I7)", () => {
		for (const after of [0, 1]) {
			const { storage, grants } = claimed();
			const before = grants.list();
			storage.failWrites("record/full", after);
			check.refused(grants.add(newMember(2)), "storage");
			check.deepEqual(grants.list(), before);
			check.equal(openGrants(storage.reboot()).list().length, 1);
			storage.heal();
			check.accepted(grants.add(newMember(2)));
		}
	});

	t.test("a removed member is gone at once and for good (T8)", () => {
		const { storage, grants } = claimed();
		check.accepted(grants.add(newMember(2)));
		check.equal(check.accepted(grants.remove(2)).name, "Member 2");
		check.equal(grants.lookup(key25519Of(2)), undefined);
		check.equal(openGrants(storage.reboot()).lookup(key25519Of(2)), undefined);
		check.refused(grants.remove(2), "unknown");
		check.refused(grants.remove(77), "unknown");
	});

	t.test("a removal that flash refuses removes no one (I7)", () => {
		const { storage, grants } = claimed();
		check.accepted(grants.add(newMember(2)));
		const before = stateOf(storage, grants);
		storage.failDeletes();
		check.refused(grants.remove(2), "storage");
		check.deepEqual(stateOf(storage, grants), before);
	});

	t.test(
		"the last owner whom nothing limits cannot be removed; with another one the first can, and the lock stays claimed",
		() => {
			const { storage, grants } = claimed();
			check.refused(grants.remove(FIRST_GRANT_ID), "last-owner");
			check.accepted(grants.add(newMember(2, { role: "owner", validity: { notAfter: 1_900_000_000 } })));
			check.refused(grants.remove(FIRST_GRANT_ID), "last-owner");
			check.accepted(grants.add(newMember(3, { role: "owner" })));
			check.accepted(grants.remove(FIRST_GRANT_ID));
			check.refused(grants.remove(3), "last-owner");
			for (const each of [grants, openGrants(storage.reboot())]) {
				check.equal(each.claimed, true);
				check.bytes(each.lockId, fill(16));
				check.equal(each.lookup(key25519Of(1)), undefined);
				check.refused(each.claim(newOwner(4), fill), "claimed");
			}
		},
	);

	t.test("a use is committed before the act, and refused where it cannot be (T8, I7)", () => {
		const { storage, grants } = claimed();
		check.accepted(grants.add(newMember(2, { usesLeft: 2 })));
		check.accepted(grants.spendUse(2));
		check.equal(openGrants(storage.reboot()).get(2)?.usesLeft, 1);
		storage.failWrites("record/full");
		check.refused(grants.spendUse(2), "storage");
		check.equal(grants.get(2)?.usesLeft, 1);
		storage.heal();
		check.accepted(grants.spendUse(2));
		check.refused(grants.spendUse(2), "used-up");
		check.equal(openGrants(storage.reboot()).get(2)?.usesLeft, 0);
		check.refused(grants.spendUse(9), "unknown");
		const writes = storage.mutations().length;
		check.accepted(grants.spendUse(FIRST_GRANT_ID), "without a count nothing is spent");
		check.equal(storage.mutations().length, writes);
	});

	t.test("a power cut while a use is committed never gives a use back twice (T12)", () => {
		for (const applied of [false, true]) {
			const { storage, grants } = claimed();
			check.accepted(grants.add(newMember(2, { usesLeft: 2 })));
			storage.cutAfter(0, applied);
			check.throws(() => grants.spendUse(2), "PowerCut");
			check.equal(openGrants(storage.reboot()).get(2)?.usesLeft, applied ? 1 : 2);
		}
	});

	t.test("a grant that cannot be read is no access, keeps its place, and takes no one with it", () => {
		const { storage, grants } = claimed();
		for (let phone = 2; phone <= 4; phone++) check.accepted(grants.add(newMember(phone)));
		storage.corrupt("access", "grant-1");
		const again = openGrants(storage.reboot());
		check.deepEqual(again.faults, ["grant-1-corrupt"]);
		check.equal(again.lookup(key25519Of(3)), undefined);
		check.deepEqual(
			again.list().map((grant) => grant.id),
			[1, 2, 4],
		);
		for (let phone = 5; phone <= LIMITS.grants; phone++) check.accepted(again.add(newMember(phone)));
		check.refused(again.add(newMember(99)), "table-full");
	});

	t.test(
		"no stored bytes make the table throw, and none make an owner of a stranger's key (I9)",
		({ random }) => {
			const { storage, grants } = claimed();
			check.accepted(grants.add(newMember(2)));
			for (let round = 0; round < 300; round++) {
				const copy = storage.reboot();
				const name = random.pick(["claim", "grant-0", "last-grant-id"]);
				copy.write("access", name, random.mutate(copy.peek("access", name)!));
				const opened = openGrants(copy);
				check.equal(opened.claimed, true);
				opened.add(newMember(3));
				opened.remove(2);
				check.equal(opened.lookup(key25519Of(9)), undefined);
			}
		},
	);
}
