/** What the end of a board's process means for the next boot (hosts/linux: exit status 64 + the engine's abort status). */
import type { ResetReason } from "../../modules/platform/system.ts";

const REASONS: Readonly<Record<number, ResetReason>> = Object.freeze({
	65: "memory",
	66: "stack",
	69: "exception",
	71: "watchdog",
	72: "rejection",
	80: "requested",
	81: "watchdog",
});

const FIRST_RESET = 64;
const LAST_RESET = 95;

export type BoardEnd =
	/** The board starts again, with this reason. */
	| { readonly kind: "reset"; readonly reason: ResetReason }
	/** It was told to stop, and did. */
	| { readonly kind: "stopped" }
	/** It cannot run: bad arguments, no image, a store of a newer format. Starting again would change nothing. */
	| { readonly kind: "refused"; readonly status: number };

export function readBoardEnd(status: number | null, signal: NodeJS.Signals | null): BoardEnd {
	if (signal !== null || status === null) return { kind: "reset", reason: "unknown" };
	if (status === 0) return { kind: "stopped" };
	if (status >= FIRST_RESET && status <= LAST_RESET)
		return { kind: "reset", reason: REASONS[status] ?? "unknown" };
	return { kind: "refused", status };
}
