/**
 * When a grant serves: a validity and a weekly schedule. Pure. Weeks begin on Monday 00:00 at the schedule's own
 * offset from UTC, which never changes with a season: whoever wrote the schedule chose it.
 */
import { LIMITS } from "../base/limits.ts";

export const MINUTES_PER_WEEK = 10080;

/** Minutes since Monday 00:00, end excluded. One that spans the end of the week is written as two. */
export interface WeekWindow {
	/** 0 .. MINUTES_PER_WEEK - 1 */
	readonly startMinute: number;
	/** startMinute + 1 .. MINUTES_PER_WEEK */
	readonly endMinute: number;
}

export interface WeekSchedule {
	/** -840 .. 840 minutes east of UTC. */
	readonly utcOffsetMinutes: number;
	/** 1 .. LIMITS.scheduleWindows */
	readonly windows: readonly WeekWindow[];
}

/** Seconds since 1970 UTC, both ends included; absent means unbounded. */
export interface Validity {
	readonly notBefore?: number;
	readonly notAfter?: number;
}

const MINUTE_MS = 60000;
const OFFSET_MAX_MINUTES = 840;
/** 1970-01-01 was a Thursday. */
const EPOCH_MINUTE_OF_WEEK = 3 * 1440;

export function isWeekSchedule(schedule: WeekSchedule): boolean {
	const { utcOffsetMinutes, windows } = schedule;
	if (!Number.isSafeInteger(utcOffsetMinutes) || Math.abs(utcOffsetMinutes) > OFFSET_MAX_MINUTES)
		return false;
	if (windows.length === 0 || windows.length > LIMITS.scheduleWindows) return false;
	return windows.every(
		({ startMinute, endMinute }) =>
			Number.isSafeInteger(startMinute) &&
			Number.isSafeInteger(endMinute) &&
			startMinute >= 0 &&
			startMinute < endMinute &&
			endMinute <= MINUTES_PER_WEEK,
	);
}

export function minuteOfWeek(unixMs: number, utcOffsetMinutes: number): number {
	const minute = Math.floor(unixMs / MINUTE_MS) + utcOffsetMinutes + EPOCH_MINUTE_OF_WEEK;
	return ((minute % MINUTES_PER_WEEK) + MINUTES_PER_WEEK) % MINUTES_PER_WEEK;
}

export function isWithinSchedule(schedule: WeekSchedule, unixMs: number): boolean {
	const minute = minuteOfWeek(unixMs, schedule.utcOffsetMinutes);
	return schedule.windows.some(({ startMinute, endMinute }) => minute >= startMinute && minute < endMinute);
}

export function hasBegun(validity: Validity, unixMs: number): boolean {
	return validity.notBefore === undefined || unixMs >= validity.notBefore * 1000;
}

export function hasEnded(validity: Validity, unixMs: number): boolean {
	return validity.notAfter !== undefined && unixMs >= (validity.notAfter + 1) * 1000;
}
