/**
 * Time as a busy machine allows it: what a process was kept from running, by others or by waiting for the disk, does not
 * count. For promises such as "within a second", which a test must neither break for its neighbours' sake nor give up.
 */
const TICK_MS = 10;
/** A timer that fires this late is a timer of a quiet machine. */
const USUAL_MS = 2;

export class FairTime {
	readonly #startedMs = performance.now();
	readonly #timer: NodeJS.Timeout;
	#dueMs = this.#startedMs + TICK_MS;
	#lostMs = 0;

	/** From now on. `stop` ends it. */
	constructor() {
		this.#timer = setInterval(() => this.#tick(), TICK_MS);
	}

	#tick(): void {
		const nowMs = performance.now();
		this.#lostMs += Math.max(0, nowMs - this.#dueMs - USUAL_MS);
		this.#dueMs = nowMs + TICK_MS;
	}

	/** How long something took that ended at `endedMs` (of performance.now), less what was lost meanwhile. */
	stop(endedMs = performance.now()): number {
		clearInterval(this.#timer);
		this.#tick();
		return Math.max(0, endedMs - this.#startedMs - this.#lostMs);
	}
}
