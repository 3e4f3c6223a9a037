/** The machine itself: log sink, reboot, what it was built as. */

export type ResetReason =
	| "power-on"
	| "requested"
	| "memory"
	| "stack"
	| "exception"
	| "rejection"
	| "watchdog"
	| "unknown";

export interface System {
	/** One line of local log. Never a secret. */
	log(line: string): void;
	/** Why this boot happened. */
	resetReason(): ResetReason;
	/** Cuts the drive and starts over; does not return. */
	reboot(): never;
	/** Milliseconds since 1970 UTC at which the image was built: the first floor of time. */
	readonly buildUnixMs: number;
}
