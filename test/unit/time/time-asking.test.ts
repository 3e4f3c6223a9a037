/** When the time role is asked over the link: every state by every event. */
import {
	ASKING_AT_BOOT,
	type AskingEvent,
	type AskingState,
	type AskingStep,
	stepAsking,
} from "../../../modules/time/time-asking.ts";
import { check, type Suite } from "../../harness/test.ts";

const SETTINGS = { answerMs: 10, retryMs: 100, refreshMs: 1000 };
const NOW = 5000;
const DOWN_DUE: AskingState = { kind: "down", dueMs: NOW - 1 };
const DOWN_LATER: AskingState = { kind: "down", dueMs: NOW + 7 };
const RESTING_DUE: AskingState = { kind: "resting", dueMs: NOW };
const RESTING: AskingState = { kind: "resting", dueMs: NOW + 7 };
const ASKED: AskingState = { kind: "asked", untilMs: NOW + 3 };
const ASKED_LATE: AskingState = { kind: "asked", untilMs: NOW };

function rests(dueMs: number): AskingStep {
	return { state: { kind: "resting", dueMs }, effects: [{ kind: "wake", delayMs: dueMs - NOW }] };
}

function stays(state: AskingState): AskingStep {
	return { state, effects: [] };
}

const ASKS: AskingStep = {
	state: { kind: "asked", untilMs: NOW + SETTINGS.answerMs },
	effects: [{ kind: "ask" }, { kind: "wake", delayMs: SETTINGS.answerMs }],
};

const TABLE: readonly (readonly [AskingState, AskingEvent["kind"], AskingStep])[] = [
	[DOWN_DUE, "up", ASKS],
	[DOWN_DUE, "down", stays(DOWN_DUE)],
	[DOWN_DUE, "look", stays(DOWN_DUE)],
	[DOWN_DUE, "wanted", stays({ kind: "down", dueMs: NOW })],
	[DOWN_DUE, "answered", stays({ kind: "down", dueMs: NOW + 1000 })],
	[DOWN_DUE, "refused", stays(DOWN_DUE)],
	[DOWN_LATER, "up", rests(NOW + 7)],
	[DOWN_LATER, "down", stays(DOWN_LATER)],
	[DOWN_LATER, "look", stays(DOWN_LATER)],
	[DOWN_LATER, "wanted", stays({ kind: "down", dueMs: NOW })],
	[DOWN_LATER, "answered", stays({ kind: "down", dueMs: NOW + 1000 })],
	[DOWN_LATER, "refused", stays(DOWN_LATER)],
	[RESTING_DUE, "up", stays(RESTING_DUE)],
	[RESTING_DUE, "down", stays({ kind: "down", dueMs: NOW })],
	[RESTING_DUE, "look", ASKS],
	[RESTING_DUE, "wanted", ASKS],
	[RESTING_DUE, "answered", rests(NOW + 1000)],
	[RESTING_DUE, "refused", stays(RESTING_DUE)],
	[RESTING, "up", stays(RESTING)],
	[RESTING, "down", stays({ kind: "down", dueMs: NOW + 7 })],
	[RESTING, "look", rests(NOW + 7)],
	[RESTING, "wanted", ASKS],
	[RESTING, "answered", rests(NOW + 1000)],
	[RESTING, "refused", stays(RESTING)],
	[ASKED, "up", stays(ASKED)],
	[ASKED, "down", stays({ kind: "down", dueMs: NOW })],
	[ASKED, "look", { state: ASKED, effects: [{ kind: "wake", delayMs: 3 }] }],
	[ASKED, "wanted", stays(ASKED)],
	[ASKED, "answered", rests(NOW + 1000)],
	[ASKED, "refused", rests(NOW + 100)],
	[ASKED_LATE, "up", stays(ASKED_LATE)],
	[ASKED_LATE, "down", stays({ kind: "down", dueMs: NOW })],
	[ASKED_LATE, "look", rests(NOW + 100)],
	[ASKED_LATE, "wanted", stays(ASKED_LATE)],
	[ASKED_LATE, "answered", rests(NOW + 1000)],
	[ASKED_LATE, "refused", rests(NOW + 100)],
];

export default function suite(t: Suite): void {
	t.test("every state and every event has its step", () => {
		check.equal(TABLE.length, 6 * 6);
		for (const [state, kind, step] of TABLE)
			check.deepEqual(stepAsking(SETTINGS, state, { kind }, NOW), step, `${state.kind} ${kind}`);
	});

	t.test("after a boot the first link asks at once", () => {
		check.deepEqual(stepAsking(SETTINGS, ASKING_AT_BOOT, { kind: "up" }, NOW), ASKS);
	});
}
