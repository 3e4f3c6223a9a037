import { DeviceError } from "../../../modules/base/device-error.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { RECORD_ROWS, RECORDS } from "../../../modules/store/records.ts";
import { FactoryReset } from "../../../modules/store/reset.ts";
import { recordName, Store } from "../../../modules/store/store.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";

const ALIEN = "alien/record";

/** A board with some of every record, and one that the table does not know. */
function livedIn(): SimStorage {
	const storage = new SimStorage([[ALIEN, new Uint8Array([9])]]);
	for (const row of RECORD_ROWS) {
		if (row === RECORDS.resetPending) continue;
		for (const index of row.count === undefined ? [undefined] : [0, 1, row.count - 1]) {
			storage.write(row.domain, recordName(row, index), new Uint8Array([1]));
		}
	}
	return storage;
}

function survivors(): readonly string[] {
	const paths = RECORD_ROWS.filter((row) => row.survivesReset).map((row) => `${row.domain}/${row.name}`);
	return [ALIEN, ...paths].sort();
}

function noLastStep(): void {}

/** As a host with Wi-Fi has it, whose record the store cannot open. */
function resetOf(storage: SimStorage): FactoryReset {
	return new FactoryReset(new Store(storage), () => storage.delete("network", "wifi"));
}

export default function suite(t: Suite): void {
	t.test("a reset erases exactly what the table says, and ends", () => {
		const storage = livedIn();
		const reset = resetOf(storage);
		check.equal(check.accepted(reset.pending()), false);
		check.accepted(reset.begin());
		check.equal(check.accepted(reset.pending()), true);
		let lastSteps = 0;
		check.accepted(
			reset.finish(() => {
				lastSteps++;
				check.deepEqual(storage.paths(), [...survivors(), "store/reset-pending"].sort());
			}),
		);
		check.equal(lastSteps, 1);
		check.equal(check.accepted(reset.pending()), false);
		check.deepEqual(storage.paths(), survivors());
		for (const path of survivors()) {
			const [domain, name] = path.split("/");
			check.bytes(storage.peek(domain!, name!), path === ALIEN ? "09" : "01", "unchanged");
		}
	});

	t.test("a power cut at any step of a reset is made good at the next boot (T12, T20)", ({ note }) => {
		const rehearsal = livedIn();
		const before = rehearsal.mutations().length;
		const whole = resetOf(rehearsal);
		check.accepted(whole.begin());
		check.accepted(whole.finish(noLastStep));
		const steps = rehearsal.mutations().length - before;
		check.ok(steps > 8);
		for (let step = 0; step < steps; step++) {
			for (const applied of [false, true]) {
				const storage = livedIn();
				storage.cutAfter(step, applied);
				const reset = resetOf(storage);
				check.throws(() => {
					check.accepted(reset.begin());
					check.accepted(reset.finish(noLastStep));
				}, "PowerCut");
				const rebooted = storage.reboot();
				const again = resetOf(rebooted);
				if (!check.accepted(again.pending())) {
					const untouched = step === 0 && !applied;
					check.ok(untouched || (step === steps - 1 && applied), `step ${step}`);
					check.deepEqual(rebooted.paths(), untouched ? livedIn().paths() : survivors());
					continue;
				}
				check.accepted(again.finish(noLastStep));
				check.deepEqual(rebooted.paths(), survivors(), `step ${step}`);
			}
		}
		note(`${2 * steps} cuts`);
	});

	t.test("a reset interrupted twice still finishes", () => {
		const storage = livedIn();
		check.accepted(resetOf(storage).begin());
		storage.cutAfter(3, true);
		check.throws(() => resetOf(storage).finish(noLastStep), "PowerCut");
		const second = storage.reboot();
		second.cutAfter(2, false);
		check.throws(() => resetOf(second).finish(noLastStep), "PowerCut");
		const third = second.reboot();
		check.accepted(resetOf(third).finish(noLastStep));
		check.deepEqual(third.paths(), survivors());
	});

	t.test("flash that refuses to erase leaves the reset pending, to be repeated", () => {
		const storage = livedIn();
		const reset = resetOf(storage);
		check.accepted(reset.begin());
		storage.failDeletes();
		check.refused(reset.finish(noLastStep), "io");
		check.equal(check.accepted(reset.pending()), true);
		storage.heal();
		check.accepted(reset.finish(noLastStep));
		check.deepEqual(storage.paths(), survivors());
	});

	t.test("a Wi-Fi that its host cannot forget leaves the reset pending, to be repeated (T20)", () => {
		const storage = livedIn();
		let fails = true;
		const reset = new FactoryReset(new Store(storage), () => {
			if (fails) throw new DeviceError("record/io", "a test");
			storage.delete("network", "wifi");
		});
		check.accepted(reset.begin());
		check.refused(reset.finish(noLastStep), "io");
		check.equal(check.accepted(reset.pending()), true);
		fails = false;
		check.accepted(reset.finish(noLastStep));
		check.deepEqual(storage.paths(), survivors());
	});

	t.test("a reset that cannot be written down does not begin", () => {
		const storage = livedIn();
		storage.failWrites("record/io");
		check.refused(resetOf(storage).begin(), "io");
		check.deepEqual(storage.paths(), livedIn().paths());
	});

	t.test("on a full disk the log makes room, and nothing else does", () => {
		const storage = new FullUntilFreed(livedIn());
		const reset = resetOf(storage);
		check.accepted(reset.begin());
		check.ok(!storage.inner.paths().some((path) => path.startsWith("log/")));
		check.equal(storage.inner.paths().filter((path) => path.startsWith("access/")).length, 5);
		check.equal(check.accepted(reset.pending()), true);
	});

	t.test(
		"a pending reset whose record cannot be read is pending; where nobody can tell, nothing is erased",
		() => {
			const storage = livedIn();
			const reset = resetOf(storage);
			check.accepted(reset.begin());
			storage.corrupt("store", "reset-pending");
			check.equal(check.accepted(reset.pending()), true);
			storage.makeUnlistable("store");
			check.refused(reset.pending(), "io");
			check.refused(
				reset.finish(() => check.fail("the last step of a reset that nobody knows of")),
				"io",
			);
			check.equal(storage.paths().length, livedIn().paths().length + 1);
		},
	);

	t.test("without a pending reset there is nothing to finish", () => {
		const storage = livedIn();
		const reset = resetOf(storage);
		check.accepted(reset.finish(() => check.fail("the last step of no reset")));
		check.deepEqual(storage.paths(), livedIn().paths());
	});

	t.test("the log family holds as many entries as the protocol keeps", () => {
		check.equal(RECORDS.logEntry.count, LIMITS.logEntries);
	});
}

/** Refuses writes as full until a log entry was erased. */
class FullUntilFreed extends SimStorage {
	readonly inner: SimStorage;

	constructor(inner: SimStorage) {
		super();
		this.inner = inner;
		inner.failWrites("record/full");
	}

	override read(domain: string, name: string): Uint8Array | undefined {
		return this.inner.read(domain, name);
	}

	override write(domain: string, name: string, value: Uint8Array): void {
		this.inner.write(domain, name, value);
	}

	override delete(domain: string, name: string): void {
		this.inner.delete(domain, name);
		if (domain === "log") this.inner.heal();
	}

	override names(domain: string): readonly string[] {
		return this.inner.names(domain);
	}
}
