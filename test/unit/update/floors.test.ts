/** The floors of sequence and security version only rise, whatever happens to their record (I3, T10). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { Store } from "../../../modules/store/store.ts";
import { type Floors, UpdateFloors } from "../../../modules/update/floors.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";

const RUNNING: Floors = { sequence: 5, securityVersion: 2 };

function boot(storage: SimStorage, running: Floors | undefined = RUNNING): UpdateFloors {
	return new UpdateFloors(new Store(storage), running);
}

function recovery(storage: SimStorage): UpdateFloors {
	return new UpdateFloors(new Store(storage), undefined);
}

export default function suite(t: Suite): void {
	t.test(
		"a record that must have been there and is absent is lost where no image runs, and none where one does (I3, T10)",
		() => {
			const lost = new UpdateFloors(new Store(new SimStorage()), undefined, true);
			check.equal(lost.known, undefined);
			check.equal(lost.fault, "corrupt");
			check.deepEqual(recovery(new SimStorage()).known, { sequence: 0, securityVersion: 0 });
			const running = new UpdateFloors(new Store(new SimStorage()), RUNNING, true);
			check.deepEqual(running.known, { sequence: 0, securityVersion: 0 });
			check.equal(running.fault, undefined);
		},
	);

	t.test("a new board has no floors until a release is confirmed, and keeps them across boots (I3)", () => {
		const storage = new SimStorage();
		const floors = boot(storage);
		check.deepEqual(floors.known, { sequence: 0, securityVersion: 0 });
		check.equal(floors.fault, undefined);
		check.accepted(floors.raise(5, 2));
		check.deepEqual(floors.known, { sequence: 5, securityVersion: 2 });
		check.deepEqual(boot(storage.reboot()).known, { sequence: 5, securityVersion: 2 });
		check.deepEqual(recovery(storage.reboot()).known, { sequence: 5, securityVersion: 2 });
	});

	t.test("each floor rises for itself, and neither falls with the other (I3)", () => {
		const floors = boot(new SimStorage());
		check.accepted(floors.raise(9, 1));
		check.accepted(floors.raise(3, 4));
		check.deepEqual(floors.known, { sequence: 9, securityVersion: 4 });
	});

	t.test("a boot of the confirmed release writes nothing", () => {
		const storage = new SimStorage();
		check.accepted(boot(storage).raise(5, 2));
		const again = storage.reboot();
		const floors = boot(again);
		for (const [sequence, securityVersion] of [
			[5, 2],
			[4, 2],
			[5, 0],
		] as const)
			check.accepted(floors.raise(sequence, securityVersion));
		check.equal(again.mutations().length, 0);
	});

	t.test("no series of raises, cuts and boots lowers a floor, in RAM or in flash (I3, T12)", ({ random }) => {
		let storage = new SimStorage();
		let [sequence, securityVersion] = [0, 0];
		for (let round = 0; round < 300; round++) {
			const floors = boot(storage);
			check.ok(floors.current.sequence >= sequence && floors.current.securityVersion >= securityVersion);
			({ sequence, securityVersion } = floors.current);
			const fault = random.pick(["none", "cut", "full"] as const);
			if (fault === "cut") storage.cutAfter(0, random.boolean());
			if (fault === "full") storage.failWrites("record/full");
			const [toSequence, toVersion] = [random.below(50 + round), random.below(LIMITS.securityVersionMax + 1)];
			let raised = false;
			try {
				raised = floors.raise(toSequence, toVersion).ok;
			} catch {
				check.equal(fault, "cut");
			}
			if (raised) {
				sequence = Math.max(sequence, toSequence);
				securityVersion = Math.max(securityVersion, toVersion);
			}
			check.deepEqual(floors.known, { sequence, securityVersion });
			storage = storage.reboot();
		}
	});

	t.test("a full disk refuses to raise, and both floors stand (T12, I7)", () => {
		const storage = new SimStorage();
		const floors = boot(storage);
		check.accepted(floors.raise(5, 2));
		storage.failWrites("record/full");
		check.refused(floors.raise(6, 3), "storage");
		check.deepEqual(floors.known, { sequence: 5, securityVersion: 2 });
		storage.heal();
		check.accepted(floors.raise(6, 3));
	});

	t.test("for a record that is lost the running image's numbers stand in, and are written anew (I3)", () => {
		const storage = new SimStorage();
		check.accepted(boot(storage).raise(5, 2));
		storage.corrupt("update", "floors");
		const corrupt = storage.reboot();
		const floors = boot(corrupt, { sequence: 7, securityVersion: 3 });
		check.equal(floors.fault, "corrupt");
		check.deepEqual(floors.known, { sequence: 7, securityVersion: 3 });
		check.equal(corrupt.mutations().length, 0);
		check.accepted(floors.raise(7, 3));
		const again = boot(corrupt.reboot());
		check.equal(again.fault, undefined);
		check.deepEqual(again.known, { sequence: 7, securityVersion: 3 });
		const writes = corrupt.mutations().length;
		check.accepted(floors.raise(7, 3));
		check.equal(corrupt.mutations().length, writes);
	});

	t.test("where no image runs, a lost record lets nothing in (I3, T10)", () => {
		const storage = new SimStorage();
		check.accepted(boot(storage).raise(5, 2));
		storage.corrupt("update", "floors");
		check.equal(recovery(storage.reboot()).known, undefined);
		check.ok(recovery(new SimStorage()).known !== undefined);
	});

	t.test(
		"floors that cannot be read now, or that a newer image wrote, let nothing in and are left alone (I3)",
		() => {
			const storage = new SimStorage();
			check.accepted(boot(storage).raise(5, 2));
			const newer = storage.reboot();
			const bytes = encodeCbor({ 0: 2, 1: 900, 2: 9 });
			newer.write("update", "floors", bytes);
			const late = boot(newer);
			check.equal(late.fault, "newer-format");
			check.equal(late.known, undefined);
			check.refused(late.raise(6, 2), "storage");
			check.bytes(newer.peek("update", "floors"), bytes);
			const unreadable = storage.reboot();
			unreadable.makeUnreadable("update", "floors");
			const blind = boot(unreadable);
			check.equal(blind.fault, "io");
			check.equal(blind.known, undefined);
			check.refused(blind.raise(6, 2), "storage");
			check.deepEqual(blind.current, RUNNING);
		},
	);
}
