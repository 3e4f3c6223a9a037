/**
 * Which release is on trial (docs/UPDATE.md 7): written before the slot is chosen, read by the image on trial, which says in it why it
 * reverts, and by the old image, which finds it after a revert. It carries the number of its attempt, so that a revert is
 * counted once however often the counting is cut (UpdateHistory.reverted).
 *
 * Two images read it, one of them the older: its format stays 1, and keys that are not known are not looked at.
 */
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import { DIGEST_BYTES } from "../wire/update-offer.ts";
import { UPDATE_RESULTS, type UpdateResult } from "../wire/update-report.ts";

/** How a trial ends that is no success. */
export type TrialReason = Extract<UpdateResult, `trial-${string}`>;

export interface Trial {
	readonly sequence: number;
	readonly securityVersion: number;
	/** 1 .. LIMITS.revertsMax */
	readonly attempt: number;
	/** The old image could reach somebody: link or session in the hour before. */
	readonly reachable: boolean;
	/** SHA-256 of the image. */
	readonly imageDigest: Uint8Array;
	/** Why the image on trial reverts; undefined while it has not said so: it crashed, then. */
	readonly reason: TrialReason | undefined;
}

export const CODEC = recordCodec<Trial>({
	row: RECORDS.updateTrial,
	format: 1,
	encode: (trial) => ({
		1: trial.sequence,
		2: trial.securityVersion,
		3: trial.attempt,
		4: trial.reachable,
		5: trial.imageDigest,
		6: trial.reason && UPDATE_RESULTS.indexOf(trial.reason),
	}),
	decode: decodeTrial,
});

function decodeTrial(fields: CborMap): Trial | undefined {
	const sequence = fields.uint(1, LIMITS.sequenceMax);
	const securityVersion = fields.uint(2, LIMITS.securityVersionMax);
	const attempt = fields.uint(3, LIMITS.revertsMax);
	const reachable = fields.bool(4);
	const imageDigest = fields.bytes(5, DIGEST_BYTES);
	if (sequence === undefined || securityVersion === undefined || reachable === undefined) return undefined;
	if (attempt === undefined || attempt === 0 || imageDigest === undefined) return undefined;
	const reason = asTrialReason(UPDATE_RESULTS[fields.uint(6) ?? -1]);
	return { sequence, securityVersion, attempt, reachable, imageDigest, reason };
}

/** A reason of a later image reads as none. */
function asTrialReason(result: UpdateResult | undefined): TrialReason | undefined {
	return result?.startsWith("trial-") === true ? (result as TrialReason) : undefined;
}

export class TrialStore {
	readonly #store: Store;
	/** Why the record could not be used, for the caller to log once. */
	readonly fault: Exclude<ReadReason, "absent"> | undefined;
	#trial: Trial | undefined;
	#stored: boolean;

	constructor(store: Store) {
		this.#store = store;
		const read = store.read(CODEC);
		if (!read.ok && read.reason !== "absent") this.fault = read.reason;
		this.#trial = read.ok ? read.value : undefined;
		this.#stored = read.ok || read.reason !== "absent";
	}

	get current(): Trial | undefined {
		return this.#trial;
	}

	/** Before the slot is chosen. Refused: nothing may be chosen. */
	begin(trial: Omit<Trial, "reason">): Result<void, "storage"> {
		return this.#write({ ...trial, imageDigest: trial.imageDigest.slice(), reason: undefined });
	}

	/** By the image on trial, before it reverts. Refused: it reads as a crash. */
	noteReason(reason: TrialReason): Result<void, "storage"> {
		return this.#trial === undefined ? accept(undefined) : this.#write({ ...this.#trial, reason });
	}

	/** The trial is over, and the history knows how. Refused: it is found again at the next boot. */
	finish(): Result<void, "storage"> {
		this.#trial = undefined;
		if (!this.#stored) return accept(undefined);
		if (!this.#store.erase(RECORDS.updateTrial).ok) return refuse("storage");
		this.#stored = false;
		return accept(undefined);
	}

	#write(trial: Trial): Result<void, "storage"> {
		if (!this.#store.write(CODEC, trial).ok) return refuse("storage");
		this.#trial = trial;
		this.#stored = true;
		return accept(undefined);
	}
}
