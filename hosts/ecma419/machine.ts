/** The machine itself: log, reset reason, reboot. Every host's C offers these natives (hosts/linux/system.c). */
import type { ResetReason, System } from "../../modules/platform/system.ts";

const log = native<(line: string) => void>("xs_system_log");
const reboot = native<() => never>("xs_system_reboot");
const resetReason = native<() => string>("xs_system_reset_reason");
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

	reboot(): never {
		return reboot();
	}
}
