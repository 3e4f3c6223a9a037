/**
 * Holds a lock's report against everything that it was offered (docs/UPDATE.md 5): what became of each release, and whether the lock is about
 * to try it. It changes the offers that it is given, and tells the board. No report is believed but about its own lock, and no refusal that
 * counts against a release but of what was offered before it was said (offer-answers.ts).
 */
import { bytesEqual } from "../../modules/base/bytes.ts";
import type { Attestation } from "../../modules/wire/attestation.ts";
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import type { OfferAnswers } from "./offer-answers.ts";
import { hasTaken, isFailureAgain, isUnfit, outcomeOf, refusesUnread } from "./offer-outcome.ts";
import type { FormerOffer, PublishedRelease } from "./rollout.ts";
import type { RolloutBoard } from "./rollout-board.ts";

export interface OfferedLock {
	readonly serial: string;
	readonly report: UpdateReport;
	/** Which of this connection's reports that is. */
	readonly arrival: number;
	readonly answers: OfferAnswers;
	/** The last that verified on this connection. */
	readonly attested: Attestation | undefined;
	/** By the digest of the release. */
	readonly offers: Map<string, FormerOffer>;
}

export function judgeOffers(
	board: RolloutBoard,
	{ serial, report, arrival, answers, attested, offers }: OfferedLock,
): void {
	const unread = refusesUnread(report) ? answers.last : undefined;
	for (const [digest, former] of offers) {
		const release = board.releases.get(digest);
		if (release === undefined) continue;
		const { sequence, image } = release.manifest;
		// Another kind's release of this number says nothing about one that was foreign.
		if (former.outcome === "refused" && former.result === "foreign") continue;
		if (isOlderOffer(board.releases, sequence, former, offers)) {
			board.stands(release, serial, false);
			continue;
		}
		board.stands(release, serial, hasTaken(report, sequence));
		const isMeant = unread === digest && former.outcome === "offered";
		const word = isMeant ? { ...report, resultSequence: sequence } : report;
		const now = outcomeOf(word, sequence, former.outcome);
		if (now === undefined) continue;
		if (isUnfit(now) && !answers.isAbout(digest, arrival)) continue;
		const isSame = now.outcome === former.outcome && now.result === former.result;
		if (isSame && !isFailureAgain(report, former)) continue;
		if (now.outcome === "installed" && isOther(attested, sequence, image.digest)) continue;
		offers.set(digest, board.outcome(release, serial, { ...former, ...now, reverts: report.reverts }));
	}
}

/** Releases for two kinds of boards may have one number: a lock's word is about what it was offered last. */
function isOlderOffer(
	releases: ReadonlyMap<string, PublishedRelease>,
	sequence: number,
	{ offeredAtMs }: FormerOffer,
	offers: ReadonlyMap<string, FormerOffer>,
): boolean {
	for (const [digest, other] of offers) {
		if (other.offeredAtMs <= offeredAtMs) continue;
		if (releases.get(digest)?.manifest.sequence === sequence) return true;
	}
	return false;
}

/** It attested on this connection that under this number another image runs. Some boards cannot tell which. */
function isOther(attested: Attestation | undefined, sequence: number, image: Uint8Array): boolean {
	if (attested?.sequence !== sequence || attested.runningDigest === undefined) return false;
	return !bytesEqual(attested.runningDigest, image);
}
