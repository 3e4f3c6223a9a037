/**
 * Holds a lock's report against everything that it was offered (docs/UPDATE.md 5): what became of each release, and whether the lock is about
 * to try it. It changes the offers that it is given, and tells the board. No report is believed but about its own lock.
 */
import { bytesEqual } from "../../modules/base/bytes.ts";
import type { Attestation } from "../../modules/wire/attestation.ts";
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import type { RelayClock } from "./clock.ts";
import { hasTaken, isFailureAgain, outcomeOf, refusesUnread } from "./offer-outcome.ts";
import type { FormerOffer, PublishedRelease } from "./rollout.ts";
import type { RolloutBoard } from "./rollout-board.ts";

export interface OfferedLock {
	readonly serial: string;
	readonly report: UpdateReport;
	/** The last that verified on this connection. */
	readonly attested: Attestation | undefined;
	/** By the digest of the release. */
	readonly offers: Map<string, FormerOffer>;
}

export function judgeOffers(
	board: RolloutBoard,
	clock: RelayClock,
	{ serial, report, attested, offers }: OfferedLock,
): void {
	const unread = refusesUnread(report) ? lastOffered(offers) : undefined;
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
		const isSame = now.outcome === former.outcome && now.result === former.result;
		if (isSame && !isFailureAgain(report, former)) continue;
		if (now.outcome === "installed" && isOther(attested, sequence, image.digest)) continue;
		const outcomeAt = new Date(clock.unixMs()).toISOString();
		const changed = { ...former, ...now, outcomeAt, reverts: report.reverts };
		offers.set(digest, changed);
		board.outcome(release, serial, changed);
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

function lastOffered(offers: ReadonlyMap<string, FormerOffer>): string | undefined {
	let last: readonly [string, FormerOffer] | undefined;
	for (const each of offers) if (each[1].offeredAtMs > (last?.[1].offeredAtMs ?? 0)) last = each;
	return last?.[0];
}

/** It attested on this connection that under this number another image runs. Some boards cannot tell which. */
function isOther(attested: Attestation | undefined, sequence: number, image: Uint8Array): boolean {
	if (attested?.sequence !== sequence || attested.runningDigest === undefined) return false;
	return !bytesEqual(attested.runningDigest, image);
}
