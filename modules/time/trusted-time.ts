/**
 * Time is two values (DESIGN 7, T13). The floor is persisted and only rises (I3): from the image's build time and
 * from the signing time of what a threshold signed. The estimate lives in RAM, is at least the floor and may be
 * corrected both ways. There is no guess: without an estimate `nowUnixMs` is undefined.
 *
 * Who may correct the estimate is its caller's business (an owner's session, a time role); this file verifies nothing.
 */
import { accept, type Result, refuse } from "../base/result.ts";
import type { Clock } from "../platform/clock.ts";
import type { TlsTime } from "../platform/tls.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import type { TimeSource } from "../wire/report.ts";
import { UNIX_MS_MAX } from "../wire/time-statement.ts";

export const CODEC = recordCodec<number>({
	row: RECORDS.timeFloor,
	format: 1,
	encode: (unixMs) => ({ 1: unixMs }),
	decode: (fields) => (fields.hasOnly([0, 1]) ? fields.uint(1, UNIX_MS_MAX) : undefined),
});

export type EstimateSource = Exclude<TimeSource, "none">;

export class TrustedTime {
	readonly #store: Store;
	readonly #clock: Clock;
	/** Why the stored floor could not be used, for the caller to log once; the build time is the floor then. */
	readonly fault: Exclude<ReadReason, "absent"> | undefined;
	#floorMs: number;
	readonly #writable: boolean;
	/** What flash has. */
	#keptMs: number;
	#estimate: { readonly unixMs: number; readonly atMs: number; readonly source: EstimateSource } | undefined;

	/**
	 * Reads the floor; the first boot of an image whose build time is later raises it (one write an update). `isProven`: false for
	 * an image on trial, and in recovery: its build time counts while it runs, and is kept with `keepFloor` or not at all.
	 */
	constructor(store: Store, clock: Clock, buildUnixMs: number, isProven = true) {
		this.#store = store;
		this.#clock = clock;
		const stored = store.read(CODEC);
		if (!stored.ok && stored.reason !== "absent") this.fault = stored.reason;
		this.#floorMs = stored.ok ? stored.value : 0;
		// A floor that may be higher than ours, but cannot be read now, is left as it is.
		this.#writable = stored.ok || stored.reason === "absent" || stored.reason === "corrupt";
		this.#keptMs = this.#floorMs;
		// A full disk does not lower the floor: this image bears its build time at every boot.
		if (!isProven || !this.raiseFloor(buildUnixMs).ok) this.#floorMs = Math.max(this.#floorMs, buildUnixMs);
	}

	/** The image is confirmed: what counted in RAM is written down. Refused: it counts as long as the image runs. */
	keepFloor(): Result<void, "storage"> {
		return this.#floorMs > this.#keptMs ? this.#keep(this.#floorMs) : accept(undefined);
	}

	get floorUnixMs(): number {
		return this.#floorMs;
	}

	/** From a verified signing time. One that is not later changes nothing. Refused: the floor stands. */
	raiseFloor(unixMs: number): Result<void, "range" | "storage"> {
		if (!isUnixMs(unixMs)) return refuse("range");
		if (unixMs <= this.#floorMs) return accept(undefined);
		const kept = this.#keep(unixMs);
		if (kept.ok) this.#floorMs = unixMs;
		return kept;
	}

	/** Whose word the estimate is. */
	get source(): TimeSource {
		return this.#estimate?.source ?? "none";
	}

	/** Corrects the estimate, either way. Refused below the floor: the estimate stands. */
	setEstimate(unixMs: number, source: EstimateSource): Result<void, "range" | "below-floor"> {
		if (!isUnixMs(unixMs)) return refuse("range");
		if (unixMs < this.#floorMs) return refuse("below-floor");
		this.#estimate = { unixMs, atMs: this.#clock.monotonicMs(), source };
		return accept(undefined);
	}

	/** The lock does not know the time any more (time-doubt.ts). */
	dropEstimate(): void {
		this.#estimate = undefined;
	}

	/** Undefined when the lock does not know: timed access is refused then. */
	nowUnixMs(): number | undefined {
		if (this.#estimate === undefined) return undefined;
		const elapsedMs = Math.floor(this.#clock.monotonicMs() - this.#estimate.atMs);
		return Math.max(Math.min(this.#estimate.unixMs + elapsedMs, UNIX_MS_MAX), this.#floorMs);
	}

	/** For certificates: the estimate, else the floor (of which only notAfter can be judged). */
	tlsTime(): TlsTime {
		const unixMs = this.nowUnixMs();
		return unixMs === undefined ? { unixMs: this.#floorMs, kind: "floor" } : { unixMs, kind: "estimate" };
	}

	#keep(unixMs: number): Result<void, "storage"> {
		if (!this.#writable || !this.#store.write(CODEC, unixMs).ok) return refuse("storage");
		this.#keptMs = unixMs;
		return accept(undefined);
	}
}

function isUnixMs(unixMs: number): boolean {
	return Number.isSafeInteger(unixMs) && unixMs >= 0 && unixMs <= UNIX_MS_MAX;
}
