/**
 * What a lock remembers of its updates (docs/UPDATE.md 6, 7): how the last one ended, how often a sequence was reverted and whether it
 * is parked, and how much of flash's allowance is left. One record, one write for each change (I5).
 *
 * A record that is lost begins anew with no allowance at all: it fills with uptime. One that cannot be read now, or that
 * a newer image wrote, is left alone; nothing begins before it can be read.
 */
import { assert } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import { asArray, asUint, type CborMap, type CborValue } from "../wire/cbor-map.ts";
import { UPDATE_RESULTS, type UpdateResult } from "../wire/update-report.ts";
import { Allowance, allowanceMax } from "./allowance.ts";
import type { OfferReason } from "./manifest-acceptance.ts";
import type { Trial, TrialReason } from "./trial-record.ts";

export interface Reverts {
	readonly sequence: number;
	/** 1 .. LIMITS.revertsMax */
	readonly count: number;
	/** Not tried again until a newer one comes, or an owner says so. */
	readonly parked: boolean;
}

export interface History {
	readonly result: UpdateResult;
	/** Of the manifest that `result` speaks of. */
	readonly resultSequence: number | undefined;
	/** Of the sequence that was reverted last. */
	readonly reverts: Reverts | undefined;
	/** Thousandths of what may begin, and of what may be written again. */
	readonly begins: number;
	readonly chunkRetries: number;
}

const BEGINS_MAX = allowanceMax(LIMITS.updateBeginsBurst);
const CHUNK_RETRIES_MAX = allowanceMax(LIMITS.chunkRetriesBurst);

export const CODEC = recordCodec<History>({
	row: RECORDS.updateHistory,
	format: 1,
	encode: ({ result, resultSequence, reverts, begins, chunkRetries }) => ({
		1: UPDATE_RESULTS.indexOf(result),
		2: resultSequence,
		3: reverts && [reverts.sequence, reverts.count, reverts.parked],
		4: begins,
		5: chunkRetries,
	}),
	decode: decodeHistory,
});

function decodeHistory(fields: CborMap): History | undefined {
	if (!fields.hasOnly([0, 1, 2, 3, 4, 5])) return undefined;
	const result = fields.uint(1);
	const resultSequence = fields.uint(2, LIMITS.sequenceMax);
	const reverts = decodeReverts(fields.get(3));
	const begins = fields.uint(4);
	const chunkRetries = fields.uint(5);
	if (result === undefined || begins === undefined || chunkRetries === undefined) return undefined;
	if (fields.has(2) && resultSequence === undefined) return undefined;
	if (fields.has(3) && reverts === undefined) return undefined;
	return {
		// A result of a later image reads as none.
		result: UPDATE_RESULTS[result] ?? "none",
		resultSequence,
		reverts,
		// A later image may have allowed more.
		begins: Math.min(begins, BEGINS_MAX),
		chunkRetries: Math.min(chunkRetries, CHUNK_RETRIES_MAX),
	};
}

function decodeReverts(value: CborValue | undefined): Reverts | undefined {
	const parts = asArray(value, 3);
	const sequence = asUint(parts?.[0], LIMITS.sequenceMax);
	const count = asUint(parts?.[1]);
	const parked = parts?.[2];
	if (sequence === undefined || count === undefined || typeof parked !== "boolean") return undefined;
	return { sequence, count: Math.min(count, LIMITS.revertsMax), parked };
}

type Facts = Pick<History, "result" | "resultSequence" | "reverts">;

export class UpdateHistory {
	readonly #store: Store;
	/** Why the record could not be used, for the caller to log once. */
	readonly fault: Exclude<ReadReason, "absent"> | undefined;
	readonly #writable: boolean;
	readonly #begins: Allowance;
	readonly #chunkRetries: Allowance;
	/** As they were written down. */
	#keptBegins: number;
	#keptRetries: number;
	#facts: Facts;
	/** Of the last offer, in RAM: what strangers offer writes no flash (I7, T16). */
	#refusal: Pick<History, "result" | "resultSequence"> | undefined;

