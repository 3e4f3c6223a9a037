/**
 * The bolt (DESIGN 10) as a pure machine over the inputs that each event carries. It never drives at boot, drives
 * only for a command, the exit button, the relock timer or to turn back from an opened door (I2), never for longer
 * than the configured times, and never while the local inhibit is on. It does not trust a sensor that contradicts
 * the other one. Nothing but `initial` and `step` makes a state.
 *
 *   at rest, as the inputs say: unknown, thrown, retracted, contradicted (both positions at once)
 *
 *             retract: command, exit                      throw: command, relock
 *   at rest ─────────────────────────▶ retracting    at rest ────────────────────▶ throwing
 *                                       ▲   │                                      │  │
 *                      after brakeMs    │   │      exit pressed, or door opened    │  │
 *                             reversing ┘ ◀─┼──────────────────────────────────────┘  │
 *                                           ▼                                         ▼
 *             at rest  ◀── position reached, inhibit, or sensors that contradict each other
 *             jammed   ◀── deadline passed, or the bolt never left its position (stall)
 *
 *   jammed ──▶ at rest when a hand moves the bolt to an end, or moving again by a command or exit
 *   contradicted ──▶ retracting by exit only, and blind: for the whole travel time, reading the position after it
 *
 * Decisions. The exit button only ever retracts: pressed while retracted it starts the relock timer or the hold
 * anew, and never throws the bolt at somebody who wants out. Inhibit cuts a driven motion at once; a hold that is
 * on stays on, since cutting it would be motion. A relock that the door or inhibit forbids waits its whole time
 * again once they allow it. A command finds: busy while anything moves, jammed while the sensors contradict each
 * other.
 */
import { unreachable } from "../base/assert.ts";
import { type BoltConfig, type Motion, OUTPUT_PLANS } from "./bolt-config.ts";
import {
	answer,
	armRelock,
	comeToRest,
	cutAll,
	doorAllows,
	goalOf,
	holdAnew,
	holdOf,
	motionOf,
	originOf,
	positionOf,
	type Scene,
	start,
} from "./bolt-parts.ts";
import type {
	AtRest,
	BoltCause,
	BoltEffect,
	BoltEvent,
	BoltFault,
	BoltInputs,
	BoltOutcome,
	BoltState,
	BoltStep,
	Jammed,
	Moving,
	Position,
	Reversing,
} from "./bolt-state.ts";

/** The state at boot, read from the inputs: no output is touched. */
export function initial(inputs: BoltInputs, nowMs: number, config: BoltConfig): BoltStep {
	const scene = { inputs, nowMs, config };
	const state = armRelock({ kind: positionOf(inputs) }, scene);
	return { state, effects: state.kind === "contradicted" ? [{ kind: "fault", fault: "bolt/sensors" }] : [] };
}

export function step(state: BoltState, event: BoltEvent, nowMs: number, config: BoltConfig): BoltStep {
	const scene = { inputs: event.inputs, nowMs, config };
	const seen = observe(state, scene);
	const acted = act(seen.state, event, scene);
	return { state: acted.state, effects: [...seen.effects, ...acted.effects] };
}

// ---- what inputs and time alone do ----

function observe(state: BoltState, scene: Scene): BoltStep {
	switch (state.kind) {
		case "throwing":
		case "retracting":
			return observeMoving(state, scene);
		case "reversing":
			return observeReversing(state, scene);
		case "jammed":
			return observeJammed(state, scene);
		case "unknown":
		case "thrown":
		case "retracted":
		case "contradicted":
			return observeRest(state, scene);
		default:
			return unreachable(state);
	}
}

function observeRest(state: AtRest, scene: Scene): BoltStep {
	const position = positionOf(scene.inputs);
	const hold = holdOf(state);
	const moved = position === state.kind ? undefined : comeToRest(position, hold, scene, "manual");
	const { state: rest, effects } = moved ?? { state: armRelock(state, scene), effects: [] };
	if (rest.holdUntilMs !== undefined && scene.nowMs >= rest.holdUntilMs) {
		const after = endHold(rest, scene);
		return { state: after.state, effects: [...effects, ...after.effects] };
	}
	if (rest.relockAtMs !== undefined && scene.nowMs >= rest.relockAtMs) {
		const after = start("throw", "relock", scene, {});
		return { state: after.state, effects: [...effects, ...after.effects] };
	}
	return { state: rest, effects };
}

/** A fail-secure hold is over, natively too: the spring throws. A kept output is energised anew. */
function endHold(state: AtRest, scene: Scene): BoltStep {
	const plan = OUTPUT_PLANS[scene.config.output];
	if (plan.retract.after === "hold") {
		if (state.kind !== "thrown") return start("throw", "relock", scene, {});
		return { state: { kind: "thrown" }, effects: cutAll(scene.config) };
	}
	return holdAnew(state, "throw", scene);
}

function observeJammed(state: Jammed, scene: Scene): BoltStep {
	const position = positionOf(scene.inputs);
	if (position === state.position) return { state, effects: [] };
	if (position === "unknown") return { state: { kind: "jammed", position }, effects: [] };
	return comeToRest(position, {}, scene, "manual");
}

function observeReversing(state: Reversing, scene: Scene): BoltStep {
	const position = positionOf(scene.inputs);
	if (scene.inputs.inhibited || position === "retracted" || position === "contradicted") {
		const rest = comeToRest(position, {}, scene, state.cause);
		return { state: rest.state, effects: [...cutAll(scene.config), ...rest.effects] };
	}
	if (scene.nowMs < state.resumeAtMs) return { state, effects: [] };
	return start("retract", state.cause, scene, {});
}

