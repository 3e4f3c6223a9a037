/**
 * For how many hours of uptime a confirmed release has run while the other slot still held an image that must not run again
 * (docs/UPDATE.md 7): kept across reboots, so that a board that is switched off every day comes to an end of it too.
 */
import { LIMITS } from "../base/limits.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import type { CborMap } from "../wire/cbor-map.ts";

export interface Settled {
	readonly sequence: number;
	/** 0 .. LIMITS.oldSlotHours */
	readonly hours: number;
}

export const CODEC = recordCodec<Settled>({
	row: RECORDS.updateSettled,
	format: 1,
	encode: ({ sequence, hours }) => ({ 1: sequence, 2: hours }),
	decode: decodeSettled,
});

function decodeSettled(fields: CborMap): Settled | undefined {
	if (!fields.hasOnly([0, 1, 2])) return undefined;
	const sequence = fields.uint(1, LIMITS.sequenceMax);
	const hours = fields.uint(2, LIMITS.oldSlotHours);
	return sequence === undefined || hours === undefined ? undefined : { sequence, hours };
}

export class SettledStore {
	readonly #store: Store;
	#settled: Settled | undefined;
	/** Why the record could not be used, for the caller to log once. */
	readonly fault: Exclude<ReadReason, "absent"> | undefined;

	/** What cannot be read counts from the start; where it may be read another time it is left as it is. */
	constructor(store: Store) {
		this.#store = store;
		const read = store.read(CODEC);
		this.#settled = read.ok ? read.value : undefined;
		if (!read.ok && read.reason !== "absent") this.fault = read.reason;
	}

	/** Of this release; those of another one are none. */
	hours(sequence: number): number {
		return this.#settled?.sequence === sequence ? this.#settled.hours : 0;
	}

	/** One more. What flash refuses counts as long as this boot. */
	count(sequence: number): void {
		this.#settled = { sequence, hours: Math.min(this.hours(sequence) + 1, LIMITS.oldSlotHours) };
		if (this.fault === undefined || this.fault === "corrupt") this.#store.write(CODEC, this.#settled);
	}
}
