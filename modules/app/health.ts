/**
 * The lock's own medical record (PROTOCOL 12): why it started, where it last broke, how little heap there was, how often
 * the link failed and why. It outlives reboots and resets, in one record that is written at boot, at most once each
 * LIMITS.healthWriteMs after that, and before a reboot that the firmware asks for (docs/STORAGE.md 5).
 *
 * Measuring the heap costs a collection, so that is done once each LIMITS.healthMeasureMs, however many ask (T16).
 *
 * It holds numbers, words of closed lists and names of functions; no text from outside, no value (I1). A record that
 * cannot be read or is newer is left alone, and figures then last as long as this boot.
 */
import { printable } from "../base/characters.ts";
import { LIMITS } from "../base/limits.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { ResetReason, System } from "../platform/system.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import {
	HEALTH_COUNT_MAX,
	type HealthFigures,
	healthFields,
	LINK_FAILURE_MAX,
	readHealthFields,
	type TimeSource,
} from "../wire/report.ts";

export const CODEC = recordCodec<HealthFigures>({
	row: RECORDS.health,
	format: 1,
	encode: (figures) => healthFields(figures, 1),
	decode: (fields) => (fields.hasOnly([0, 1, 2, 3, 4, 5, 6]) ? readHealthFields(fields, 1) : undefined),
});

function nothing(): HealthFigures {
	return { boots: 0, resets: [], linkFailures: new Map(), lastTimeSource: "none" };
}

/** After these the former stack is not the last fault's any more. */
const FAULTS: readonly ResetReason[] = Object.freeze([
	"memory",
	"stack",
	"exception",
	"rejection",
	"watchdog",
	"unknown",
]);

export class Health {
	readonly #store: Store;
	readonly #clock: Clock;
	readonly #system: System;
	/** Why the record could not be used, for the caller to log once. */
	readonly fault: Exclude<ReadReason, "absent"> | undefined;
	readonly #writable: boolean;
	#figures: HealthFigures;
	#changed = false;
	#writtenAtMs = 0;
	#measuredAtMs = Number.NEGATIVE_INFINITY;
	#timer: Timer | undefined;

	constructor(store: Store, clock: Clock, system: System) {
		this.#store = store;
		this.#clock = clock;
		this.#system = system;
		const stored = store.read(CODEC);
		if (!stored.ok && stored.reason !== "absent") this.fault = stored.reason;
		this.#writable = stored.ok || stored.reason === "absent" || stored.reason === "corrupt";
		this.#figures = stored.ok ? stored.value : nothing();
	}

	/** This one among them, once it is entered. */
	get boots(): number {
		return this.#figures.boots;
	}

	/** Enters this boot. Once. */
	begin(): void {
		const { boots, resets, stack, leastFreeBytes, ...rest } = this.#figures;
		const reason = this.#system.resetReason();
		const boot = Math.min(boots + 1, HEALTH_COUNT_MAX);
		const fault = this.#system.lastFault();
		const lastStack = fault === undefined && !FAULTS.includes(reason) ? stack : fault;
		const former = reason === "power-on" ? undefined : leastFreeBytes;
		const least = Math.min(former ?? Number.POSITIVE_INFINITY, this.#system.heap().leastFreeBytes);
		this.#measuredAtMs = this.#clock.monotonicMs();
		this.#figures = {
			...rest,
			boots: boot,
			resets: [...resets, { boot, reason }].slice(-LIMITS.healthResets),
			...(lastStack === undefined ? {} : { stack: plain(lastStack) }),
			leastFreeBytes: least,
		};
		this.#changed = true;
		// The host keeps a fault until it is on record here.
		if (this.#write() && fault !== undefined) this.#system.forgetFault();
	}

	/** reason: its number (docs/WEBSOCKET.md). */
	recordLinkFailure(reason: number): void {
		if (!Number.isInteger(reason) || reason < 0 || reason > LINK_FAILURE_MAX) return;
		const linkFailures = new Map(this.#figures.linkFailures);
		if (!linkFailures.has(reason) && linkFailures.size >= LIMITS.healthFailureReasons) return;
		linkFailures.set(reason, Math.min((linkFailures.get(reason) ?? 0) + 1, HEALTH_COUNT_MAX));
		this.#change({ ...this.#figures, linkFailures });
	}

	recordTimeSource(source: TimeSource): void {
		if (source === "none" || source === this.#figures.lastTimeSource) return;
		this.#change({ ...this.#figures, lastTimeSource: source });
	}

	/** Looks at the heap, unless that was done a moment ago: it costs a collection. */
	measure(): void {
		const nowMs = this.#clock.monotonicMs();
		if (nowMs - this.#measuredAtMs < LIMITS.healthMeasureMs) return;
		this.#measuredAtMs = nowMs;
		const { leastFreeBytes } = this.#system.heap();
		const former = this.#figures.leastFreeBytes ?? Number.POSITIVE_INFINITY;
		if (leastFreeBytes < former) this.#change({ ...this.#figures, leastFreeBytes });
	}

	/** As they are now; the heap's as it was last measured. */
	figures(): HealthFigures {
		this.measure();
		return this.#figures;
	}

	/** Before a reboot: what is not on record yet is written now. */
	flush(): void {
		if (this.#changed) this.#write();
	}

	#change(figures: HealthFigures): void {
		this.#figures = figures;
		this.#changed = true;
		if (this.#timer !== undefined || !this.#writable) return;
		const dueMs = this.#writtenAtMs + LIMITS.healthWriteMs;
		this.#timer = this.#clock.after(Math.max(0, dueMs - this.#clock.monotonicMs()), () => {
			this.#timer = undefined;
			this.flush();
		});
	}

	#write(): boolean {
		if (!this.#writable) return false;
		this.#writtenAtMs = this.#clock.monotonicMs();
		const written = this.#store.write(CODEC, this.#figures);
		if (written.ok) this.#changed = false;
		else this.#system.log(`health: not written, ${written.reason}`);
		return written.ok;
	}
}

/** A host promises as much (platform/system); the record's bound does not depend on it. */
function plain(stack: string): string {
	return printable(stack.slice(0, LIMITS.healthStackBytes));
}
