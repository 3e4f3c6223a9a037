/**
 * What the bolt machine (bolt.ts) is made of: states, events, effects, and what can be read off a state. A state
 * carries only its own data; inputs come with each event.
 */
import { unreachable } from "../base/assert.ts";
import type { DriveRole } from "../platform/pins.ts";
import type { Motion } from "./bolt-config.ts";

export interface BoltInputs {
	readonly thrown: boolean;
	readonly retracted: boolean;
	readonly doorClosed: boolean;
	readonly inhibited: boolean;
}

/** Why the bolt moves or moved. */
export type BoltCause = "command" | "exit" | "relock" | "manual" | "fault";

/** How the bolt is called to the outside (PROTOCOL 5.5). */
export type BoltReport = "unknown" | "thrown" | "retracted" | "throwing" | "retracting" | "jammed";

export type BoltOutcome = "done" | "busy" | "jammed" | "inhibited";

/** What broke, for the log (PROTOCOL 9, kind fault). */
export type BoltFault = "bolt/jam" | "bolt/stall" | "bolt/sensors";

export type Position = "unknown" | "thrown" | "retracted" | "contradicted";

export interface AtRest {
	readonly kind: Position;
	/** An output is on past its motion: until then for a hold, until it is renewed for one that is kept. */
	readonly holdUntilMs?: number;
	/** Retracted only: when to throw by the relock timer. */
	readonly relockAtMs?: number;
}

export interface Jammed {
	readonly kind: "jammed";
	/** What the inputs say; a change of it ends the jam. */
	readonly position: Position;
}

export interface Moving {
	readonly kind: "throwing" | "retracting";
	readonly cause: BoltCause;
	readonly deadlineMs: number;
	/** When the bolt must have left where it was; absent once it has, or where it was not known. */
	readonly stallAtMs?: number;
	readonly holdUntilMs?: number;
	/** The sensors contradict each other: they do not end this motion, its deadline does. */
	readonly blind: boolean;
	/** The command that waits for the outcome. */
	readonly ticket?: number;
}

export interface Reversing {
	readonly kind: "reversing";
	readonly cause: BoltCause;
	readonly resumeAtMs: number;
}

export type BoltState = AtRest | Jammed | Moving | Reversing;

export type BoltEvent =
	/** An input changed, or the time of `wakeAtMs` came. */
	| { readonly kind: "inputs"; readonly inputs: BoltInputs }
	/** A command that access has allowed. */
	| {
			readonly kind: "command";
			readonly inputs: BoltInputs;
			readonly motion: Motion;
			readonly ticket: number;
	  }
	/** The exit button was pressed. */
	| { readonly kind: "exit"; readonly inputs: BoltInputs };

export type BoltEffect =
	| { readonly kind: "energise"; readonly role: DriveRole; readonly maximumMs: number }
	| { readonly kind: "cut"; readonly role: DriveRole }
	| { readonly kind: "changed"; readonly bolt: BoltReport; readonly cause: BoltCause }
	| { readonly kind: "fault"; readonly fault: BoltFault }
	| { readonly kind: "answer"; readonly ticket: number; readonly outcome: BoltOutcome };

export interface BoltStep {
	readonly state: BoltState;
	/** In the order in which they are to be done. */
	readonly effects: readonly BoltEffect[];
}

/** When `step` wants an "inputs" event although nothing changes; undefined: never. */
export function wakeAtMs(state: BoltState): number | undefined {
	switch (state.kind) {
		case "throwing":
		case "retracting":
			return Math.min(state.deadlineMs, state.stallAtMs ?? state.deadlineMs);
		case "reversing":
			return state.resumeAtMs;
		case "jammed":
			return undefined;
		case "unknown":
		case "thrown":
		case "retracted":
		case "contradicted": {
			const { holdUntilMs, relockAtMs } = state;
			if (holdUntilMs === undefined) return relockAtMs;
			return relockAtMs === undefined ? holdUntilMs : Math.min(holdUntilMs, relockAtMs);
		}
		default:
			return unreachable(state);
	}
}

export function reportOf(state: BoltState): BoltReport {
	if (state.kind === "contradicted") return "unknown";
	return state.kind === "reversing" ? "retracting" : state.kind;
}

/** True while the bolt travels: nothing that needs much current or time starts then (DESIGN 10). */
export function isDriving(state: BoltState): boolean {
	return state.kind === "throwing" || state.kind === "retracting" || state.kind === "reversing";
}
