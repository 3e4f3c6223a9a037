/** The machine itself: log, reset reason, last fault, heap, reboot. Every host's C offers these natives (hosts/linux/system.c). */
import type { HeapFigures, ResetReason, System } from "../../modules/platform/system.ts";

const log = native<(line: string) => void>("xs_system_log");
const reboot = native<() => never>("xs_system_reboot");
const resetReason = native<() => string>("xs_system_reset_reason");
const lastFault = native<() => string | undefined>("xs_system_last_fault");
const forgetFault = native<() => void>("xs_system_forget_fault");
const freeBytes = native<() => number>("xs_system_free_bytes");
const leastFreeBytes = native<() => number>("xs_system_least_free_bytes");
const buildUnixMs = native<() => number>("xs_system_build_unix_ms");

const RESET_REASONS: readonly string[] = Object.freeze<ResetReason[]>([
	"power-on",
	"requested",
	"memory",
	"stack",
	"exception",
	"rejection",
	"watchdog",
	"unknown",
]);

export class Machine implements System {
	/** From the image. */
	readonly buildUnixMs: number;

	constructor() {
		this.buildUnixMs = buildUnixMs();
	}

	log(line: string): void {
		log(line);
	}

	resetReason(): ResetReason {
		const reason = resetReason();
		return RESET_REASONS.includes(reason) ? (reason as ResetReason) : "unknown";
	}

	lastFault(): string | undefined {
		return lastFault();
	}

	forgetFault(): void {
		forgetFault();
	}

	heap(): HeapFigures {
		// In this order: measuring what is free may find the least.
		const free = freeBytes();
		return { freeBytes: free, leastFreeBytes: leastFreeBytes() };
	}

	reboot(): never {
		return reboot();
	}
}
