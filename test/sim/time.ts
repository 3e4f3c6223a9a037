/**
 * The world's time in the simulator, under the test's hand: nothing happens unless `advance` or `settle` is called,
 * and everything happens in the order of its time, then of its scheduling.
 */
import { assert } from "../../modules/base/assert.ts";
import type { Clock, Timer } from "../../modules/platform/clock.ts";

const EVENTS_AT_ONCE_MAX = 100000;
const DELAY_MAX = 0x7fffffff;

interface Entry {
	readonly dueMs: number;
	readonly order: number;
	readonly run: () => void;
}

export class SimTime {
	#nowMs: number;
	#order = 0;
	#happened = 0;
	readonly #entries: Entry[] = [];

	constructor(startMs = 1000) {
		this.#nowMs = startMs;
	}

	get nowMs(): number {
		return this.#nowMs;
	}

	/** How many things have happened: where the number stands still, so did the world. */
	get happened(): number {
		return this.#happened;
	}

	/** When the next thing happens; undefined: never. */
	get nextMs(): number | undefined {
		return this.#entries[0]?.dueMs;
	}

	schedule(delayMs: number, run: () => void): Timer {
		assert(delayMs >= 0 && delayMs <= DELAY_MAX, `no delay: ${delayMs}`);
		const entry = { dueMs: this.#nowMs + delayMs, order: this.#order++, run };
		let at = this.#entries.length;
		while (at > 0 && this.#entries[at - 1]!.dueMs > entry.dueMs) at--;
		this.#entries.splice(at, 0, entry);
		return {
			cancel: () => {
				const index = this.#entries.indexOf(entry);
				if (index >= 0) this.#entries.splice(index, 1);
			},
		};
	}

	/** Lets `ms` pass, with everything that is due on the way. */
	advance(ms: number): void {
		const endMs = this.#nowMs + ms;
		let events = 0;
		for (let next = this.#entries[0]; next !== undefined && next.dueMs <= endMs; next = this.#entries[0]) {
			assert(events++ < EVENTS_AT_ONCE_MAX, "the simulation does not come to rest");
			this.#entries.shift();
			this.#happened++;
			this.#nowMs = next.dueMs;
			next.run();
		}
		this.#nowMs = endMs;
	}

	/** Runs what is due now, and what that makes due now. */
	settle(): void {
		this.advance(0);
	}

	/** Lets time pass from event to event until `condition` holds; false when it does not within `limitMs`. */
	advanceUntil(condition: () => boolean, limitMs: number): boolean {
		const endMs = this.#nowMs + limitMs;
		this.settle();
		while (!condition()) {
			const next = this.nextMs;
			if (next === undefined || next > endMs) {
				this.advance(endMs - this.#nowMs);
				return condition();
			}
			this.advance(next - this.#nowMs);
		}
		return true;
	}
}

/** One boot's clock: its timers end with the boot. */
export class SimClock implements Clock {
	readonly #time: SimTime;
	readonly #guard: (run: () => void) => void;
	readonly #timers = new Set<Timer>();
	#stopped = false;

	/** Everything that the firmware does in this boot runs inside `guard`. */
	constructor(time: SimTime, guard: (run: () => void) => void) {
		this.#time = time;
		this.#guard = guard;
	}

	/** Timers and posted events of this boot that have not run. */
	get pending(): number {
		return this.#timers.size;
	}

	monotonicMs(): number {
		return this.#time.nowMs;
	}

	after(delayMs: number, callback: () => void): Timer {
		if (this.#stopped) return { cancel: () => undefined };
		const scheduled = this.#time.schedule(delayMs, () => {
			this.#timers.delete(timer);
			this.#guard(callback);
		});
		const timer = {
			cancel: (): void => {
				this.#timers.delete(timer);
				scheduled.cancel();
			},
		};
		this.#timers.add(timer);
		return timer;
	}

	/** The boot is over: nothing that it waited for happens. */
	stop(): void {
		this.#stopped = true;
		for (const timer of [...this.#timers]) timer.cancel();
	}
}
