/**
 * What a hand does at a button, as a pure machine: a press, a short press, a hold of ten seconds. Contact bounce on
 * either edge is not a gesture. A button that is down at boot is stuck, or held by somebody who wants to confuse: it
 * does nothing until it was up once.
 *
 *                     down ≥ shortPressMinMs, "press"         resetHoldMs, "reset"
 *      up ──▶ settling ───────────────────────▶ held ──────────────────────────▶ spent
 *      ▲  ◀──────┘ up again: bounce            │  ▲                               │
 *      │                                    up │  │ down again: bounce            │ up
 *      ├──────────────── releasing ◀───────────┘──┘                               │
 *      │   "short" if held < shortPressMaxMs                                      │
 *      └──────────────────────────────────────────────────────────────────────────┘
 *   stuck (down at boot) ──▶ up
 *
 * A hold between the two is a change of mind and no gesture. "reset" comes at ten seconds, while the button is
 * still down, so that the hand learns when it may let go.
 */
import { unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";

export type ButtonState =
	| { readonly kind: "up" }
	| { readonly kind: "stuck" }
	/** Down, perhaps only for a bounce. */
	| { readonly kind: "settling"; readonly downMs: number }
	| { readonly kind: "held"; readonly downMs: number }
	/** Up after a hold, perhaps only for a bounce. */
	| { readonly kind: "releasing"; readonly downMs: number; readonly upMs: number }
	/** The reset was given; waits for the hand to let go. */
	| { readonly kind: "spent" };

/** The button's level now: after a change of it, or because the time of `buttonWakeAtMs` came. */
export interface ButtonEvent {
	readonly down: boolean;
}

export type Gesture =
	/** It went down for good: for what acts at once. */
	| "press"
	/** It was down for less than two seconds. */
	| "short"
	/** It is down since ten seconds. */
	| "reset";

export interface ButtonStep {
	readonly state: ButtonState;
	readonly effects: readonly Gesture[];
}

/** The state at boot. */
export function initialButton(down: boolean): ButtonState {
	return { kind: down ? "stuck" : "up" };
}

export function stepButton(state: ButtonState, event: ButtonEvent, nowMs: number): ButtonStep {
	const { down } = event;
	switch (state.kind) {
		case "up":
			return { state: down ? { kind: "settling", downMs: nowMs } : state, effects: [] };
		case "stuck":
		case "spent":
			return { state: down ? state : { kind: "up" }, effects: [] };
		case "settling": {
			const settled = nowMs - state.downMs >= LIMITS.shortPressMinMs;
			if (!settled) return { state: down ? state : { kind: "up" }, effects: [] };
			const after = down
				? stepHeld({ kind: "held", downMs: state.downMs }, nowMs)
				: { state: { kind: "releasing", downMs: state.downMs, upMs: nowMs } as const, effects: [] };
			return { state: after.state, effects: ["press", ...after.effects] };
		}
		case "held":
			if (down) return stepHeld(state, nowMs);
			return { state: { kind: "releasing", downMs: state.downMs, upMs: nowMs }, effects: [] };
		case "releasing": {
			const released = nowMs - state.upMs >= LIMITS.shortPressMinMs;
			if (!released) return { state: down ? { kind: "held", downMs: state.downMs } : state, effects: [] };
			const short = state.upMs - state.downMs < LIMITS.shortPressMaxMs;
			return {
				state: down ? { kind: "settling", downMs: nowMs } : { kind: "up" },
				effects: short ? ["short"] : [],
			};
		}
		default:
			return unreachable(state);
	}
}

/** When `stepButton` wants an event although nothing changes; undefined: never. */
export function buttonWakeAtMs(state: ButtonState): number | undefined {
	switch (state.kind) {
		case "settling":
			return state.downMs + LIMITS.shortPressMinMs;
		case "held":
			return state.downMs + LIMITS.resetHoldMs;
		case "releasing":
			return state.upMs + LIMITS.shortPressMinMs;
		case "up":
		case "stuck":
		case "spent":
			return undefined;
		default:
			return unreachable(state);
	}
}

function stepHeld(state: { readonly kind: "held"; readonly downMs: number }, nowMs: number): ButtonStep {
	if (nowMs - state.downMs < LIMITS.resetHoldMs) return { state, effects: [] };
	return { state: { kind: "spent" }, effects: ["reset"] };
}
