/**
 * The steps that the bolt machine (bolt.ts) is put together from: starting a motion, switching outputs, coming to
 * rest. Only bolt.ts uses them.
 */
import { LIMITS } from "../base/limits.ts";
import { type BoltConfig, energiseMs, type Motion, OUTPUT_PLANS } from "./bolt-config.ts";
import type {
	AtRest,
	BoltCause,
	BoltEffect,
	BoltInputs,
	BoltOutcome,
	BoltStep,
	Moving,
	Position,
} from "./bolt-state.ts";

/** What a step sees besides the state. */
export interface Scene {
	readonly inputs: BoltInputs;
	readonly nowMs: number;
	readonly config: BoltConfig;
}

export function start(
	motion: Motion,
	cause: BoltCause,
	scene: Scene,
	how: { readonly ticket?: number; readonly blind?: boolean },
): BoltStep {
	const { config, inputs, nowMs } = scene;
	const kind = motion === "throw" ? "throwing" : "retracting";
	const { effects, hold } = energise(motion, scene);
	const leaves = how.blind !== true && positionOf(inputs) === originOf(motion);
	const state: Moving = {
		kind,
		cause,
		deadlineMs: nowMs + config.travelMs,
		blind: how.blind === true,
		...hold,
		...(leaves ? { stallAtMs: nowMs + config.stallMs } : {}),
		...(how.ticket === undefined ? {} : { ticket: how.ticket }),
	};
	return { state, effects: [...effects, { kind: "changed", bolt: kind, cause }] };
}

/** Everything off, then the one output of this motion on. */
export function energise(
	motion: Motion,
	scene: Scene,
): { effects: BoltEffect[]; hold: { holdUntilMs?: number } } {
	const { config, nowMs } = scene;
	const { role, after } = OUTPUT_PLANS[config.output][motion];
	const effects = cutAll(config);
	if (role === undefined) return { effects, hold: {} };
	const maximumMs = energiseMs(config, motion);
	effects.push({ kind: "energise", role, maximumMs });
	if (after === "cut") return { effects, hold: {} };
	return { effects, hold: { holdUntilMs: nowMs + (after === "hold" ? maximumMs : LIMITS.holdRenewMs) } };
}

/** Outputs as after this motion, without a motion: the bolt is there already. */
export function holdAnew(state: AtRest, motion: Motion, scene: Scene): BoltStep {
	const { holdUntilMs: _, ...rest } = state;
	const { effects, hold } = energise(motion, scene);
	return { state: { ...rest, ...hold }, effects };
}

export function comeToRest(
	position: Position,
	hold: { readonly holdUntilMs?: number },
	scene: Scene,
	cause: BoltCause,
): { state: AtRest; effects: BoltEffect[] } {
	const state = armRelock({ kind: position, ...hold }, scene);
	if (position !== "contradicted") return { state, effects: [{ kind: "changed", bolt: position, cause }] };
	const effects: BoltEffect[] = [
		{ kind: "changed", bolt: "unknown", cause: "fault" },
		{ kind: "fault", fault: "bolt/sensors" },
	];
	return { state, effects };
}

/** Starts, keeps or drops the relock timer of a bolt at rest. */
export function armRelock(state: AtRest, scene: Scene): AtRest {
	const { relockAtMs, ...rest } = state;
	const { config, inputs, nowMs } = scene;
	const relocks = config.relockMs > 0 && OUTPUT_PLANS[config.output].throw.role !== undefined;
	if (state.kind !== "retracted" || !relocks || inputs.inhibited || !doorAllows(scene)) return rest;
	return { ...rest, relockAtMs: relockAtMs ?? nowMs + config.relockMs };
}

export function cutAll(config: BoltConfig): BoltEffect[] {
	return OUTPUT_PLANS[config.output].roles.map((role) => ({ kind: "cut", role }));
}

export function answer(ticket: number | undefined, outcome: BoltOutcome): BoltEffect[] {
	return ticket === undefined ? [] : [{ kind: "answer", ticket, outcome }];
}

export function holdOf(state: { readonly holdUntilMs?: number }): { readonly holdUntilMs?: number } {
	return state.holdUntilMs === undefined ? {} : { holdUntilMs: state.holdUntilMs };
}

export function doorAllows(scene: Scene): boolean {
	return !scene.config.doorContact || scene.inputs.doorClosed;
}

export function positionOf(inputs: BoltInputs): Position {
	if (inputs.thrown) return inputs.retracted ? "contradicted" : "thrown";
	return inputs.retracted ? "retracted" : "unknown";
}

export function goalOf(motion: Motion): "thrown" | "retracted" {
	return motion === "throw" ? "thrown" : "retracted";
}

export function originOf(motion: Motion): "thrown" | "retracted" {
	return motion === "throw" ? "retracted" : "thrown";
}

export function motionOf(state: Moving): Motion {
	return state.kind === "throwing" ? "throw" : "retract";
}
