/**
 * Which way in may have a chunk (docs/UPDATE.md 6): who sent a wrong one, or was too slow, stands back behind the others. By
 * way, not by session: whoever opens one can open the next. Pure.
 *
 * A wrong chunk costs its way an hour, the next one twice that, up to a day, whatever it sent well in between. A late
 * way gets nothing for a while, and then nothing while another way is at it: so nobody but itself waits for it (T10).
 */
import { LIMITS } from "../base/limits.ts";
import type { SenderWay, Standing } from "./download-step.ts";

/** `othersSend`: another way has a chunk. */
export function mayOpen(
	standings: readonly Standing[],
	way: SenderWay,
	othersSend: boolean,
	nowMs: number,
): boolean {
	if (nowMs < standingOf(standings, way).untilMs) return false;
	return !othersSend || !isLate(standings, way, nowMs);
}

/** It lost a chunk a while ago, and finished none since. */
export function isLate(standings: readonly Standing[], way: SenderWay, nowMs: number): boolean {
	const { lateAtMs } = standingOf(standings, way);
	return lateAtMs !== undefined && nowMs - lateAtMs < LIMITS.updateLateMs;
}

/** A chunk of this way had a wrong digest. */
export function withBad(standings: readonly Standing[], way: SenderWay, nowMs: number): readonly Standing[] {
	const was = standingOf(standings, way);
	const banMs = Math.min(LIMITS.badChunkMs * 2 ** was.bad, LIMITS.badChunkMaxMs);
	return withStanding(standings, { ...was, bad: was.bad + 1, untilMs: Math.max(was.untilMs, nowMs + banMs) });
}

/** It fell silent, or did not finish in time. */
export function withLate(standings: readonly Standing[], way: SenderWay, nowMs: number): readonly Standing[] {
	const was = standingOf(standings, way);
	const untilMs = Math.max(was.untilMs, nowMs + LIMITS.updateStallMs);
	return withStanding(standings, { ...was, untilMs, lateAtMs: nowMs });
}

/** Another way took over what it left. */
export function withOvertaken(
	standings: readonly Standing[],
	way: SenderWay,
	nowMs: number,
): readonly Standing[] {
	return withStanding(standings, { ...standingOf(standings, way), lateAtMs: nowMs });
}

/** It finished a chunk in time. */
export function withGood(standings: readonly Standing[], way: SenderWay): readonly Standing[] {
	const was = standingOf(standings, way);
	return was.lateAtMs === undefined ? standings : withStanding(standings, { ...was, lateAtMs: undefined });
}

function standingOf(standings: readonly Standing[], way: SenderWay): Standing {
	const found = standings.find((each) => each.way === way);
	return found ?? { way, untilMs: Number.NEGATIVE_INFINITY, bad: 0, lateAtMs: undefined };
}

function withStanding(standings: readonly Standing[], one: Standing): readonly Standing[] {
	return [...standings.filter((each) => each.way !== one.way), one];
}
