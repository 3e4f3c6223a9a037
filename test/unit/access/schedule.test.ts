import {
	hasBegun,
	hasEnded,
	isWeekSchedule,
	isWithinSchedule,
	MINUTES_PER_WEEK,
	minuteOfWeek,
	type WeekSchedule,
} from "../../../modules/access/schedule.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { check, type Suite } from "../../harness/test.ts";

/** 2026-03-02 was a Monday. */
const MONDAY_MS = Date.UTC(2026, 2, 2);
const MINUTE_MS = 60_000;

const OFFICE: WeekSchedule = { utcOffsetMinutes: 0, windows: [{ startMinute: 9 * 60, endMinute: 17 * 60 }] };

export default function suite(t: Suite): void {
	t.test("the week begins on Monday at midnight of the schedule's own offset", () => {
		check.equal(minuteOfWeek(MONDAY_MS, 0), 0);
		check.equal(minuteOfWeek(MONDAY_MS - 1, 0), MINUTES_PER_WEEK - 1);
		check.equal(minuteOfWeek(MONDAY_MS, 120), 120);
		check.equal(minuteOfWeek(MONDAY_MS, -30), MINUTES_PER_WEEK - 30);
		check.equal(minuteOfWeek(0, 0), 3 * 1440);
		check.equal(minuteOfWeek(0, -840), 3 * 1440 - 840);
	});

	t.test("a minute within a window is in, the end minute and every other are out", () => {
		const at = (minute: number) => isWithinSchedule(OFFICE, MONDAY_MS + minute * MINUTE_MS);
		check.equal(at(9 * 60 - 1), false);
		check.equal(at(9 * 60), true);
		check.equal(at(17 * 60 - 1), true);
		check.equal(at(17 * 60), false);
		check.equal(at(1440 + 10 * 60), false, "Tuesday");
		check.equal(isWithinSchedule(OFFICE, MONDAY_MS + 17 * 60 * MINUTE_MS - 1), true);
	});

	t.test("a window over the end of the week is written as two, and both serve", () => {
		const weekend: WeekSchedule = {
			utcOffsetMinutes: -300,
			windows: [
				{ startMinute: 0, endMinute: 60 },
				{ startMinute: MINUTES_PER_WEEK - 60, endMinute: MINUTES_PER_WEEK },
			],
		};
		const midnightMs = MONDAY_MS + 300 * MINUTE_MS;
		check.equal(isWithinSchedule(weekend, midnightMs - 60 * MINUTE_MS), true);
		check.equal(isWithinSchedule(weekend, midnightMs), true);
		check.equal(isWithinSchedule(weekend, midnightMs + 60 * MINUTE_MS), false);
		check.equal(isWithinSchedule(weekend, midnightMs - 61 * MINUTE_MS), false);
	});

	t.test("a schedule agrees with the calendar at every minute of a week", ({ random }) => {
		const startMinute = random.below(MINUTES_PER_WEEK - 1);
		const endMinute = random.between(startMinute + 1, MINUTES_PER_WEEK);
		const schedule: WeekSchedule = {
			utcOffsetMinutes: random.between(-840, 840),
			windows: [{ startMinute, endMinute }],
		};
		const beginMs = MONDAY_MS - schedule.utcOffsetMinutes * MINUTE_MS;
		for (let minute = 0; minute < MINUTES_PER_WEEK; minute += 7) {
			const inside = minute >= startMinute && minute < endMinute;
			check.equal(isWithinSchedule(schedule, beginMs + minute * MINUTE_MS + random.below(MINUTE_MS)), inside);
		}
	});

	t.test("schedules out of their bounds are refused (I8)", () => {
		const window = { startMinute: 0, endMinute: 1 };
		check.equal(isWeekSchedule(OFFICE), true);
		const full = new Array<typeof window>(LIMITS.scheduleWindows).fill(window);
		check.equal(isWeekSchedule({ utcOffsetMinutes: 0, windows: full }), true);
		check.equal(isWeekSchedule({ utcOffsetMinutes: 0, windows: [...full, window] }), false);
		check.equal(isWeekSchedule({ utcOffsetMinutes: 0, windows: [] }), false);
		for (const utcOffsetMinutes of [841, -841, 0.5]) {
			check.equal(isWeekSchedule({ utcOffsetMinutes, windows: [window] }), false);
		}
		for (const [startMinute, endMinute] of [
			[5, 5],
			[6, 5],
			[-1, 5],
			[0, MINUTES_PER_WEEK + 1],
			[0.5, 5],
		] as const) {
			check.equal(isWeekSchedule({ utcOffsetMinutes: 0, windows: [{ startMinute, endMinute }] }), false);
		}
	});

	t.test("a validity includes both of its seconds", () => {
		const validity = { notBefore: 100, notAfter: 200 };
		check.equal(hasBegun(validity, 99_999), false);
		check.equal(hasBegun(validity, 100_000), true);
		check.equal(hasEnded(validity, 200_999), false);
		check.equal(hasEnded(validity, 201_000), true);
		check.equal(hasBegun({}, 0), true);
		check.equal(hasEnded({}, Number.MAX_SAFE_INTEGER), false);
	});
}