function observeMoving(state: Moving, scene: Scene): BoltStep {
	const { inputs, nowMs, config } = scene;
	const motion = motionOf(state);
	const driven = OUTPUT_PLANS[config.output][motion].role !== undefined;
	const position = positionOf(inputs);
	if (driven && inputs.inhibited) return stop(state, position, scene, "inhibited");
	if (driven && motion === "throw" && !doorAllows(scene))
		return turnBack(state, state.cause, "inhibited", scene);
	if (!state.blind) {
		if (position === "contradicted") return stop(state, position, scene, "jammed");
		if (position === goalOf(motion)) return arrive(state, motion, scene);
		if (state.stallAtMs !== undefined && position !== originOf(motion)) {
			const { stallAtMs: _, ...moving } = state;
			if (nowMs < state.deadlineMs) return { state: moving, effects: [] };
		}
		if (state.stallAtMs !== undefined && position === originOf(motion) && nowMs >= state.stallAtMs) {
			return jam(state, position, scene, "bolt/stall");
		}
	}
	if (nowMs < state.deadlineMs) return { state, effects: [] };
	if (state.blind) return stop(state, position, scene, "jammed");
	return jam(state, position, scene, "bolt/jam");
}

function arrive(state: Moving, motion: Motion, scene: Scene): BoltStep {
	const { config } = scene;
	const plan = OUTPUT_PLANS[config.output];
	const actuation = plan[motion];
	const effects: BoltEffect[] = [];
	const holds = actuation.role !== undefined && actuation.after !== "cut";
	if (actuation.role !== undefined && !holds) effects.push({ kind: "cut", role: actuation.role });
	if (plan.brakes && config.brakeMs > 0) {
		effects.push({ kind: "energise", role: "brake", maximumMs: config.brakeMs });
	}
	const rest = comeToRest(goalOf(motion), holds ? holdOf(state) : {}, scene, state.cause);
	return { state: rest.state, effects: [...effects, ...rest.effects, ...answer(state.ticket, "done")] };
}

/** Ends a motion short of its goal without calling it a jam. */
function stop(state: Moving, position: Position, scene: Scene, outcome: BoltOutcome): BoltStep {
	const rest = comeToRest(position, {}, scene, state.cause);
	const effects = [...cutAll(scene.config), ...rest.effects, ...answer(state.ticket, outcome)];
	return { state: rest.state, effects };
}

function jam(state: Moving, position: Position, scene: Scene, fault: BoltFault): BoltStep {
	const effects: BoltEffect[] = [
		...cutAll(scene.config),
		{ kind: "changed", bolt: "jammed", cause: state.cause },
		{ kind: "fault", fault },
		...answer(state.ticket, "jammed"),
	];
	return { state: { kind: "jammed", position }, effects };
}

/** From throwing to retracting: current off, a moment's stand under the brake, then the other way. */
function turnBack(state: Moving, cause: BoltCause, outcome: BoltOutcome, scene: Scene): BoltStep {
	const { config, nowMs } = scene;
	const effects = cutAll(config);
	if (OUTPUT_PLANS[config.output].brakes && config.brakeMs > 0) {
		effects.push({ kind: "energise", role: "brake", maximumMs: config.brakeMs });
	}
	effects.push({ kind: "changed", bolt: "retracting", cause }, ...answer(state.ticket, outcome));
	return { state: { kind: "reversing", cause, resumeAtMs: nowMs + config.brakeMs }, effects };
}

// ---- what commands and the exit button do ----

function act(state: BoltState, event: BoltEvent, scene: Scene): BoltStep {
	switch (event.kind) {
		case "inputs":
			return { state, effects: [] };
		case "command":
			return actCommand(state, event.motion, event.ticket, scene);
		case "exit":
			return actExit(state, scene);
		default:
			return unreachable(event);
	}
}

function actCommand(state: BoltState, motion: Motion, ticket: number, scene: Scene): BoltStep {
	const refused = (outcome: BoltOutcome): BoltStep => ({ state, effects: answer(ticket, outcome) });
	switch (state.kind) {
		case "throwing":
		case "retracting":
		case "reversing":
			return refused("busy");
		case "contradicted":
			return refused("jammed");
		case "jammed":
		case "unknown":
		case "thrown":
		case "retracted": {
			const atGoal = state.kind === goalOf(motion);
			const { role, after } = OUTPUT_PLANS[scene.config.output][motion];
			if (atGoal && after === "cut" && state.holdUntilMs === undefined) return refused("done");
			if (scene.inputs.inhibited) return refused("inhibited");
			if (motion === "throw" && role !== undefined && !doorAllows(scene)) return refused("inhibited");
			if (!atGoal) return start(motion, "command", scene, { ticket });
			const held = holdAnew(state, motion, scene);
			return { state: held.state, effects: [...held.effects, ...answer(ticket, "done")] };
		}
		default:
			return unreachable(state);
	}
}

function actExit(state: BoltState, scene: Scene): BoltStep {
	if (scene.inputs.inhibited) return { state, effects: [] };
	switch (state.kind) {
		case "retracting":
		case "reversing":
			return { state, effects: [] };
		case "throwing":
			return turnBack(state, "exit", "busy", scene);
		case "contradicted":
			return start("retract", "exit", scene, { blind: true });
		case "jammed":
		case "unknown":
		case "thrown":
			return start("retract", "exit", scene, {});
		case "retracted": {
			const { relockAtMs: _, ...rest } = state;
			const waiting = armRelock(rest, scene);
			const holds =
				OUTPUT_PLANS[scene.config.output].retract.after === "hold" || rest.holdUntilMs !== undefined;
			return holds ? holdAnew(waiting, "retract", scene) : { state: waiting, effects: [] };
		}
		default:
			return unreachable(state);
	}
}
