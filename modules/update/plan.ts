/**
 * The release that is being installed (docs/UPDATE.md 3, 6): its manifest and freshness statement as they were signed, so that both
 * are judged again at boot and whenever trust changes. One record, replaced whole (I5), erased when the plan ends.
 *
 * A plan protects nothing and can come again with the next offer: one that cannot be read is none, and is written over.
 */
import { copyBytes } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import { FRESHNESS_BYTES_MAX } from "../wire/freshness.ts";

export interface Plan {
	/** 1 .. LIMITS.manifestBytes bytes, signed. */
	readonly manifest: Uint8Array;
	/** 1 .. FRESHNESS_BYTES_MAX bytes, signed; undefined: taken by the recovery program, which asks for none. */
	readonly freshness: Uint8Array | undefined;
	/** Something of its delta failed: the full image is downloaded. */
	readonly deltaFailed: boolean;
}

export const CODEC = recordCodec<Plan>({
	row: RECORDS.updatePlan,
	format: 1,
	encode: ({ manifest, freshness, deltaFailed }) => ({ 1: manifest, 2: freshness, 3: deltaFailed }),
	decode: decodePlan,
});

function decodePlan(fields: CborMap): Plan | undefined {
	if (!fields.hasOnly([0, 1, 2, 3])) return undefined;
	const manifest = fields.bytes(1, { min: 1, max: LIMITS.manifestBytes });
	const freshness = fields.bytes(2, { min: 1, max: FRESHNESS_BYTES_MAX });
	const deltaFailed = fields.bool(3);
	if (manifest === undefined || deltaFailed === undefined) return undefined;
	return fields.has(2) && freshness === undefined ? undefined : { manifest, freshness, deltaFailed };
}

export class PlanStore {
	readonly #store: Store;
	/** Why the record could not be used, for the caller to log once. */
	readonly fault: Exclude<ReadReason, "absent"> | undefined;
	#plan: Plan | undefined;
	/** Whether there may be a record to erase. */
	#stored: boolean;

	constructor(store: Store) {
		this.#store = store;
		const read = store.read(CODEC);
		if (!read.ok && read.reason !== "absent") this.fault = read.reason;
		this.#plan = read.ok ? read.value : undefined;
		this.#stored = read.ok || read.reason !== "absent";
	}

	/** As it was read or begun; nobody has judged it since. */
	get current(): Plan | undefined {
		return this.#plan;
	}

	/** Replaces the plan that there is. Refused: that one stands. */
	begin(manifest: Uint8Array, freshness: Uint8Array | undefined): Result<void, "storage"> {
		return this.#write({
			manifest: copyBytes(manifest),
			freshness: freshness && copyBytes(freshness),
			deltaFailed: false,
		});
	}

	/** From now on, and after the next boot, the full image is downloaded. Refused: the next boot tries the delta again. */
	markDeltaFailed(): Result<void, "storage"> {
		if (this.#plan === undefined || this.#plan.deltaFailed) return accept(undefined);
		return this.#write({ ...this.#plan, deltaFailed: true });
	}

	/** The plan is over: installed, parked, or nobody stands for it any more. Refused: it is there again at the next boot. */
	drop(): Result<void, "storage"> {
		this.#plan = undefined;
		if (!this.#stored) return accept(undefined);
		if (!this.#store.erase(RECORDS.updatePlan).ok) return refuse("storage");
		this.#stored = false;
		return accept(undefined);
	}

	#write(plan: Plan): Result<void, "storage"> {
		if (!this.#store.write(CODEC, plan).ok) return refuse("storage");
		this.#plan = plan;
		this.#stored = true;
		return accept(undefined);
	}
}
