/** The records of an update under way (docs/UPDATE.md 3, 7, 11): what a cut, a full disk and another image leave of them (T12, I5). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { Store } from "../../../modules/store/store.ts";
import { PlanStore } from "../../../modules/update/plan.ts";
import { type Trial, TrialStore } from "../../../modules/update/trial-record.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { FRESHNESS_BYTES_MAX } from "../../../modules/wire/freshness.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";

function plans(storage: SimStorage): PlanStore {
	return new PlanStore(new Store(storage));
}

function trials(storage: SimStorage): TrialStore {
	return new TrialStore(new Store(storage));
}

const MANIFEST = new Uint8Array(LIMITS.manifestBytes).fill(1);
const OTHER = new Uint8Array(10).fill(2);
const STATEMENT = new Uint8Array(FRESHNESS_BYTES_MAX).fill(3);

const TRIAL: Omit<Trial, "reason"> = Object.freeze({
	sequence: LIMITS.sequenceMax,
	securityVersion: LIMITS.securityVersionMax,
	attempt: LIMITS.revertsMax,
	reachable: true,
	imageDigest: new Uint8Array(32).fill(4),
});

export default function suite(t: Suite): void {
	t.test("a plan is kept as it was signed, at its largest, until it is dropped", () => {
		const storage = new SimStorage();
		const store = plans(storage);
		check.equal(store.current, undefined);
		check.accepted(store.begin(MANIFEST, STATEMENT));
		const plan = { manifest: MANIFEST, freshness: STATEMENT, deltaFailed: false };
		check.deepEqual(store.current, plan);
		check.deepEqual(plans(storage.reboot()).current, plan);
		check.accepted(store.drop());
		check.equal(store.current, undefined);
		check.equal(plans(storage.reboot()).current, undefined);
		const writes = storage.mutations().length;
		check.accepted(store.drop());
		check.equal(storage.mutations().length, writes);
	});

	t.test("a delta that failed is not tried again, a new plan may try its own", () => {
		const storage = new SimStorage();
		const store = plans(storage);
		check.accepted(store.markDeltaFailed());
		check.equal(store.current, undefined);
		check.accepted(store.begin(OTHER, undefined));
		check.accepted(store.markDeltaFailed());
		check.equal(plans(storage.reboot()).current?.deltaFailed, true);
		check.equal(plans(storage.reboot()).current?.freshness, undefined);
		const writes = storage.mutations().length;
		check.accepted(store.markDeltaFailed());
		check.equal(storage.mutations().length, writes);
		check.accepted(store.begin(MANIFEST, STATEMENT));
		check.equal(plans(storage.reboot()).current?.deltaFailed, false);
	});

	t.test("a cut leaves the old plan or the new one (I5, T12)", () => {
		for (const applied of [false, true]) {
			const storage = new SimStorage();
			check.accepted(plans(storage).begin(OTHER, STATEMENT));
			storage.cutAfter(0, applied);
			check.throws(() => plans(storage).begin(MANIFEST, STATEMENT));
			check.bytes(plans(storage.reboot()).current?.manifest, applied ? MANIFEST : OTHER);
		}
	});

	t.test("a full disk refuses the new plan, and the old one stands (I7, T12)", () => {
		const storage = new SimStorage();
		const store = plans(storage);
		check.accepted(store.begin(OTHER, STATEMENT));
		storage.failWrites("record/full");
		check.refused(store.begin(MANIFEST, STATEMENT), "storage");
		check.bytes(store.current?.manifest, OTHER);
		check.refused(store.markDeltaFailed(), "storage");
		check.equal(store.current?.deltaFailed, false);
		storage.failDeletes();
		check.refused(store.drop(), "storage");
		check.equal(store.current, undefined);
		check.bytes(plans(storage.reboot()).current?.manifest, OTHER);
	});

	t.test("a plan that cannot be read is none, and is written over or erased (T12)", () => {
		const storage = new SimStorage();
		for (const bytes of [
			encodeCbor({ 0: 2, 1: 7 }),
			encodeCbor({ 0: 1, 1: MANIFEST }),
			Uint8Array.of(0xff),
		]) {
			storage.write("update", "plan", bytes);
			const store = plans(storage.reboot());
			check.equal(store.current, undefined);
			check.ok(store.fault !== undefined);
			const erased = storage.reboot();
			check.accepted(plans(erased).drop());
			check.equal(erased.peek("update", "plan"), undefined);
			const written = storage.reboot();
			check.accepted(plans(written).begin(OTHER, undefined));
			check.bytes(plans(written.reboot()).current?.manifest, OTHER);
		}
	});

	t.test("a trial is known to the next image, with the reason that it gives", () => {
		const storage = new SimStorage();
		check.accepted(trials(storage).begin(TRIAL));
		const onTrial = trials(storage.reboot());
		check.deepEqual(onTrial.current, { ...TRIAL, reason: undefined });
		check.accepted(onTrial.noteReason("trial-unreachable"));
		const running = storage.reboot();
		check.accepted(trials(running).noteReason("trial-bolt"));
		const back = trials(running.reboot());
		check.deepEqual(back.current, { ...TRIAL, reason: "trial-bolt" });
		const last = running.reboot();
		check.accepted(trials(last).finish());
		check.equal(trials(last.reboot()).current, undefined);
		check.accepted(trials(last.reboot()).finish());
	});

	t.test(
		"flash that refuses begins no trial, and a reason that it does not take reads as a crash (I7, T12)",
		() => {
			const storage = new SimStorage();
			storage.failWrites("record/full");
			check.refused(trials(storage).begin(TRIAL), "storage");
			storage.heal();
			const store = trials(storage);
			check.accepted(store.noteReason("trial-bolt"));
			check.equal(store.current, undefined);
			check.accepted(store.begin(TRIAL));
			storage.failWrites("record/io");
			check.refused(store.noteReason("trial-bolt"), "storage");
			check.equal(trials(storage.reboot()).current?.reason, undefined);
			storage.failDeletes();
			check.refused(store.finish(), "storage");
			check.ok(trials(storage.reboot()).current !== undefined);
		},
	);

	t.test("the old image understands what a later one wrote of its own trial (T12)", () => {
		const storage = new SimStorage();
		const fields = { 0: 1, 1: 6, 2: 2, 3: 1, 4: false, 5: TRIAL.imageDigest };
		for (const reason of [0, 1, 900]) {
			storage.write("update", "trial", encodeCbor({ ...fields, 6: reason, 9: "more" }));
			const trial = trials(storage).current;
			check.equal(trial?.sequence, 6);
			check.equal(trial?.reason, undefined);
		}
		for (const attempt of [0, LIMITS.revertsMax + 1]) {
			storage.write("update", "trial", encodeCbor({ ...fields, 3: attempt }));
			check.equal(trials(storage).fault, "corrupt");
		}
	});
}
