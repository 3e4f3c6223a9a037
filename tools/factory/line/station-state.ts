/**
 * One station of the line as a pure machine. What a board needs next is the journal's to say (resume.ts) each time a board
 * is recognised, so nothing here outlives a station; a station that was killed begins at `looking`.
 *
 *            nothing                       done, and there is a next step
 *           ┌───────┐                        ┌───────┐
 *           ▼       │   recognised           ▼       │
 *        looking ───┴───────────────────▶ working ───┤
 *          ▲ ▲  │                             │      │ last step done, or a failure that does not pass by
 *          │ │  └── complete, refused ──┐     │      │ itself or happened ATTEMPTS times
 *          │ │                          ▼     │      ▼
 *          │ └──────── gone ────────  holding ◀──────┘
 *          └───────────── failure that may pass ────┘ (from working)
 *
 *   ended: told to stop, and no board is being worked on
 *
 * The last effect is the one whose end is the next event.
 */
import { unreachable } from "../../../modules/base/assert.ts";
import type { Cause } from "./cause.ts";
import { type Step, stepAfter } from "./steps.ts";

/** How often in a row one step of one board may fail. */
export const ATTEMPTS = 4;

interface Tried {
	readonly board: number;
	readonly step: Step;
	readonly failures: number;
}

export type StationState =
	| { readonly kind: "looking"; readonly tried?: Tried }
	| {
			readonly kind: "working";
			readonly board: number;
			readonly step: Step;
			readonly failures: number;
			readonly startedMs: number;
	  }
	/** Until somebody takes it out. */
	| { readonly kind: "holding" }
	| { readonly kind: "ended" };

export type StationEvent =
	| { readonly kind: "nothing" }
	| { readonly kind: "recognised"; readonly board: number; readonly step: Step }
	/** It left the line before; `sealed` since this moment if the journal had not heard of it. */
	| { readonly kind: "complete"; readonly board: number }
	| { readonly kind: "refused"; readonly board?: number; readonly failure: Cause; readonly detail?: string }
	| { readonly kind: "done" }
	| {
			readonly kind: "failed";
			readonly failure: Cause;
			readonly transient: boolean;
			readonly detail?: string;
	  }
	| { readonly kind: "here" }
	| { readonly kind: "gone" }
	| { readonly kind: "stopped" };

export type StationEffect =
	| { readonly kind: "look"; readonly afterPause: boolean }
	| { readonly kind: "run"; readonly board: number; readonly step: Step }
	| { readonly kind: "watch" }
	/** On record and for the operator. */
	| { readonly kind: "stepped"; readonly board: number; readonly step: Step; readonly elapsedMs: number }
	| {
			readonly kind: "stumbled";
			readonly board: number;
			readonly step: Step;
			readonly failure: Cause;
			readonly detail?: string;
			readonly elapsedMs: number;
			readonly final: boolean;
	  }
	/** Something is the matter with the station, as far as anybody can tell. */
	| { readonly kind: "trouble"; readonly failure: Cause; readonly detail?: string }
	| {
			readonly kind: "take-out";
			readonly board?: number;
			readonly outcome: "done" | "done-before" | "failed";
			readonly failure?: Cause;
			readonly detail?: string;
	  };

export interface StationStep {
	readonly state: StationState;
	readonly effects: readonly StationEffect[];
}

export const INITIAL: StationStep = Object.freeze({
	state: Object.freeze({ kind: "looking" }),
	effects: Object.freeze([Object.freeze({ kind: "look", afterPause: false })]) as readonly StationEffect[],
} as const);

/** `stopping`: no new board is begun; one that is being worked on is finished. */
export function step(
	state: StationState,
	event: StationEvent,
	nowMs: number,
	stopping: boolean,
): StationStep {
	switch (state.kind) {
		case "looking":
			return look(state.tried, event, nowMs, stopping);
		case "working":
			return work(state, event, nowMs);
		case "holding":
			return hold(event, stopping);
		case "ended":
			return END;
		default:
			return unreachable(state);
	}
}

