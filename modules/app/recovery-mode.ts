/**
 * Whether somebody wants recovery (docs/UPDATE.md 10): the inside button, down at power-on and for three seconds from there. A
 * button that is stuck costs a lock its link until it is up once; exit and bolt work meanwhile.
 */
import { LIMITS } from "../base/limits.ts";
import type { Clock } from "../platform/clock.ts";
import type { Pins } from "../platform/pins.ts";
import type { System } from "../platform/system.ts";

export interface RecoveryButtonOptions {
	readonly clock: Clock;
	readonly pins: Pick<Pins, "read">;
	readonly system: Pick<System, "resetReason">;
}

/** Calls back once, at once where nobody holds the button. */
export function askForRecovery(
	{ clock, pins, system }: RecoveryButtonOptions,
	decided: (isRecovery: boolean) => void,
): void {
	if (system.resetReason() !== "power-on") return decided(false);
	const startedAtMs = clock.monotonicMs();
	const look = (): void => {
		if (!pins.read("button")) return decided(false);
		if (clock.monotonicMs() - startedAtMs >= LIMITS.recoveryHoldMs) return decided(true);
		clock.after(LIMITS.recoveryLookMs, look);
	};
	look();
}
