/**
 * How long outputs were energised, by the clock that stamped their edges, against what the lock's BoltConfig says (modules/lock): one
 * row for each kind of pulse, with its tolerance. The tolerance is the instrument's own: each of the two edges may be a resolution off,
 * and its clock by its drift; and the lock counts whole milliseconds.
 */
import { DEFAULT_BOLT } from "../../modules/lock/bolt-config.ts";
import type { TraceClock } from "./driver.ts";

export type PulseRule = "exactly" | "at most" | "measured";

export interface PulseKind {
	/** "brake after a motion" */
	readonly name: string;
	readonly rule: PulseRule;
	/** Undefined: nothing says how long; it is told only. */
	readonly expectedMs?: number;
}

export interface PulseRow extends PulseKind {
	readonly count: number;
	readonly minUs: number;
	readonly medianUs: number;
	readonly maxUs: number;
	readonly toleranceUs: number;
	readonly ok: boolean;
}

/** From the position contact to the cut: an edge wakes the lock at once, and a turn of its event loop may be under way. */
export const CUT_AFTER_CONTACT_MS = 20;
/** The firmware's timers are of whole milliseconds, and one more may pass until it looks. */
const LOCK_TICK_US = 2_000;

export function toleranceUs(clock: TraceClock, expectedMs: number): number {
	const drift = Math.ceil((expectedMs * 1_000 * clock.driftPpm) / 1_000_000);
	return 2 * clock.resolutionUs + drift + LOCK_TICK_US;
}

/** The smallest pulse that is judged. */
const SMALLEST_MS = DEFAULT_BOLT.brakeMs;
/** Of the smallest pulse: what an instrument at a chip may be wrong by. */
const HARDWARE_FRACTION = 0.25;

/** Whether an instrument tells the smallest pulse from none at all: one that does not has no eyes. */
export function seesPulses(clock: TraceClock): boolean {
	return toleranceUs(clock, SMALLEST_MS) < SMALLEST_MS * 1_000;
}

/** Whether an instrument is exact enough for a chip, whose timers are exact. */
export function isFine(clock: TraceClock): boolean {
	return toleranceUs(clock, SMALLEST_MS) <= HARDWARE_FRACTION * SMALLEST_MS * 1_000;
}

/** Whether a pulse of this width is as it must be. */
export function isRight(kind: PulseKind, widthUs: number, clock: TraceClock): boolean {
	if (kind.rule === "measured" || kind.expectedMs === undefined) return true;
	const expectedUs = kind.expectedMs * 1_000;
	const tolerance = toleranceUs(clock, kind.expectedMs);
	if (widthUs > expectedUs + tolerance) return false;
	return kind.rule === "at most" || widthUs >= expectedUs - tolerance;
}

export class PulseBook {
	readonly #clock: TraceClock;
	readonly #kinds = new Map<string, { readonly kind: PulseKind; readonly widths: number[] }>();

	constructor(clock: TraceClock) {
		this.#clock = clock;
	}

	/** False: this one is not as it must be. */
	add(kind: PulseKind, widthUs: number): boolean {
		const entry = this.#kinds.get(kind.name) ?? { kind, widths: [] };
		entry.widths.push(widthUs);
		this.#kinds.set(kind.name, entry);
		return isRight(kind, widthUs, this.#clock);
	}

	get rows(): readonly PulseRow[] {
		return [...this.#kinds.values()].map(({ kind, widths }) => {
			const sorted = [...widths].sort((a, b) => a - b);
			const middle = sorted.length >> 1;
			const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
			return {
				...kind,
				count: sorted.length,
				minUs: sorted[0]!,
				medianUs: Math.round(median),
				maxUs: sorted.at(-1)!,
				toleranceUs: kind.expectedMs === undefined ? 0 : toleranceUs(this.#clock, kind.expectedMs),
				ok: widths.every((width) => isRight(kind, width, this.#clock)),
			};
		});
	}
}