const END: StationStep = Object.freeze({
	state: Object.freeze({ kind: "ended" }),
	effects: Object.freeze([]),
});

function again(tried: Tried | undefined, afterPause: boolean): StationStep {
	return {
		state: { kind: "looking", ...(tried === undefined ? {} : { tried }) },
		effects: [{ kind: "look", afterPause }],
	};
}

function troubled(event: Extract<StationEvent, { kind: "failed" }>, tried: Tried | undefined): StationStep {
	const { failure, detail } = event;
	const looking = again(tried, true);
	const trouble: StationEffect = { kind: "trouble", failure, ...(detail === undefined ? {} : { detail }) };
	return { state: looking.state, effects: [trouble, ...looking.effects] };
}

function takeOut(
	outcome: "done" | "done-before" | "failed",
	more: { readonly board?: number; readonly failure?: Cause; readonly detail?: string },
	before: readonly StationEffect[] = [],
): StationStep {
	return {
		state: { kind: "holding" },
		effects: [...before, { kind: "take-out", outcome, ...more }, { kind: "watch" }],
	};
}

function look(tried: Tried | undefined, event: StationEvent, nowMs: number, stopping: boolean): StationStep {
	switch (event.kind) {
		case "nothing":
			return stopping ? END : again(tried, true);
		case "recognised": {
			if (stopping && tried?.board !== event.board) return END;
			const failures = tried?.board === event.board && tried.step === event.step ? tried.failures : 0;
			return run(event.board, event.step, failures, nowMs);
		}
		case "complete":
			return takeOut("done-before", { board: event.board });
		case "refused":
			return takeOut("failed", withDetail(event, event.board));
		case "failed":
			return stopping ? END : troubled(event, tried);
		case "stopped":
			return END;
		default:
			return again(tried, true);
	}
}

function run(board: number, step: Step, failures: number, nowMs: number): StationStep {
	return {
		state: { kind: "working", board, step, failures, startedMs: nowMs },
		effects: [{ kind: "run", board, step }],
	};
}

function work(
	state: Extract<StationState, { kind: "working" }>,
	event: StationEvent,
	nowMs: number,
): StationStep {
	const { board, step } = state;
	const elapsedMs = nowMs - state.startedMs;
	if (event.kind === "done") {
		const stepped: StationEffect = { kind: "stepped", board, step, elapsedMs };
		const next = stepAfter(step);
		if (next === undefined) return takeOut("done", { board }, [stepped]);
		const following = run(board, next, 0, nowMs);
		return { state: following.state, effects: [stepped, ...following.effects] };
	}
	if (event.kind !== "failed") return { state, effects: [{ kind: "run", board, step }] };
	const failures = state.failures + 1;
	const final = !event.transient || failures >= ATTEMPTS;
	const stumbled: StationEffect = {
		kind: "stumbled",
		step,
		elapsedMs,
		final,
		board,
		failure: event.failure,
		...(event.detail === undefined ? {} : { detail: event.detail }),
	};
	if (final) return takeOut("failed", withDetail(event, board), [stumbled]);
	const looking = again({ board, step, failures }, true);
	return { state: looking.state, effects: [stumbled, ...looking.effects] };
}

function hold(event: StationEvent, stopping: boolean): StationStep {
	if (stopping || event.kind === "stopped") return END;
	if (event.kind === "gone") return again(undefined, false);
	return { state: { kind: "holding" }, effects: [{ kind: "watch" }] };
}

function withDetail(
	event: { readonly failure: Cause; readonly detail?: string },
	board: number | undefined,
): { readonly board?: number; readonly failure: Cause; readonly detail?: string } {
	return {
		failure: event.failure,
		...(board === undefined ? {} : { board }),
		...(event.detail === undefined ? {} : { detail: event.detail }),
	};
}
