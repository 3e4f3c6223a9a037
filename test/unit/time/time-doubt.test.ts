/** The doubt machine, state by event (T13, T4). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { type DoubtEvent, type DoubtState, NO_DOUBT, stepDoubt } from "../../../modules/time/time-doubt.ts";
import { check, type Suite } from "../../harness/test.ts";

const MAX = 3;
const DATES: DoubtEvent = { kind: "failed", dates: true, judgedAt: "estimate" };
const OTHERS: readonly DoubtEvent[] = [
	{ kind: "failed", dates: false, judgedAt: "estimate" },
	{ kind: "failed", dates: true, judgedAt: "floor" },
	{ kind: "failed", dates: false, judgedAt: "floor" },
];
const ENDS: readonly DoubtEvent[] = [{ kind: "accepted" }, { kind: "corrected" }];

/** Runs events from the start; how often the estimate was dropped, and the state at the end. */
function run(
	events: readonly DoubtEvent[],
	max = MAX,
): { readonly drops: number; readonly state: DoubtState } {
	let state = NO_DOUBT;
	let drops = 0;
	for (const event of events) {
		const step = stepDoubt(state, event, max);
		state = step.state;
		if (step.drop) drops++;
	}
	return { drops, state };
}

export default function suite(t: Suite): void {
	t.test("every state and every event has its step (T13)", () => {
		for (let failures = 0; failures < MAX; failures++) {
			const last = failures === MAX - 1;
			check.deepEqual(stepDoubt({ failures }, DATES, MAX), {
				state: { failures: last ? 0 : failures + 1 },
				drop: last,
			});
			for (const event of OTHERS)
				check.deepEqual(stepDoubt({ failures }, event, MAX), { state: { failures }, drop: false });
			for (const event of ENDS)
				check.deepEqual(stepDoubt({ failures }, event, MAX), { state: { failures: 0 }, drop: false });
		}
	});

	t.test("so many dates in a row under an estimate end it, one fewer do not (T13)", () => {
		const events = new Array<DoubtEvent>(LIMITS.timeDoubts - 1).fill(DATES);
		check.equal(run(events, LIMITS.timeDoubts).drops, 0);
		check.deepEqual(run([...events, DATES], LIMITS.timeDoubts), { drops: 1, state: NO_DOUBT });
	});

	t.test("a certificate that held, or a new estimate, ends a row of doubts (T4, T13)", () => {
		for (const end of ENDS) {
			check.equal(run([DATES, DATES, end, DATES, DATES]).drops, 0);
			check.equal(run([DATES, DATES, end, DATES, DATES, DATES]).drops, 1);
		}
	});

	t.test("a dead relay in the list neither makes nor ends doubts (T13)", () => {
		for (const other of OTHERS) {
			check.equal(run(new Array<DoubtEvent>(100).fill(other)).drops, 0);
			check.equal(run([DATES, other, DATES, other, DATES]).drops, 1);
		}
	});

	t.test("no sequence of events drops without so many dates since the last end (T13)", ({ random }) => {
		const all = [DATES, ...OTHERS, ...ENDS];
		for (let round = 0; round < 300; round++) {
			let state = NO_DOUBT;
			let dates = 0;
			for (let index = 0; index < 60; index++) {
				const event = random.boolean() ? DATES : all[random.below(all.length)]!;
				const step = stepDoubt(state, event, MAX);
				state = step.state;
				if (event === DATES) dates++;
				if (ENDS.includes(event)) dates = 0;
				check.equal(step.drop, dates === MAX);
				if (step.drop) dates = 0;
			}
		}
	});
}
