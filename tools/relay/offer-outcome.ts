/**
 * What became of an offer, by the lock's word, and when what became of them all stops a rollout (docs/OPERATIONS.md), as pure
 * functions. A lock that took a release and went silent says nothing: silence.ts.
 */
import type { UpdateReport, UpdateResult } from "../../modules/wire/update-report.ts";
import type { FormerOffer, Rollout } from "./rollout.ts";
import type { OfferOutcome } from "./update-schema.ts";

/** The relay's word, where a lock has none. */
export const SILENT = "silent";

const FAILURES: ReadonlySet<UpdateResult> = new Set([
	"chunk-digest",
	"object-digest",
	"slot-io",
	"slot-digest",
	"trial-crashed",
	"trial-storage",
	"trial-bolt",
	"trial-unreachable",
	"trial-wrong-image",
	"trial-late",
]);

/**
 * Refusals for what the release itself is. The others wait for something else first (its statement, its bundle, a release in between), or
 * are the lock's own: which class it is of, and what room it has.
 */
const UNFIT: ReadonlySet<string> = new Set([
	"malformed",
	"untrusted",
	"rollback-security",
	"rollback-sequence",
	"too-large",
	"parked",
] satisfies readonly UpdateResult[]);

/** The delta did not do; the full image follows. Nor does the day's allowance of flash say anything of the release. */
const NEITHER: ReadonlySet<UpdateResult> = new Set(["none", "patch", "too-often", "storage"]);

/** The lock has this release and does with it what it does; parked: not before a newer one, or its owner's word. */
export function isUnderWay({ state, offered }: UpdateReport, sequence: number): boolean {
	return state !== "idle" && offered === sequence;
}

/** What a report says about a release that was offered, `former` being what is known; undefined: nothing. */
export function outcomeOf(
	report: UpdateReport,
	sequence: number,
	former: OfferOutcome,
): { readonly outcome: OfferOutcome; readonly result: string } | undefined {
	const { state, result } = report;
	if (report.sequence === sequence && state !== "trial") return { outcome: "installed", result: "installed" };
	if (report.sequence >= sequence) return undefined;
	if (state === "parked" && report.offered === sequence) return { outcome: "failed", result };
	// It took up what it refused before.
	const takenUp = former === "refused" && isUnderWay(report, sequence);
	if (takenUp) return { outcome: "offered", result: "none" };
	if (report.resultSequence !== sequence || NEITHER.has(result)) return undefined;
	// It says that it is installed, and does not run it.
	if (result === "installed") return undefined;
	if (FAILURES.has(result)) return { outcome: "failed", result };
	// What failed once is no refusal because the next offer is one.
	return former === "failed" ? undefined : { outcome: "refused", result };
}

/** A refusal of what the lock could not read, or would not: it names no release, and is about what it was offered last. */
export function refusesUnread({ state, result, resultSequence }: UpdateReport): boolean {
	return (
		state === "idle" && resultSequence === undefined && (result === "malformed" || result === "untrusted")
	);
}

/** It is about to boot this release, or tries it: what becomes of it is its next word. */
export function hasTaken({ state, offered, sequence: running }: UpdateReport, sequence: number): boolean {
	if (state === "trial") return running === sequence || offered === sequence;
	return state === "waiting" && offered === sequence;
}

/** The same failure, another time. */
export function isFailureAgain(report: UpdateReport, former: FormerOffer): boolean {
	return former.outcome === "failed" && former.reverts !== undefined && report.reverts > former.reverts;
}

export interface OutcomeCount {
	readonly installed: number;
	readonly failed: number;
	readonly refused: number;
	readonly offered: number;
	/** Of those that refused it: for what the release itself is. */
	readonly unfit: number;
}

/** It refused the release for what that is. */
export function isUnfit({ outcome, result }: Pick<FormerOffer, "outcome" | "result">): boolean {
	return outcome === "refused" && UNFIT.has(result ?? "");
}

/** Of one release; `generation`: outcomes of before the rollout was resumed for that time are left out. */
export function countOutcomes(offers: Iterable<FormerOffer>, generation = 0): OutcomeCount {
	const count = { installed: 0, failed: 0, refused: 0, offered: 0, unfit: 0 };
	for (const offer of offers) {
		if (offer.outcome !== "offered" && offer.generation < generation) continue;
		count[offer.outcome]++;
		if (isUnfit(offer)) count.unfit++;
	}
	return count;
}

/** Why a rollout must stop; undefined as long as it need not. */
export function haltReason(rollout: Rollout, { installed, failed, unfit }: OutcomeCount): string | undefined {
	const { haltRate, haltMinimum, refusalRate } = rollout;
	const isTooMany = (count: number, of: number, rate: number): boolean =>
		// One lock that lies, or is dead, stops nobody else's release, but for who asked to stop at the first.
		count >= Math.min(2, haltMinimum) && of >= haltMinimum && count * 100 > of * rate;
	const outcomes = installed + failed;
	if (isTooMany(failed, outcomes, haltRate))
		return `${failed} of ${outcomes} locks failed, more than ${haltRate} %`;
	const answers = outcomes + unfit;
	if (isTooMany(unfit, answers, refusalRate))
		return `${unfit} of ${answers} locks refused it, more than ${refusalRate} %`;
	return undefined;
}
