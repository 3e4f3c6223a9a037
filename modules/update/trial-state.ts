/**
 * The trial of a new image as a pure machine (docs/UPDATE.md 7): what the running image must show before it is confirmed, and when
 * it gives itself up. It looks at nothing itself; app/trial-keeper does, and does what effects say. A crash or a hang is not
 * its business: the boot loader and the host's deadline are there for that.
 *
 *   boot ── not pending ──▶ over
 *     │ pending                       looks: all right, and old enough          confirmed
 *     ├──────────────▶ testing ─────────────────────────────▶ confirming ─────────────────▶ over
 *     │                   │ storage fails; bolt or peers not there in time │ not confirmed in time
 *     │ another image     ▼                                                ▼
 *     └───────────────▶ reverting ◀────────────────────────────────────────┘
 *                          │ no image to go back to
 *                          ├──────▶ confirming, where only the bolt's sensor or the network was at fault
 *                          ▼
 *                        stuck: works on until the host's deadline
 *
 * Invariant: nothing but "confirm" of this machine makes a pending image valid, and none whose records or numbers are wrong.
 */
import { unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import type { Floors } from "./floors.ts";
import type { Trial, TrialReason } from "./trial-record.ts";

export type TrialState =
	/** There is no trial, or it is passed. */
	| { readonly kind: "over" }
	| { readonly kind: "testing"; readonly startedAtMs: number; readonly reachable: boolean }
	| { readonly kind: "confirming"; readonly startedAtMs: number }
	| { readonly kind: "reverting"; readonly reason: TrialReason }
	| { readonly kind: "stuck"; readonly reason: TrialReason };

export type TrialEvent =
	| {
			readonly kind: "boot";
			/** The boot record has the running image on trial. */
			readonly isPending: boolean;
			/** What the old image wrote down; undefined: nothing that can be read. */
			readonly trial: Pick<Trial, "sequence" | "securityVersion" | "reachable"> | undefined;
			/** What the running firmware says of itself. */
			readonly firmware: Floors;
			/** What its image's header says. */
			readonly image: Floors | undefined;
	  }
	| {
			readonly kind: "look";
			/** A record was written and read back. */
			readonly storage: boolean;
			/** The position inputs can be read, and do not contradict each other. */
			readonly bolt: boolean;
			/** A link was ready, or a session open, in this boot. */
			readonly reached: boolean;
	  }
	| { readonly kind: "confirmed" }
	/** `revert` found nothing to go back to. */
	| { readonly kind: "no-image" };

export type TrialEffect =
	/** Marks the slot valid: "confirmed" when it took. */
	| { readonly kind: "confirm" }
	/** Writes the reason down, marks the slot invalid and starts over; "no-image" where that cannot be. */
	| { readonly kind: "revert"; readonly reason: TrialReason };

export interface TrialStep {
	readonly state: TrialState;
	readonly effects: readonly TrialEffect[];
}

export const TRIAL_OVER: TrialState = Object.freeze({ kind: "over" });

export function stepTrial(state: TrialState, event: TrialEvent, nowMs: number): TrialStep {
	switch (event.kind) {
		case "boot": {
			if (!event.isPending) return { state: TRIAL_OVER, effects: [] };
			const { trial } = event;
			if (trial === undefined || !isSame(trial, event.firmware) || !isSame(trial, event.image)) {
				return revert("trial-wrong-image");
			}
			return {
				state: { kind: "testing", startedAtMs: nowMs, reachable: trial.reachable },
				effects: [],
			};
		}
		case "look":
			return stepLook(state, event, nowMs);
		case "confirmed":
			return { state: state.kind === "confirming" ? TRIAL_OVER : state, effects: [] };
		case "no-image":
			if (state.kind !== "reverting") return { state, effects: [] };
			// What works but for a sensor or the network outside is better than recovery again and again.
			if (state.reason === "trial-bolt" || state.reason === "trial-unreachable") {
				return { state: { kind: "confirming", startedAtMs: nowMs }, effects: [{ kind: "confirm" }] };
			}
			return { state: { kind: "stuck", reason: state.reason }, effects: [] };
		default:
			return unreachable(event);
	}
}

function stepLook(
	state: TrialState,
	{ storage, bolt, reached }: Extract<TrialEvent, { kind: "look" }>,
	nowMs: number,
): TrialStep {
	switch (state.kind) {
		case "testing": {
			const { startedAtMs, reachable } = state;
			const isLate = nowMs - startedAtMs >= LIMITS.trialMs;
			if (!storage) return revert("trial-storage");
			if (!bolt) return isLate ? revert("trial-bolt") : { state, effects: [] };
			if (reachable && !reached) return isLate ? revert("trial-unreachable") : { state, effects: [] };
			if (nowMs - startedAtMs < LIMITS.trialSettleMs) return { state, effects: [] };
			return { state: { kind: "confirming", startedAtMs }, effects: [{ kind: "confirm" }] };
		}
		case "confirming":
			// Flash did not take it.
			if (nowMs - state.startedAtMs >= LIMITS.trialMs) return revert("trial-late");
			return { state, effects: [{ kind: "confirm" }] };
		case "over":
		case "reverting":
		case "stuck":
			return { state, effects: [] };
		default:
			return unreachable(state);
	}
}

function revert(reason: TrialReason): TrialStep {
	return { state: { kind: "reverting", reason }, effects: [{ kind: "revert", reason }] };
}

function isSame(trial: Floors, numbers: Floors | undefined): boolean {
	return trial.sequence === numbers?.sequence && trial.securityVersion === numbers.securityVersion;
}
