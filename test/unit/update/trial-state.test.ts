/** The trial machine: every state with every event (T10, T12, I4). */
import { LIMITS } from "../../../modules/base/limits.ts";
import {
	stepTrial,
	TRIAL_OVER,
	type TrialEvent,
	type TrialState,
} from "../../../modules/update/trial-state.ts";
import { check, type Suite } from "../../harness/test.ts";

const NUMBERS = Object.freeze({ sequence: 2, securityVersion: 1 });
const TRIAL = Object.freeze({ ...NUMBERS, reachable: true });
const ALL_WELL: TrialEvent = Object.freeze({ kind: "look", storage: true, bolt: true, reached: true });

function boot(parts: Partial<Extract<TrialEvent, { kind: "boot" }>> = {}): TrialEvent {
	return { kind: "boot", isPending: true, trial: TRIAL, firmware: NUMBERS, image: NUMBERS, ...parts };
}

const STATES: readonly TrialState[] = Object.freeze([
	TRIAL_OVER,
	{ kind: "testing", startedAtMs: 0, reachable: true },
	{ kind: "confirming", startedAtMs: 0 },
	{ kind: "reverting", reason: "trial-bolt" },
	{ kind: "stuck", reason: "trial-bolt" },
]);

const EVENTS: readonly TrialEvent[] = Object.freeze([
	boot(),
	boot({ isPending: false }),
	boot({ trial: undefined }),
	ALL_WELL,
	{ kind: "look", storage: false, bolt: true, reached: true },
	{ kind: "look", storage: true, bolt: false, reached: false },
	{ kind: "confirmed" },
	{ kind: "no-image" },
]);

export default function suite(t: Suite): void {
	t.test(
		"every state takes every event, and only a whole self-test leads to a confirmation (T10, I4)",
		() => {
			let pairs = 0;
			for (const state of STATES) {
				for (const event of EVENTS) {
					for (const nowMs of [0, LIMITS.trialSettleMs, LIMITS.trialMs]) {
						const { effects, state: next } = stepTrial(state, event, nowMs);
						pairs++;
						const confirms = effects.some(({ kind }) => kind === "confirm");
						const mayConfirm =
							(event.kind === "no-image" && state.kind === "reverting") ||
							(event.kind === "look" &&
								((state.kind === "testing" && event === ALL_WELL && nowMs >= LIMITS.trialSettleMs) ||
									(state.kind === "confirming" && nowMs < LIMITS.trialMs)));
						check.equal(confirms, mayConfirm, `${state.kind} ${event.kind} at ${nowMs}`);
						check.equal(
							effects.some(({ kind }) => kind === "revert"),
							next.kind === "reverting" && next !== state,
							`${state.kind} ${event.kind} at ${nowMs}`,
						);
					}
				}
			}
			check.equal(pairs, STATES.length * EVENTS.length * 3);
		},
	);

	t.test("an image that is not the one on trial is given up at once (T10)", () => {
		for (const parts of [
			{ trial: undefined },
			{ firmware: { sequence: 3, securityVersion: 1 } },
			{ firmware: { sequence: 2, securityVersion: 0 } },
			{ image: { sequence: 1, securityVersion: 1 } },
			{ image: undefined },
		]) {
			const { effects } = stepTrial(TRIAL_OVER, boot(parts), 0);
			check.deepEqual(effects, [{ kind: "revert", reason: "trial-wrong-image" }]);
		}
		check.equal(stepTrial(TRIAL_OVER, boot(), 0).state.kind, "testing");
	});

	t.test("each part of the self-test has its word and its patience (T12, T19)", () => {
		const testing: TrialState = { kind: "testing", startedAtMs: 0, reachable: true };
		const look = (parts: Partial<Extract<TrialEvent, { kind: "look" }>>, nowMs: number) =>
			stepTrial(testing, { kind: "look", storage: true, bolt: true, reached: true, ...parts }, nowMs).effects;
		check.deepEqual(look({ storage: false }, 0), [{ kind: "revert", reason: "trial-storage" }]);
		check.deepEqual(look({ bolt: false }, LIMITS.trialMs - 1), []);
		check.deepEqual(look({ bolt: false }, LIMITS.trialMs), [{ kind: "revert", reason: "trial-bolt" }]);
		check.deepEqual(look({ reached: false }, LIMITS.trialMs - 1), []);
		check.deepEqual(look({ reached: false }, LIMITS.trialMs), [
			{ kind: "revert", reason: "trial-unreachable" },
		]);
		const alone: TrialState = { ...testing, reachable: false };
		const silent = { kind: "look", storage: true, bolt: true, reached: false } as const;
		check.deepEqual(stepTrial(alone, silent, LIMITS.trialSettleMs).effects, [{ kind: "confirm" }]);
	});

	t.test("a confirmation that flash does not take is late in the end (T12)", () => {
		const confirming: TrialState = { kind: "confirming", startedAtMs: 0 };
		check.deepEqual(stepTrial(confirming, ALL_WELL, LIMITS.trialMs - 1).effects, [{ kind: "confirm" }]);
		check.deepEqual(stepTrial(confirming, ALL_WELL, LIMITS.trialMs).effects, [
			{ kind: "revert", reason: "trial-late" },
		]);
	});

	t.test("where there is nothing to go back to the image works on, unconfirmed (I4, I10)", () => {
		for (const reason of ["trial-wrong-image", "trial-storage", "trial-late"] as const) {
			const { state, effects } = stepTrial({ kind: "reverting", reason }, { kind: "no-image" }, 0);
			check.deepEqual(state, { kind: "stuck", reason });
			check.deepEqual(effects, []);
			check.deepEqual(stepTrial(state, ALL_WELL, LIMITS.trialMs).effects, []);
		}
	});

	t.test(
		"where there is nothing to go back to a sensor or the network outside ends no image (I4, I10, T19)",
		() => {
			for (const reason of ["trial-bolt", "trial-unreachable"] as const) {
				const { state, effects } = stepTrial({ kind: "reverting", reason }, { kind: "no-image" }, 700000);
				check.deepEqual(effects, [{ kind: "confirm" }]);
				check.deepEqual(state, { kind: "confirming", startedAtMs: 700000 });
				check.equal(stepTrial(state, { kind: "confirmed" }, 700000).state.kind, "over");
			}
		},
	);
}
