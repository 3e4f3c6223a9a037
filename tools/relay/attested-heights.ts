/**
 * The highest that a lock ever signed, field by field (docs/UPDATE.md 9, I3): what it must not fall below. An image on trial counts for
 * nothing, for a revert is an ordinary end; floors do not rise before it is confirmed.
 */
import type { Attestation } from "../../modules/wire/attestation.ts";

export interface AttestedHeights {
	readonly sequence: number;
	readonly sequenceFloor: number;
	readonly securityFloor: number;
}

/** Below what any lock signs, so that the first word is the highest in each field. */
export const NO_HEIGHTS: AttestedHeights = Object.freeze({
	sequence: -1,
	sequenceFloor: -1,
	securityFloor: -1,
});

export function heightsOf({
	sequence,
	sequenceFloor,
	securityFloor,
	runningState,
}: Attestation): AttestedHeights {
	// unset: a board without slots, which has no trials.
	const isConfirmed = runningState === "valid" || runningState === "unset";
	return { sequence: isConfirmed ? sequence : NO_HEIGHTS.sequence, sequenceFloor, securityFloor };
}

export function higher(a: AttestedHeights, b: AttestedHeights): AttestedHeights {
	return {
		sequence: Math.max(a.sequence, b.sequence),
		sequenceFloor: Math.max(a.sequenceFloor, b.sequenceFloor),
		securityFloor: Math.max(a.securityFloor, b.securityFloor),
	};
}

export function isBelow(now: Attestation, heights: AttestedHeights): boolean {
	return (
		now.sequence < heights.sequence ||
		now.sequenceFloor < heights.sequenceFloor ||
		now.securityFloor < heights.securityFloor
	);
}
