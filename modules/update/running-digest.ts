/**
 * The SHA-256 of the running image as it lies in flash, measured once a boot, a slice at a time (docs/UPDATE.md 9). It says which
 * deltas fit, and is what a lock attests.
 */
import { attempt } from "../base/device-error.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { Slots } from "../platform/slots.ts";
import { FlashDigest } from "./flash-digest.ts";

export class RunningDigest {
	#measuring: FlashDigest | undefined;
	#value: Uint8Array | undefined;
	/** Of the running image; 0 where no slot runs, or its header cannot be read. */
	readonly bytes: number;

	constructor(crypto: Pick<Crypto, "openHash">, slots: Slots) {
		const running = slots.slotBytes === 0 ? undefined : slots.running;
		const image = running === undefined ? undefined : attempt(() => slots.image(running));
		this.bytes = image?.ok === true ? (image.value?.bytes ?? 0) : 0;
		if (running === undefined || this.bytes === 0 || this.bytes > slots.slotBytes) return;
		this.#measuring = new FlashDigest(crypto, slots, running, 0, this.bytes);
	}

	/** Undefined while it is not measured, and where it cannot be. */
	get value(): Uint8Array | undefined {
		return this.#value;
	}

	/** `step` has something to do. */
	get isMeasuring(): boolean {
		return this.#measuring !== undefined;
	}

	/** One slice. Flash that cannot be read leaves it unmeasured. */
	step(): void {
		const measuring = this.#measuring;
		if (measuring === undefined) return;
		const slice = attempt(() => measuring.step());
		if (slice.ok && slice.value === undefined) return;
		if (slice.ok) this.#value = slice.value;
		measuring.close();
		this.#measuring = undefined;
	}
}
