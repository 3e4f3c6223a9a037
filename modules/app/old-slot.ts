/**
 * Ends the image of a lower security version that an update left in the other slot (docs/UPDATE.md 7; T10): it has a flaw that must never
 * run again, and stays what a rotten slot falls back to only until the new release has run for a day. Then it is retired, and the
 * fuse follows, as where a download takes its place before. It never touches the slot of an image that passes the floor, nor anything while an image is on trial.
 */
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import type { UpdateHost, UpdateRecords } from "./update-host.ts";

export class OldSlot {
	readonly #host: UpdateHost;
	readonly #records: UpdateRecords;
	readonly #raiseFuse: () => void;
	#isWatching = false;

	constructor(host: UpdateHost, records: UpdateRecords, raiseFuse: () => void) {
		this.#host = host;
		this.#records = records;
		this.#raiseFuse = raiseFuse;
	}

	/** Once the running image is confirmed, and in each boot of one: goes on by itself while there is such an image. */
	watch(): void {
		if (this.#isWatching || !this.#isFlawed()) return;
		const { clock, firmware } = this.#host;
		if (this.#records.settled.hours(firmware.sequence) >= LIMITS.oldSlotHours && this.#retire()) return;
		this.#isWatching = true;
		clock.after(LIMITS.oldSlotLookMs, () => {
			this.#isWatching = false;
			// A download ended it: nothing keeps the fuse down any more.
			if (!this.#isFlawed()) return this.#raiseFuse();
			if (this.#records.settled.hours(firmware.sequence) < LIMITS.oldSlotHours) {
				this.#records.settled.count(firmware.sequence);
			}
			this.watch();
		});
	}

	/** An image that may boot, below the floor of what was confirmed. */
	#isFlawed(): boolean {
		const { slots } = this.#host;
		const state = slots.state(slots.target);
		if (state === "invalid" || state === "aborted") return false;
		const floors = this.#records.floors.known;
		const image = attempt(() => slots.image(slots.target));
		if (floors === undefined || !image.ok || image.value === undefined) return false;
		return image.value.securityVersion < floors.securityVersion;
	}

	/** False: flash did not take it, or the bolt drives. */
	#retire(): boolean {
		const { slots, system, mayWork } = this.#host;
		if (!mayWork()) return false;
		const retired = attempt(() => slots.retire());
		if (!retired.ok) {
			system.log(`update: the old image is not retired, ${retired.reason}`);
			return false;
		}
		system.log("update: the old image is retired: its security version is below the floor");
		this.#raiseFuse();
		return true;
	}
}
