/** What a lock remembers of its updates (docs/UPDATE.md 6, 7): reverts that count once, parking, and flash's allowance (T12, T16). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { Store } from "../../../modules/store/store.ts";
import { UpdateHistory } from "../../../modules/update/history.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite } from "../../harness/test.ts";
import { PowerCut } from "../../sim/power.ts";
import { SimStorage } from "../../sim/storage.ts";

const DAY_MS = 86400000;

function boot(storage: SimStorage, nowMs = 0): UpdateHistory {
	return new UpdateHistory(new Store(storage), nowMs);
}

/** How many updates begin before the first that is refused. */
function beginsOf(history: UpdateHistory, nowMs: number): number {
	for (let count = 0; count < 1000; count++) {
		const begun = history.begun(6, nowMs);
		if (!begun.ok) {
			check.equal(begun.reason, "too-often");
			return count;
		}
	}
	return 1000;
}

export default function suite(t: Suite): void {
	t.test("a lock that never updated remembers nothing, and may begin", () => {
		const storage = new SimStorage();
		const history = boot(storage);
		check.equal(history.result, "none");
		check.equal(history.resultSequence, undefined);
		check.equal(history.reverts, undefined);
		check.equal(history.parkedSequence, undefined);
		check.equal(history.nextAttempt(6), 1);
		check.ok(history.hasBegin(0));
		check.equal(storage.mutations().length, 0);
	});

	t.test("how an update ended is kept over a reboot, and told twice it is written once", () => {
		const storage = new SimStorage();
		const history = boot(storage);
		check.accepted(history.ended("slot-io", 6, 0));
		const writes = storage.mutations().length;
		check.accepted(history.ended("slot-io", 6, 0));
		check.equal(storage.mutations().length, writes);
		const again = boot(storage.reboot());
		check.equal(again.result, "slot-io");
		check.equal(again.resultSequence, 6);
	});

	t.test(
		"a refused offer is told and writes nothing, and what happened before it comes back (I7, T16)",
		() => {
			const storage = new SimStorage();
			const history = boot(storage);
			check.accepted(history.ended("installed", 5, 0));
			const writes = storage.mutations().length;
			history.refused("untrusted", undefined);
			check.equal(history.result, "untrusted");
			check.equal(history.resultSequence, undefined);
			history.refused("parked", 6);
			check.equal(history.result, "parked");
			check.equal(storage.mutations().length, writes);
			check.equal(boot(storage.reboot()).result, "installed");
			check.accepted(history.begun(6, 0));
			check.equal(history.result, "installed");
		},
	);

	t.test("three reverts park a sequence; a newer one or an owner's word ends that (T12)", () => {
		let storage = new SimStorage();
		let history = boot(storage);
		for (let attempt = 1; attempt <= LIMITS.revertsMax; attempt++) {
			check.equal(history.parkedSequence, undefined);
			check.equal(history.nextAttempt(6), attempt);
			const reverts = check.accepted(history.reverted({ sequence: 6, attempt }, "trial-crashed", 0));
			check.deepEqual(reverts, { sequence: 6, count: attempt, parked: attempt === LIMITS.revertsMax });
			storage = storage.reboot();
			history = boot(storage);
			check.equal(history.result, "trial-crashed");
		}
		check.equal(history.parkedSequence, 6);
		// An older one does not make the lock forget it.
		check.accepted(history.begun(5, 0));
		check.equal(history.parkedSequence, 6);
		const newer = boot(storage.reboot());
		check.accepted(newer.begun(7, 0));
		check.equal(newer.parkedSequence, undefined);
		check.equal(newer.nextAttempt(7), 1);
		check.accepted(history.retried(0));
		check.equal(history.parkedSequence, undefined);
		check.equal(history.nextAttempt(6), 1);
	});

	t.test("beginning the same sequence again keeps its count, installing it ends the count (T12)", () => {
		const history = boot(new SimStorage());
		check.accepted(history.reverted({ sequence: 6, attempt: 1 }, "trial-bolt", 0));
		check.accepted(history.begun(6, 0));
		check.equal(history.nextAttempt(6), 2);
		check.accepted(history.ended("installed", 6, 0));
		check.equal(history.reverts, undefined);
	});

	t.test("a revert counts once, wherever power is cut while it is counted, however often (T12)", () => {
		for (const applied of [false, true]) {
			const storage = new SimStorage();
			let cut = storage;
			for (let round = 0; round < 5; round++) {
				const history = boot(cut);
				cut.cutAfter(0, applied);
				check.throws(() => history.reverted({ sequence: 6, attempt: 2 }, "trial-crashed", 0));
				cut = cut.reboot();
			}
			const history = boot(cut);
			check.accepted(history.reverted({ sequence: 6, attempt: 2 }, "trial-crashed", 0));
			check.equal(history.reverts?.count, 2);
			check.equal(boot(cut.reboot()).reverts?.count, 2);
		}
	});

	t.test("an attempt that is told late does not lower the count", () => {
		const history = boot(new SimStorage());
		check.accepted(history.reverted({ sequence: 6, attempt: 2 }, "trial-crashed", 0));
		check.equal(check.accepted(history.reverted({ sequence: 6, attempt: 1 }, "trial-bolt", 0)).count, 2);
		check.equal(check.accepted(history.reverted({ sequence: 7, attempt: 1 }, "trial-bolt", 0)).count, 1);
	});

	t.test(
		"a revert that flash does not take is not counted, and an owner's word that it does not take changes nothing (I7)",
		() => {
			const storage = new SimStorage();
			const history = boot(storage);
			storage.failWrites("record/full");
			check.refused(history.reverted({ sequence: 6, attempt: 3 }, "trial-crashed", 0), "storage");
			check.equal(history.reverts, undefined);
			storage.heal();
			check.accepted(history.reverted({ sequence: 6, attempt: 3 }, "trial-crashed", 0));
			storage.failWrites("record/io");
			check.refused(history.retried(0), "storage");
			check.equal(history.parkedSequence, 6);
		},
	);

	t.test("so many updates begin at once, so many in a day, and no more (T16)", () => {
		const history = boot(new SimStorage());
		check.equal(beginsOf(history, 0), LIMITS.updateBeginsBurst);
		let begun = 0;
		for (let hour = 1; hour <= 240; hour++) begun += beginsOf(history, hour * 3600000);
		check.equal(begun, LIMITS.updateBeginsPerDay * 10);
	});

	t.test("no series of reboots refills the allowance (T16)", () => {
		let storage = new SimStorage();
		let begun = 0;
		for (let round = 0; round < 100; round++) {
			begun += beginsOf(boot(storage), 0);
			storage = storage.reboot();
		}
		check.equal(begun, LIMITS.updateBeginsBurst);
		// What filled is written down when somebody says so, and then outlives the power.
		const history = boot(storage, 1000);
		check.ok(!history.hasBegin(1000 + DAY_MS / LIMITS.updateBeginsPerDay - 10000));
		check.ok(history.hasBegin(1000 + DAY_MS / LIMITS.updateBeginsPerDay + 10000));
		check.equal(beginsOf(boot(storage.reboot()), 0), 0);
		check.accepted(history.keepAllowance(1000 + DAY_MS / LIMITS.updateBeginsPerDay + 20000));
		check.equal(beginsOf(boot(storage.reboot()), 0), 1);
	});

	t.test("a cut or a refusal of flash gives no update for nothing (T12, T16)", () => {
		const storage = new SimStorage();
		const history = boot(storage);
		storage.failWrites("record/full");
		for (let round = 0; round < 20; round++) check.refused(history.begun(6, 0), "storage");
		storage.heal();
		check.equal(beginsOf(history, 0), LIMITS.updateBeginsBurst);
		let cut = new SimStorage();
		let begun = 0;
		for (let round = 0; round < 50; round++) {
			cut.cutAfter(0, true);
			try {
				if (boot(cut).begun(6, 0).ok) begun++;
			} catch (error) {
				check.ok(error instanceof PowerCut);
				begun++;
			}
			cut = cut.reboot();
		}
		check.equal(begun, LIMITS.updateBeginsBurst);
	});

	t.test("chunks that are written again have an allowance of their own (T16)", () => {
		const history = boot(new SimStorage());
		for (let count = 0; count < LIMITS.chunkRetriesBurst; count++) check.accepted(history.takeChunkRetry(0));
		check.refused(history.takeChunkRetry(0), "too-often");
		check.accepted(history.begun(6, 0));
		check.accepted(history.takeChunkRetry(DAY_MS / LIMITS.chunkRetriesPerDay + 1000));
		check.refused(history.takeChunkRetry(DAY_MS / LIMITS.chunkRetriesPerDay + 1000), "too-often");
	});

	t.test("what filled up is kept each hour, and a full allowance writes nothing (T16)", () => {
		const storage = new SimStorage();
		const history = boot(storage);
		check.accepted(history.keepAllowance(DAY_MS));
		check.equal(storage.peek("update", "history"), undefined);
		for (let count = 0; count < LIMITS.updateBeginsBurst; count++) check.accepted(history.begun(6, DAY_MS));
		let nowMs = DAY_MS;
		for (; nowMs < 2 * DAY_MS; nowMs += 3600000) check.accepted(history.keepAllowance(nowMs));
		check.equal(beginsOf(boot(storage.reboot()), 0), LIMITS.updateBeginsBurst);
		const before = storage.peek("update", "history");
		check.accepted(history.keepAllowance(nowMs + DAY_MS));
		check.bytes(storage.peek("update", "history"), before ?? new Uint8Array(0));
	});

	t.test("recovery may begin once in a boot, whatever the record says (T16)", () => {
		const storage = new SimStorage();
		check.accepted(boot(storage).ended("installed", 5, 0));
		storage.corrupt("update", "history");
		const recovery = new UpdateHistory(new Store(storage.reboot()), 0, { begins: 1 });
		check.accepted(recovery.begun(6, 0));
		check.refused(recovery.begun(6, 0), "too-often");
	});

	t.test("a record that is lost begins anew without an allowance (T12, T16)", () => {
		const storage = new SimStorage();
		check.accepted(boot(storage).ended("installed", 5, 0));
		storage.corrupt("update", "history");
		const history = boot(storage.reboot());
		check.equal(history.fault, "corrupt");
		check.equal(history.result, "none");
		check.refused(history.begun(6, 0), "too-often");
		check.refused(history.takeChunkRetry(0), "too-often");
		check.accepted(history.begun(6, DAY_MS / LIMITS.updateBeginsPerDay + 1000));
	});

	t.test(
		"a record of a newer image, or one that cannot be read, is left alone, and nothing begins (T12)",
		() => {
			const newer = new SimStorage();
			const bytes = encodeCbor({ 0: 2, 1: 7 });
			newer.write("update", "history", bytes);
			const history = boot(newer);
			check.equal(history.fault, "newer-format");
			check.refused(history.begun(6, DAY_MS), "storage");
			check.refused(history.ended("installed", 5, 0), "storage");
			check.equal(history.result, "installed");
			check.bytes(newer.peek("update", "history"), bytes);
			const unreadable = new SimStorage();
			unreadable.makeUnreadable("update", "history");
			check.refused(boot(unreadable).begun(6, DAY_MS), "storage");
		},
	);

	t.test("a result of a later image reads as none, a larger allowance as ours", () => {
		const storage = new SimStorage();
		storage.write("update", "history", encodeCbor({ 0: 1, 1: 900, 2: 6, 4: 900000, 5: 900000 }));
		const history = boot(storage);
		check.equal(history.fault, undefined);
		check.equal(history.result, "none");
		check.equal(beginsOf(history, 0), LIMITS.updateBeginsBurst);
	});
}
