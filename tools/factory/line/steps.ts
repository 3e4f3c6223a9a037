/** The steps of a board through the line, in their order (docs/FACTORY.md). */

export const STEPS = Object.freeze([
	"write", // the line's images into flash, verified; they burn nothing
	"start", // the firmware answers, and is the right one
	"self-test",
	"burn", // with --burn: production images, and the security eFuses but the last; without it nothing
	"number", // a serial of its own, on record before the board hears of it
	"keys", // the board makes its keys and asks for a certificate
	"sign", // the certificate, on disk before the board gets it
	"trust",
	"install",
	"read-back", // the certificate as flash has it, and the proof of its key
	"record", // the registry
	"close", // with --burn: the last eFuse, which closes the chip
	"label",
	"seal",
] as const);
export type Step = (typeof STEPS)[number];

/** Undefined after the last one. */
export function stepAfter(step: Step): Step | undefined {
	return STEPS[STEPS.indexOf(step) + 1];
}

/** Whether `step` comes before `other`. */
export function isBefore(step: Step, other: Step): boolean {
	return STEPS.indexOf(step) < STEPS.indexOf(other);
}
