/**
 * Which way in may have a chunk (docs/UPDATE.md 6): who sent a wrong one, or was too slow, stands back behind the others. Link, line,
 * and each phone's grant for itself, not each session: whoever opens one can open the next. Pure.
 *
 * A wrong chunk costs its way an hour, the next one twice that, up to a day, whatever it sent well in between. A late
 * way gets nothing for a while, and then nothing while another way is at it: so nobody but itself waits for it (T10).
 *
 * Who lets go of a chunk that it began (the newest of other phones took its place in memory) is late too, and owes that chunk: it begins no
 * other before that one is good. Once more, and it counts as a wrong one. So phones that come and go hold up one chunk each, not all.
 *
 * Bounded (I8). What is over makes room, the oldest first; a ban that goes on never does, whoever comes. Where nothing is over, whoever is
 * to blame next has no entry of its own: all phones without one share one then.
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
	if (standings.length === 0) return true;
	if (nowMs < standingOf(standings, way, nowMs).untilMs) return false;
	return !othersSend || !isLate(standings, way, nowMs);
}

/** Whether this way may begin that chunk. */
export function mayBegin(
	standings: readonly Standing[],
	way: SenderWay,
	chunk: number,
	nowMs: number,
): boolean {
	if (standings.length === 0) return true;
	const { owes } = standingOf(standings, way, nowMs);
	return owes === undefined || owes === chunk;
}

/** It lost a chunk a while ago, and finished none since. */
export function isLate(standings: readonly Standing[], way: SenderWay, nowMs: number): boolean {
	const { lateAtMs } = standingOf(standings, way, nowMs);
	return lateAtMs !== undefined && nowMs - lateAtMs < LIMITS.updateLateMs;
}

/** A chunk of this way had a wrong digest. */
export function withBad(standings: readonly Standing[], way: SenderWay, nowMs: number): readonly Standing[] {
	const was = standingOf(standings, way, nowMs);
	const banMs = Math.min(LIMITS.badChunkMs * 2 ** was.bad, LIMITS.badChunkMaxMs);
	return withStanding(
		standings,
		{ ...was, way, bad: was.bad + 1, untilMs: Math.max(was.untilMs, nowMs + banMs) },
		nowMs,
	);
}

/** It fell silent, or did not finish in time. */
export function withLate(standings: readonly Standing[], way: SenderWay, nowMs: number): readonly Standing[] {
	const was = standingOf(standings, way, nowMs);
	const untilMs = Math.max(was.untilMs, nowMs + LIMITS.updateStallMs);
	return withStanding(standings, { ...was, way, untilMs, lateAtMs: nowMs }, nowMs);
}

/** Another way took over what it left. */
export function withOvertaken(
	standings: readonly Standing[],
	way: SenderWay,
	nowMs: number,
): readonly Standing[] {
	return withStanding(standings, { ...standingOf(standings, way, nowMs), way, lateAtMs: nowMs }, nowMs);
}

/** What it left was let go, and has to be begun anew by somebody. */
export function withLetGo(
	standings: readonly Standing[],
	way: SenderWay,
	chunk: number,
	nowMs: number,
): readonly Standing[] {
	const isAgain = standingOf(standings, way, nowMs).owes !== undefined;
	const blamed = isAgain ? withBad(standings, way, nowMs) : standings;
	const late = withLate(blamed, way, nowMs);
	const was = standingOf(late, way, nowMs);
	return late.map((each) => (each === was ? { ...was, owes: chunk } : each));
}

/** It finished this chunk in time, which nobody owes any more. */
export function withGood(standings: readonly Standing[], way: SenderWay, chunk: number): readonly Standing[] {
	if (standings.length === 0) return standings;
	return standings.map((each) => {
		const lateAtMs = each.way === way ? undefined : each.lateAtMs;
		const owes = each.owes === chunk ? undefined : each.owes;
		return lateAtMs === each.lateAtMs && owes === each.owes ? each : { ...each, lateAtMs, owes };
	});
}

/** For another object, whose chunks are others. */
export function withoutOwed(standings: readonly Standing[]): readonly Standing[] {
	return standings.map((each) => (each.owes === undefined ? each : { ...each, owes: undefined }));
}

/** Of who is not remembered: of all such phones, where there was no room for one of them. */
function standingOf(standings: readonly Standing[], way: SenderWay, nowMs: number): Standing {
	const own = standings.find((each) => each.way === way);
	if (own !== undefined) return own;
	const shared = typeof way === "number" ? standings.find((each) => each.way === "phones") : undefined;
	if (shared !== undefined && !isOver(shared, nowMs)) return shared;
	return { way, untilMs: Number.NEGATIVE_INFINITY, bad: 0, lateAtMs: undefined, owes: undefined };
}

function withStanding(standings: readonly Standing[], one: Standing, nowMs: number): readonly Standing[] {
	const others = standings.filter((each) => each.way !== one.way);
	// Link, line, and the one that phones share have places of their own.
	const isPhone = typeof one.way === "number";
	if (!isPhone || others.filter(({ way }) => typeof way === "number").length < LIMITS.updatePhones) {
		return [...others, one];
	}
	const over = oldestOver(others, nowMs);
	if (over !== undefined) return [...others.filter((each) => each !== over), one];
	return withStanding(standings, { ...one, way: "phones" }, nowMs);
}

/** Neither banned nor late any more, and it owes nothing. */
function isOver({ untilMs, lateAtMs, owes }: Standing, nowMs: number): boolean {
	return (
		owes === undefined &&
		nowMs >= untilMs &&
		(lateAtMs === undefined || nowMs - lateAtMs >= LIMITS.updateLateMs)
	);
}

function oldestOver(standings: readonly Standing[], nowMs: number): Standing | undefined {
	let oldest: Standing | undefined;
	for (const each of standings) {
		if (typeof each.way !== "number" || !isOver(each, nowMs)) continue;
		if (oldest === undefined || each.untilMs < oldest.untilMs) oldest = each;
	}
	return oldest;
}