	/** `nowMs`: of the monotonic clock, as everywhere here. `begins`: tokens that it has at least, whatever was written down. */
	constructor(store: Store, nowMs: number, { begins: least }: { readonly begins: number } = { begins: 0 }) {
		this.#store = store;
		const read = store.read(CODEC);
		if (!read.ok && read.reason !== "absent") this.fault = read.reason;
		this.#writable = this.fault === undefined || this.fault === "corrupt";
		this.#facts = read.ok ? read.value : { result: "none", resultSequence: undefined, reverts: undefined };
		const isNew = this.fault === undefined;
		const kept = read.ok ? read.value.begins : isNew ? BEGINS_MAX : 0;
		const begins = Math.max(kept, allowanceMax(least));
		const chunkRetries = read.ok ? read.value.chunkRetries : isNew ? CHUNK_RETRIES_MAX : 0;
		this.#keptBegins = kept;
		this.#keptRetries = chunkRetries;
		this.#begins = new Allowance(LIMITS.updateBeginsBurst, LIMITS.updateBeginsPerDay, begins, nowMs);
		this.#chunkRetries = new Allowance(
			LIMITS.chunkRetriesBurst,
			LIMITS.chunkRetriesPerDay,
			chunkRetries,
			nowMs,
		);
	}

	get result(): UpdateResult {
		return (this.#refusal ?? this.#facts).result;
	}

	get resultSequence(): number | undefined {
		return (this.#refusal ?? this.#facts).resultSequence;
	}

	/** Of the sequence that was reverted last. */
	get reverts(): Reverts | undefined {
		return this.#facts.reverts;
	}

	get parkedSequence(): number | undefined {
		return this.#facts.reverts?.parked ? this.#facts.reverts.sequence : undefined;
	}

	/** The number of the next attempt at a sequence, for its trial's record. */
	nextAttempt(sequence: number): number {
		const count = this.#facts.reverts?.sequence === sequence ? this.#facts.reverts.count : 0;
		return Math.min(count + 1, LIMITS.revertsMax);
	}

	/** Why the last offer was refused, until something else happens or the power goes. */
	refused(result: OfferReason, sequence: number | undefined): void {
		this.#refusal = { result, resultSequence: sequence };
	}

	/** How an update ended. The same again writes nothing. Refused: it lasts as long as the boot. */
	ended(result: UpdateResult, sequence: number | undefined, nowMs: number): Result<void, "storage"> {
		this.#refusal = undefined;
		if (this.#facts.result === result && this.#facts.resultSequence === sequence) return accept(undefined);
		const isInstalled = result === "installed" && sequence === this.#facts.reverts?.sequence;
		const facts = {
			result,
			resultSequence: sequence,
			reverts: isInstalled ? undefined : this.#facts.reverts,
		};
		this.#facts = facts;
		return this.#write(facts, nowMs);
	}

	/**
	 * A trial was reverted. It says which attempt it was, and that is the count: told twice, it counts once. Refused: nothing is
	 * counted, and the trial's record must stay.
	 */
	reverted(
		trial: Pick<Trial, "sequence" | "attempt">,
		reason: TrialReason,
		nowMs: number,
	): Result<Reverts, "storage"> {
		const before = this.#facts.reverts?.sequence === trial.sequence ? this.#facts.reverts : undefined;
		const count = Math.max(trial.attempt, before?.count ?? 0);
		// Who withholds the network must not be able to park a release for others (T20).
		const parked = count >= LIMITS.revertsMax && reason !== "trial-unreachable";
		const reverts = { sequence: trial.sequence, count, parked };
		const facts = { result: reason, resultSequence: trial.sequence, reverts };
		if (!this.#write(facts, nowMs).ok) return refuse("storage");
		this.#facts = facts;
		this.#refusal = undefined;
		return accept(reverts);
	}

	/** An update begins: before anything is erased for it. The count of a sequence goes with the next one. */
	begun(sequence: number, nowMs: number): Result<void, "too-often" | "storage"> {
		const { reverts } = this.#facts;
		const isNewer = reverts !== undefined && sequence > reverts.sequence;
		const taken = this.#take(this.#begins, { ...this.#facts, reverts: isNewer ? undefined : reverts }, nowMs);
		if (taken.ok) this.#refusal = undefined;
		return taken;
	}

	/** An owner's word: what was parked may be tried again, from the first attempt. Refused: it stays parked. */
	retried(nowMs: number): Result<void, "storage"> {
		if (this.parkedSequence === undefined) return accept(undefined);
		const facts = { ...this.#facts, reverts: undefined };
		if (!this.#write(facts, nowMs).ok) return refuse("storage");
		this.#facts = facts;
		return accept(undefined);
	}

	/** A chunk is about to be written once more. */
	takeChunkRetry(nowMs: number): Result<void, "too-often" | "storage"> {
		return this.#take(this.#chunkRetries, this.#facts, nowMs);
	}

	/** Whether a chunk may be written once more. */
	hasChunkRetry(nowMs: number): boolean {
		return this.#writable && this.#chunkRetries.has(nowMs);
	}

	/** Whether an update may begin now. */
	hasBegin(nowMs: number): boolean {
		return this.#begins.has(nowMs);
	}

	/** Writes down what filled up since, so that a cut takes no more than that: for an hourly timer. A full one writes nothing. */
	keepAllowance(nowMs: number): Result<void, "storage"> {
		const begins = this.#begins.thousandths(nowMs);
		const chunkRetries = this.#chunkRetries.thousandths(nowMs);
		if (begins === this.#keptBegins && chunkRetries === this.#keptRetries) return accept(undefined);
		return this.#write(this.#facts, nowMs);
	}

	/** Taken and written down before anything is erased: a cut spends it. */
	#take(allowance: Allowance, facts: Facts, nowMs: number): Result<void, "too-often" | "storage"> {
		if (!this.#writable) return refuse("storage");
		if (!allowance.take(nowMs)) return refuse("too-often");
		if (!this.#write(facts, nowMs).ok) {
			allowance.giveBack();
			return refuse("storage");
		}
		this.#facts = facts;
		return accept(undefined);
	}

	#write(facts: Facts, nowMs: number): Result<void, "storage"> {
		assert(facts.reverts === undefined || facts.reverts.count >= 1, "a revert that was none");
		if (!this.#writable) return refuse("storage");
		const begins = this.#begins.thousandths(nowMs);
		const chunkRetries = this.#chunkRetries.thousandths(nowMs);
		if (!this.#store.write(CODEC, { ...facts, begins, chunkRetries }).ok) return refuse("storage");
		this.#keptBegins = begins;
		this.#keptRetries = chunkRetries;
		return accept(undefined);
	}
}
