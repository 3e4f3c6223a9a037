/** Time as a host gives it. There is no wall clock here: trusted time is the business of `time` (DESIGN 7). */

export interface Timer {
	/** Idempotent; the callback does not run after it. */
	cancel(): void;
}

export interface Clock {
	/** Milliseconds since an arbitrary start; counts through sleep within 1000 ppm, never goes back (DESIGN 5.3). */
	monotonicMs(): number;
	/** Runs callback once, `delayMs` (0 .. 2^31-1) from now, from the event loop and never from inside this call. */
	after(delayMs: number, callback: () => void): Timer;
}
