/** The line's verbs on the whole lock (PROTOCOL 6): what a hostile line gets after the seal, and what faults look like. */
import { check, type Suite } from "../../harness/test.ts";
import { RELAY, signBundle, trustBundle } from "../../sim/bundles.ts";
import { LockRig, RIG_SERIAL } from "../../sim/lock-rig.ts";
import { newLock } from "../../sim/paired-lock.ts";

function seal(rig: LockRig): void {
	rig.install([RELAY]);
	check.equal(rig.verb("seal").code, "done");
}

export default function suite(t: Suite): void {
	t.test(
		"a sealed lock reads no argument of a verb of the factory, however it is spelled, and answers identify, trust, time and health alone (T14, T15)",
		({ crypto }) => {
			const { rig } = newLock(crypto);
			seal(rig);
			const writes = rig.board.storage.mutations().length;
			for (const verb of ["begin", "install", "label", "seal"] as const) {
				check.equal(rig.verb(verb).code, "sealed");
				check.equal(rig.verb(verb, { 0: 1, 9: new Uint8Array(3) }).code, "sealed");
			}
			for (const verb of ["identify", "trust", "time", "health"] as const)
				check.equal(rig.verb(verb, { 9: 1 }).code, "malformed", verb);
			for (const verb of ["identify", "time", "health"] as const)
				check.equal(rig.verb(verb).code, "done", verb);
			const refused = signBundle(crypto, trustBundle({ version: 3 }));
			check.equal(rig.deliverTrust(refused).code, "refused");
			check.equal(rig.verb("time", { 0: refused.slice(0, 256) }).code, "refused");
			check.equal(rig.board.storage.mutations().length, writes);
		},
	);

	t.test("a verb that flash refuses says so, and the same verb works when flash does (T12)", ({ crypto }) => {
		const rig = new LockRig({ crypto });
		rig.board.storage.failWrites("record/full");
		check.equal(rig.verb("begin", { 0: RIG_SERIAL, 1: "sim" }).code, "storage");
		rig.board.storage.heal();
		check.equal(rig.verb("seal").code, "out-of-order");
		rig.provision();
		check.equal(rig.verb("identify").result.text(2, 24), RIG_SERIAL);
	});
}
