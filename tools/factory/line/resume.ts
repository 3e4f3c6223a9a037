/**
 * Where a board goes on that comes to a station, for the first time or after any interruption: the rules of docs/FACTORY.md
 * as one pure function of what the journal has on record and what the board says. Nothing is ever guessed in favour of going
 * on: what fits no rule is set aside.
 *
 *   - What the firmware says counts first; the chip is asked only where no firmware answers or it has no serial.
 *   - A board whose key is on record and who shows another, or none, is never given that serial again.
 *   - A board that does not answer was started and waited for before anything is concluded. It is erased only while no key of
 *     it is on record, and one that the journal does not know only when its flash is blank or somebody confirmed it.
 *   - A board with burned eFuses never gets the line's images: they would read as noise, or not start.
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

/** What is known of a silent board beside the journal. */
export interface Seen {
	/** It was started and waited for. */
	readonly woken: boolean;
	/** Nothing was ever written to it. */
	readonly blank: boolean;
	/** Somebody said that this chip, or any, may be erased. */
	readonly confirmed: boolean;
	/** eFuses are to be burned. */
	readonly burn: boolean;
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
	/** Nobody knows yet: it is started, waited for, and judged again. */
	| { readonly kind: "wake" }
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
	const mayHaveBegun = next === "keys" && begun && told.stage === "keyed";
	if (publicKeyHex === undefined && !mayHaveBegun) return refuse("foreign-board");
	if (publicKeyHex !== undefined && told.publicKeyHex !== publicKeyHex) return refuse("key-differs");
	// Its keys were made in flash that is not encrypted; a board without burned eFuses is none of this line's.
	if (burn && standing.burned === "no") return refuse("not-burned");
	if (publicKeyHex === undefined) return { kind: "continue", board: id, step: "keys" };
	const sealed = told.stage === "sealed";
	if (state === "done") return sealed ? { kind: "complete", board: id } : refuse("seal-differs");
	if (sealed) {
		const mayHaveSealed = next === "seal" && begun;
		return mayHaveSealed ? { kind: "continue", board: id, step: "seal" } : refuse("seal-differs");
	}
	// Its certificate or its trust was lost: flash that does not keep what it said it kept is found by the same steps.
	if (told.stage === "keyed" && isBefore("install", next))
		return { kind: "continue", board: id, step: "trust" };
	return { kind: "continue", board: id, step: next };
}

/** No firmware answers, or one without a serial; `standing` is that of the chip's newest life. */
export function judgeBlank(told: Told, standing: Standing | undefined, seen: Seen): Verdict {
	const silent = told.stage === "none";
	const wake: Verdict | undefined = silent && !seen.woken ? { kind: "wake" } : undefined;
	if (standing === undefined) {
		// Sealed, and its serial is lost: some door's, and nothing that a line may erase.
		if (told.stage === "sealed") return { kind: "refuse", failure: "foreign-board" };
		if (!silent || seen.blank) return { kind: "begin-anew" };
		return wake ?? (seen.confirmed ? { kind: "begin-anew" } : { kind: "refuse", failure: "not-blank" });
	}
	const { id, state, next, written, publicKeyHex, burned } = standing;
	const refuse = (failure: Cause): Verdict => ({ kind: "refuse", board: id, failure });
	const go = (step: Step): Verdict => ({ kind: "continue", board: id, step });
	if (state === "scrapped") return standing.rework ? { kind: "begin-anew" } : refuse("scrapped");
	if (publicKeyHex !== undefined || state === "done") {
		if (silent) return wake ?? refuse("silent");
		// Blank flash, burned eFuses: what erased it had no right to.
		if (state === "done" || burned !== "no") return refuse("key-differs");
		return { kind: "begin-anew", retire: id };
	}
	if (burned !== "no") {
		// Between two eFuses nothing starts, and burning goes on from what is burned.
		if (!silent || next === "burn") return go(isBefore(next, "burn") ? "burn" : next);
		return wake ?? refuse("silent");
	}
	// What it has in flash is not what it is to have; nothing of its own is lost.
	if (!written || isBefore(next, "self-test")) return go(silent || !written ? "write" : next);
	if (silent) return wake ?? go("write");
	// It was to be one for development until now.
	return go(seen.burn && isBefore("burn", next) ? "burn" : next);
}
