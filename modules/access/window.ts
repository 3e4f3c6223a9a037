/**
 * The pairing window (DESIGN 8.1, T20), a pure machine over the gestures of the button on the inside (lock/button).
 * Reach of that button is the only thing that opens a window or asks for a reset; this machine says when, claims
 * nothing and erases nothing.
 *
 *              short press, lock unclaimed
 *   closed ---------------------------------> open until now + windowMs --+ short press: its time starts anew
 *      ^                                        |          ^--------------+
 *      +--- its time, an owner, a reset hold ---+
 *
 * A window is open only for an unclaimed lock, and a claim that cannot be read is a claim.
 */
import { unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";

export type WindowState = { readonly kind: "closed" } | { readonly kind: "open"; readonly untilMs: number };

export type WindowEvent =
	/** The gesture "short"; `claimed` is the state of the lock now. */
	| { readonly kind: "short-press"; readonly claimed: boolean }
	/** The gesture "reset". */
	| { readonly kind: "reset-hold" }
	/** An owner was enrolled. */
	| { readonly kind: "claimed" }
	/** The time of `untilMs`, or any other moment. */
	| { readonly kind: "tick" };

export type WindowEffect =
	/** Send a tick at `untilMs` or after it. */
	| { readonly kind: "opened"; readonly untilMs: number }
	| { readonly kind: "closed" }
	/** Begin the factory reset (store/reset). */
	| { readonly kind: "reset" };

export interface WindowStep {
	readonly state: WindowState;
	readonly effects: readonly WindowEffect[];
}

/** At boot, whatever it was before. */
export const WINDOW_CLOSED: WindowState = Object.freeze({ kind: "closed" });

/** Whether a pairing may begin or finish now. The time is asked, not only the state: a late tick keeps nothing open. */
export function isWindowOpen(state: WindowState, nowMs: number): boolean {
	return state.kind === "open" && nowMs < state.untilMs;
}

export function stepWindow(state: WindowState, event: WindowEvent, nowMs: number): WindowStep {
	switch (event.kind) {
		case "short-press": {
			if (event.claimed) return close(state);
			const untilMs = nowMs + LIMITS.windowMs;
			return { state: { kind: "open", untilMs }, effects: [{ kind: "opened", untilMs }] };
		}
		case "reset-hold": {
			const closed = close(state);
			return { state: closed.state, effects: [...closed.effects, { kind: "reset" }] };
		}
		case "claimed":
			return close(state);
		case "tick":
			return isWindowOpen(state, nowMs) ? { state, effects: [] } : close(state);
		default:
			return unreachable(event);
	}
}

function close(state: WindowState): WindowStep {
	return { state: WINDOW_CLOSED, effects: state.kind === "open" ? [{ kind: "closed" }] : [] };
}
