/**
 * Where a board goes on that comes to a station, for the first time or after any interruption: the rules of docs/FACTORY.md
 * as one pure function of what the journal has on record and what the board says. Nothing is ever guessed in favour of going
 * on: what fits no rule is set aside.
 *
 *   - What the firmware says counts first; the chip is asked only where no firmware answers or it has no serial.
 *   - A board whose key is on record and who shows another, or none, is never given that serial again.
 *   - A board that does not answer is erased only while no key of it is on record.
 */
import type { LineStage } from "../../../modules/wire/line-verb.ts";
import type { Cause } from "./cause.ts";
import { isBefore, type Step } from "./steps.ts";

/** Of a board's life on the line, as the journal has it. */
export interface Standing {
	readonly id: number;
	readonly state: "open" | "done" | "scrapped";
	/** The step to be done next. */
	readonly next: Step;
	/** It was begun, and nobody knows whether it was done. */
	readonly begun: boolean;
	readonly serial: string | undefined;
	readonly publicKeyHex: string | undefined;
	readonly burned: "no" | "partly" | "yes";
	/** Scrapped, and may be begun anew. */
	readonly rework: boolean;
	/** The images in its flash are those of the present configuration. */
	readonly written: boolean;
}

/** What a board's firmware says, or that none answers. */
export type Told =
	| { readonly stage: "none" }
	| {
			readonly stage: LineStage;
			readonly serial: string | undefined;
			readonly publicKeyHex: string | undefined;
	  };

export type Verdict =
	| { readonly kind: "continue"; readonly board: number; readonly step: Step }
	/** `retire`: the life that ends with it; its serial is nobody's any more, its key is revoked. */
	| { readonly kind: "begin-anew"; readonly retire?: number }
	| { readonly kind: "complete"; readonly board: number }
	| { readonly kind: "refuse"; readonly board?: number; readonly failure: Cause };

/** A firmware that has a serial answers; `standing` is that of this serial. */
export function judgeBegun(
	told: Told & { stage: LineStage },
	standing: Standing | undefined,
	burn: boolean,
): Verdict {
	if (standing === undefined) return { kind: "refuse", failure: "foreign-board" };
	const { id, state, next, begun, publicKeyHex } = standing;
	const refuse = (failure: Cause): Verdict => ({ kind: "refuse", board: id, failure });
	if (state === "scrapped") return standing.rework ? { kind: "begin-anew" } : refuse("scrapped");
	if (publicKeyHex === undefined) {
		const mayHaveBegun = next === "keys" && begun && told.stage === "keyed";
		return mayHaveBegun ? { kind: "continue", board: id, step: "keys" } : refuse("foreign-board");
	}
	if (told.publicKeyHex !== publicKeyHex) return refuse("key-differs");
	const sealed = told.stage === "sealed";
	if (state === "done") return sealed ? { kind: "complete", board: id } : refuse("seal-differs");
	if (sealed) {
		const mayHaveSealed = next === "seal" && begun;
		return mayHaveSealed ? { kind: "continue", board: id, step: "seal" } : refuse("seal-differs");
	}
	// Its certificate or its trust was lost: flash that does not keep what it said it kept is found by the same steps.
	if (told.stage === "keyed" && isBefore("install", next))
		return { kind: "continue", board: id, step: "trust" };
	const unburned = burn && standing.burned !== "yes" && isBefore("burn", next);
	return { kind: "continue", board: id, step: unburned ? "burn" : next };
}

/** No firmware answers, or one without a serial; `standing` is that of the chip's newest life. */
export function judgeBlank(told: Told, standing: Standing | undefined): Verdict {
	// Sealed, and its serial is lost: some door's, and nothing that a line may erase.
	if (standing === undefined)
		return told.stage === "sealed" ? { kind: "refuse", failure: "foreign-board" } : { kind: "begin-anew" };
	const { id, state, next, written, publicKeyHex } = standing;
	const refuse = (failure: Cause): Verdict => ({ kind: "refuse", board: id, failure });
	if (state === "scrapped") return standing.rework ? { kind: "begin-anew" } : refuse("scrapped");
	if (publicKeyHex !== undefined || state === "done") {
		if (told.stage === "none") return refuse("silent");
		// Blank flash, burned eFuses: what erased it had no right to.
		if (state === "done" || standing.burned !== "no") return refuse("key-differs");
		return { kind: "begin-anew", retire: id };
	}
	if (told.stage === "none" || !written) return { kind: "continue", board: id, step: "write" };
	return { kind: "continue", board: id, step: next };
}
