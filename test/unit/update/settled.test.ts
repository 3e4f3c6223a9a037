/** The hours of a release beside a flawed image are kept, and a record that may be read another time is left alone (docs/STORAGE.md 1). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { Store } from "../../../modules/store/store.ts";
import { SettledStore } from "../../../modules/update/settled.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";

export default function suite(t: Suite): void {
	t.test("hours are kept across boots, of one release, and end at the bound", () => {
		let storage = new SimStorage();
		for (let hour = 1; hour <= LIMITS.oldSlotHours + 2; hour++) {
			const settled = new SettledStore(new Store(storage));
			settled.count(2);
			check.equal(settled.fault, undefined);
			storage = storage.reboot();
			check.equal(new SettledStore(new Store(storage)).hours(2), Math.min(hour, LIMITS.oldSlotHours));
		}
		check.equal(new SettledStore(new Store(storage)).hours(3), 0);
	});

	t.test(
		"what a newer image wrote, or cannot be read now, is not written over, and counts in this boot (T12)",
		() => {
			for (const [record, fault, isKept] of [
				[Uint8Array.of(0xa1, 0x00, 0x18, 0x63), "newer-format", true],
				[Uint8Array.of(0xff), "corrupt", false],
			] as const) {
				const storage = new SimStorage();
				storage.write("update", "settled", record);
				const settled = new SettledStore(new Store(storage));
				check.equal(settled.fault, fault);
				settled.count(2);
				check.equal(settled.hours(2), 1);
				check.equal(storage.peek("update", "settled")?.length === record.length, isKept);
			}
		},
	);
}
