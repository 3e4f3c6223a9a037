/** The machine itself: log sink, reboot, what it was built as, how it fares. */

export type ResetReason =
	| "power-on"
	| "requested"
	| "memory"
	| "stack"
	| "exception"
	| "rejection"
	| "watchdog"
	| "unknown";

/** Of the heap that the firmware lives in. */
export interface HeapFigures {
	/** Free now, after a collection. */
	readonly freeBytes: number;
	/** The least that was free in this boot, as far as the host saw: at each call and after collections of its own. */
	readonly leastFreeBytes: number;
}

export interface System {
	/** One line of local log. Never a secret. */
	log(line: string): void;
	/** Why this boot happened. */
	resetReason(): ResetReason;
	/**
	 * Where the last fault happened, innermost first: names of functions, with module and line where the image has them, at
	 * most 512 characters of ASCII. Never a message nor a value. It outlives power cuts, until `forgetFault`. Undefined:
	 * there is none.
	 */
	lastFault(): string | undefined;
	/** It is on record elsewhere. Idempotent. */
	forgetFault(): void;
	/** Collects, then measures. */
	heap(): HeapFigures;
	/** Cuts the drive and starts over; does not return. */
	reboot(): never;
	/** Milliseconds since 1970 UTC at which the image was built: the first floor of time. */
	readonly buildUnixMs: number;
}
