/**
 * When a lock asks the time role over its link (PROTOCOL 2, 11): at once when the link is ready and an answer is due,
 * then every `refreshMs`, which bounds what a drifting clock can do; after a question without a good answer `retryMs` later.
 * Pure. The diagram:
 *
 *   down --up, due--> asked --answered--> resting --time is up, wanted--> asked
 *     |                |  |                  ^
 *     |                |  +--refused, late---+
 *     +---up, not due--|--------------------->
 *   (down leads back from everywhere; what was asked is due again)
 */
import { unreachable } from "../base/assert.ts";

export interface AskingSettings {
	readonly answerMs: number;
	readonly retryMs: number;
	readonly refreshMs: number;
}

export type AskingState =
	| { readonly kind: "down"; readonly dueMs: number }
	| { readonly kind: "resting"; readonly dueMs: number }
	| { readonly kind: "asked"; readonly untilMs: number };

export type AskingEvent =
	| { readonly kind: "up" }
	| { readonly kind: "down" }
	/** Time passed. */
	| { readonly kind: "look" }
	/** The time role is needed now: an estimate was given up or contradicted, or the keys changed. */
	| { readonly kind: "wanted" }
	/** The time role's word was taken, over any way in. */
	| { readonly kind: "answered" }
	/** The answer over the link did not hold, or the question could not be sent. */
	| { readonly kind: "refused" };

export type AskingEffect =
	| { readonly kind: "ask" }
	/** Answer with `look` after so long; an earlier one is void. */
	| { readonly kind: "wake"; readonly delayMs: number };

export interface AskingStep {
	readonly state: AskingState;
	readonly effects: readonly AskingEffect[];
}

/** At boot: no link, and the time is due at the first. */
export const ASKING_AT_BOOT: AskingState = Object.freeze({ kind: "down", dueMs: 0 });

export function stepAsking(
	settings: AskingSettings,
	state: AskingState,
	event: AskingEvent,
	nowMs: number,
): AskingStep {
	switch (event.kind) {
		case "up":
			return state.kind === "down" ? restOrAsk(settings, state.dueMs, nowMs) : stay(state);
		case "down":
			if (state.kind === "down") return stay(state);
			return stay({ kind: "down", dueMs: state.kind === "resting" ? state.dueMs : nowMs });
		case "wanted":
			if (state.kind === "down") return stay({ kind: "down", dueMs: nowMs });
			return state.kind === "resting" ? ask(settings, nowMs) : stay(state);
		case "answered": {
			const dueMs = nowMs + settings.refreshMs;
			return state.kind === "down" ? stay({ kind: "down", dueMs }) : rest(dueMs, nowMs);
		}
		case "refused":
			return state.kind === "asked" ? rest(nowMs + settings.retryMs, nowMs) : stay(state);
		case "look":
			return look(settings, state, nowMs);
		default:
			return unreachable(event);
	}
}

function look(settings: AskingSettings, state: AskingState, nowMs: number): AskingStep {
	switch (state.kind) {
		case "down":
			return stay(state);
		case "resting":
			return restOrAsk(settings, state.dueMs, nowMs);
		case "asked":
			if (nowMs < state.untilMs) return { state, effects: [wake(state.untilMs, nowMs)] };
			return rest(nowMs + settings.retryMs, nowMs);
		default:
			return unreachable(state);
	}
}

function stay(state: AskingState): AskingStep {
	return { state, effects: [] };
}

function wake(atMs: number, nowMs: number): AskingEffect {
	return { kind: "wake", delayMs: Math.max(0, atMs - nowMs) };
}

function rest(dueMs: number, nowMs: number): AskingStep {
	return { state: { kind: "resting", dueMs }, effects: [wake(dueMs, nowMs)] };
}

function restOrAsk(settings: AskingSettings, dueMs: number, nowMs: number): AskingStep {
	return nowMs < dueMs ? rest(dueMs, nowMs) : ask(settings, nowMs);
}

function ask(settings: AskingSettings, nowMs: number): AskingStep {
	const untilMs = nowMs + settings.answerMs;
	return { state: { kind: "asked", untilMs }, effects: [{ kind: "ask" }, wake(untilMs, nowMs)] };
}
