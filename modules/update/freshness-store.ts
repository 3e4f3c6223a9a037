/**
 * The freshness statement that this lock goes by (docs/UPDATE.md 4): of those it was given the one issued last, kept as it was
 * signed, and verified again by the newest keys at boot and whenever trust changes.
 *
 * RAM decides, flash is for the next boot: a statement counts whether flash takes it or not, and is written seldom (docs/STORAGE.md 5).
 * What a cut loses is the memory of the last statements; an older one can then come again, as if the newer ones had been held back.
 */
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { TlsTime } from "../platform/tls.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import { FRESHNESS_BYTES_MAX, type FreshnessClaim } from "../wire/freshness.ts";
import {
	type FreshnessReason,
	isFromTheFuture,
	isHolding,
	isOver,
	type LockNames,
	verifyFreshness,
} from "./freshness.ts";

const DAY_MINUTES = 1440;

export type StatementReason =
	| FreshnessReason
	| "over"
	| "future" // issued after the estimate of time, and no clock is so wrong
	| "earlier"; // than the one that is held, or another one of the same second

export interface StatementChange {
	readonly claim: FreshnessClaim;
	/** False: this statement was there already. */
	readonly changed: boolean;
}

interface Held {
	readonly statement: Uint8Array;
	/** undefined: no key of the newest trust stands for it. */
	readonly claim: FreshnessClaim | undefined;
}

export const CODEC = recordCodec<Uint8Array>({
	row: RECORDS.updateFreshness,
	format: 1,
	encode: (statement) => ({ 1: statement }),
	decode: (fields) =>
		fields.hasOnly([0, 1]) ? fields.bytes(1, { min: 1, max: FRESHNESS_BYTES_MAX }) : undefined,
});

export class FreshnessStore {
	readonly #store: Store;
	readonly #crypto: Crypto;
	/** Why the record could not be used, for the caller to log once. */
	readonly fault: Exclude<ReadReason, "absent"> | undefined;
	readonly #writable: boolean;
	readonly #writes: TokenBucket;
	#names: LockNames;
	#keys: readonly Uint8Array[];
	#held: Held | undefined;
	/** What flash has. */
	#kept: Held | undefined;

	/** `nowMs`: of the monotonic clock, as everywhere here. */
	constructor(
		store: Store,
		crypto: Crypto,
		names: LockNames,
		freshnessKeys: readonly Uint8Array[],
		nowMs: number,
	) {
		this.#store = store;
		this.#crypto = crypto;
		this.#names = names;
		this.#keys = freshnessKeys;
		this.#writes = new TokenBucket(
			LIMITS.freshnessWritesBurst,
			LIMITS.freshnessWritesPerDay / DAY_MINUTES,
			nowMs,
		);
		const read = store.read(CODEC);
		if (!read.ok && read.reason !== "absent") this.fault = read.reason;
		// What cannot be read now may be of a newer image, which will want it again.
		this.#writable = read.ok || read.reason === "absent" || read.reason === "corrupt";
		this.#kept = read.ok ? this.#judge(read.value) : undefined;
		this.#held = this.#kept;
	}

	/** Whenever trust changed, or the factory line named the board: a key that was removed takes its statement with it. */
	revise(names: LockNames, freshnessKeys: readonly Uint8Array[]): void {
		this.#names = names;
		this.#keys = freshnessKeys;
		const [held, kept] = [this.#held, this.#kept];
		this.#held = held && this.#judge(held.statement);
		this.#kept = held === kept ? this.#held : kept && this.#judge(kept.statement);
	}

	/** The claim that holds now, for judgeManifest. */
	holding(time: TlsTime): FreshnessClaim | undefined {
		const claim = this.#held?.claim;
		return claim !== undefined && isHolding(claim, time) ? claim : undefined;
	}

	/** There is no statement that holds. It is reported, and ends new manifests; nothing else follows from it. */
	isStale(time: TlsTime): boolean {
		return this.holding(time) === undefined;
	}

	/** Of the statement that is held, whether it is over or not; undefined when there is none. */
	get freshUntilUnixSeconds(): number | undefined {
		return this.#held?.claim?.expiresUnixSeconds;
	}

	/** The signed statement that is held, for the plan that begins by it. */
	get statement(): Uint8Array | undefined {
		return this.#held?.claim && this.#held.statement;
	}

	/** The same one again changes nothing and costs no signature (T16). Refused: the one that is held stands. */
	take(statement: Uint8Array, time: TlsTime, nowMs: number): Result<StatementChange, StatementReason> {
		const present = this.#held?.claim;
		if (present !== undefined && this.#held !== undefined && bytesEqual(this.#held.statement, statement)) {
			if (isOver(present, time)) return refuse("over");
			if (isFromTheFuture(present, time)) return refuse("future");
			this.#keep(this.#held, present, nowMs);
			return accept({ claim: present, changed: false });
		}
		const verified = verifyFreshness(this.#crypto, this.#names, this.#keys, statement);
		if (!verified.ok) return verified;
		const claim = verified.value;
		if (isOver(claim, time)) return refuse("over");
		if (isFromTheFuture(claim, time)) return refuse("future");
		// One from the future that came while the time was not known gives way to any that holds.
		if (present !== undefined && !isFromTheFuture(present, time)) {
			if (claim.issuedUnixSeconds < present.issuedUnixSeconds) return refuse("earlier");
			if (claim.issuedUnixSeconds === present.issuedUnixSeconds) {
				// A second signature over the same words.
				return isSame(claim, present) ? accept({ claim: present, changed: false }) : refuse("earlier");
			}
		}
		const held = { statement: statement.slice(), claim };
		this.#held = held;
		this.#keep(held, claim, nowMs);
		return accept({ claim, changed: true });
	}

	/** Flash that refuses is asked again with the next statement, or with this one when it comes again. */
	#keep(held: Held, claim: FreshnessClaim, nowMs: number): void {
		if (!this.#writable || !isDue(claim, this.#kept?.claim) || !this.#writes.take(nowMs)) return;
		if (this.#store.write(CODEC, held.statement).ok) this.#kept = held;
	}

	#judge(statement: Uint8Array): Held {
		const verified = verifyFreshness(this.#crypto, this.#names, this.#keys, statement);
		return { statement, claim: verified.ok ? verified.value : undefined };
	}
}

/** A renewal of what flash has waits half a day: it says nothing new. */
function isDue(claim: FreshnessClaim, kept: FreshnessClaim | undefined): boolean {
	if (kept === undefined || !isSameManifest(claim, kept)) return true;
	const laterSeconds = claim.issuedUnixSeconds - kept.issuedUnixSeconds;
	return Math.abs(laterSeconds) >= LIMITS.freshnessWriteSeconds;
}

function isSameManifest(a: FreshnessClaim, b: FreshnessClaim): boolean {
	return a.sequence === b.sequence && bytesEqual(a.manifestDigest, b.manifestDigest);
}

function isSame(a: FreshnessClaim, b: FreshnessClaim): boolean {
	return isSameManifest(a, b) && a.expiresUnixSeconds === b.expiresUnixSeconds;
}
