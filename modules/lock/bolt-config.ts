/**
 * What a bolt is, as data: which outputs move it which way, and its times. Nothing here acts.
 *
 * A motor (H-bridge) is driven both ways and is without current at rest. A fail-secure solenoid is pulled back by
 * current and thrown by its spring: losing power throws it. A fail-safe strike or magnet is held thrown by
 * current: losing power, or an engine that hangs for longer than one hold, releases it.
 * Every kind reports both positions.
 */
import { assert } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import type { DriveRole } from "../platform/pins.ts";

export type Motion = "throw" | "retract";
export type OutputKind = "motor" | "fail-secure" | "fail-safe";

export interface BoltConfig {
	readonly output: OutputKind;
	/** From starting to reaching the other position; beyond it the bolt is jammed. */
	readonly travelMs: number;
	/** A bolt that has not left its position after this long has stalled; less than travelMs. */
	readonly stallMs: number;
	/** How long a motor is braked after a motion, and stands before it turns back. 0: no brake. */
	readonly brakeMs: number;
	/** How long a fail-secure solenoid stays pulled back. */
	readonly holdMs: number;
	/** From being retracted to being thrown again; 0: never. A fail-secure bolt relocks by its hold instead. */
	readonly relockMs: number;
	/** Whether a door contact is fitted. With one, the bolt is not driven out while the door is open. */
	readonly doorContact: boolean;
}

export const DEFAULT_BOLT: BoltConfig = Object.freeze({
	output: "motor",
	travelMs: LIMITS.travelMs,
	stallMs: LIMITS.stallMs,
	brakeMs: LIMITS.brakeMs,
	holdMs: LIMITS.holdMs,
	relockMs: LIMITS.relockMs,
	doorContact: true,
});

export interface Actuation {
	/** Undefined: a spring does it once the other output is cut. */
	readonly role: DriveRole | undefined;
	/** What follows reaching the position: the output is cut, kept for one hold, or kept until the other motion. */
	readonly after: "cut" | "hold" | "keep";
}

export interface OutputPlan {
	readonly throw: Actuation;
	readonly retract: Actuation;
	/** Every role that this kind ever energises. */
	readonly roles: readonly DriveRole[];
	readonly brakes: boolean;
}

const SPRING: Actuation = Object.freeze({ role: undefined, after: "cut" });

export const OUTPUT_PLANS: Readonly<Record<OutputKind, OutputPlan>> = Object.freeze({
	motor: Object.freeze({
		throw: Object.freeze({ role: "drive-throw", after: "cut" }),
		retract: Object.freeze({ role: "drive-retract", after: "cut" }),
		roles: Object.freeze(["drive-throw", "drive-retract", "brake"] as const),
		brakes: true,
	}),
	"fail-secure": Object.freeze({
		throw: SPRING,
		retract: Object.freeze({ role: "drive-retract", after: "hold" }),
		roles: Object.freeze(["drive-retract"] as const),
		brakes: false,
	}),
	"fail-safe": Object.freeze({
		throw: Object.freeze({ role: "drive-throw", after: "keep" }),
		retract: SPRING,
		roles: Object.freeze(["drive-throw"] as const),
		brakes: false,
	}),
});

/** The longest that a motion energises its output in one call; 0 for a spring. */
export function energiseMs(config: BoltConfig, motion: Motion): number {
	const { role, after } = OUTPUT_PLANS[config.output][motion];
	if (role === undefined) return 0;
	if (after === "cut") return config.travelMs;
	return after === "hold" ? config.travelMs + config.holdMs : LIMITS.energiseMaxMs;
}

/** Programmer's errors in a board's table end the boot, before anything moves. */
export function assertBoltConfig(config: BoltConfig): void {
	const times = [config.travelMs, config.stallMs, config.brakeMs, config.holdMs, config.relockMs];
	assert(
		times.every((ms) => Number.isSafeInteger(ms) && ms >= 0 && ms <= LIMITS.relockMaxMs),
		"bolt times are whole milliseconds up to a day",
	);
	assert(
		config.travelMs >= 1 && config.stallMs < config.travelMs,
		"a bolt stalls before its travel time ends",
	);
	assert(config.brakeMs <= LIMITS.energiseMaxMs, "a brake is an output like any other");
	for (const motion of ["throw", "retract"] as const) {
		assert(
			energiseMs(config, motion) <= LIMITS.energiseMaxMs,
			"no output is energised for longer than the limit",
		);
	}
}
