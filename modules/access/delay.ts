/**
 * The delay bound (PROTOCOL 5.3, DESIGN 5.3): which anchors a session holds and whether a stamped act is fresh. Pure:
 * time is an argument, the list is a value. Answers T3 (a genuine command held back).
 */
import { LIMITS } from "../base/limits.ts";

export interface Anchor {
	readonly number: number;
	/** Monotonic time at which it was handed to the transport. */
	readonly sentAtMs: number;
}

/** The anchors a session holds, oldest first, at most LIMITS.anchorsKept. */
export type Anchors = readonly Anchor[];

/** Anchor 0: Noise message 2. */
export function firstAnchor(nowMs: number): Anchors {
	return [{ number: 0, sentAtMs: nowMs }];
}

/** The list after one more anchor, which is its last; the oldest goes when there is no room. */
export function withNextAnchor(anchors: Anchors, nowMs: number): Anchors {
	const last = anchors[anchors.length - 1];
	const next = { number: last === undefined ? 0 : last.number + 1, sentAtMs: nowMs };
	return [...anchors, next].slice(-LIMITS.anchorsKept);
}

/** Whether the act stamped `stampMs` after receiving the anchor is within the delay bound now. */
export function isFresh(anchors: Anchors, number: number, stampMs: number, nowMs: number): boolean {
	const anchor = anchors.find((kept) => kept.number === number);
	if (anchor === undefined) return false;
	const ageMs = nowMs - anchor.sentAtMs;
	if (!(ageMs >= 0 && ageMs <= LIMITS.anchorMs)) return false;
	const delayMs = ageMs - stampMs;
	return delayMs >= -LIMITS.driftMaxMs && delayMs <= LIMITS.delayMaxMs;
}
