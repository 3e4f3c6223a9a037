/**
 * Who is offered which release, as pure functions (docs/UPDATE.md 5): a lock is chosen by a hash of release and serial, so that it
 * stays chosen while the percentage rises, and other releases choose others. A rollout that is paused or halted offers nothing.
 */
import { createHash } from "node:crypto";
import type { Manifest } from "../../modules/update/manifest.ts";
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import { isUnderWay } from "./offer-outcome.ts";
import type { OfferOutcome, RolloutState } from "./update-schema.ts";

/** A signed manifest that was published, and the newest statement that names it. */
export interface PublishedRelease {
	/** SHA-256 of the manifest's payload, hexadecimal. */
	readonly digest: string;
	readonly manifest: Manifest;
	readonly message: Uint8Array;
	readonly freshness: PublishedFreshness | undefined;
}

export interface PublishedFreshness {
	readonly statement: Uint8Array;
	readonly issuedUnixSeconds: number;
	readonly expiresUnixSeconds: number;
}

export interface Rollout {
	readonly digest: string;
	readonly state: RolloutState;
	/** 0 .. 100 */
	readonly percent: number;
	readonly cohort: ReadonlySet<string>;
	readonly reason: string | undefined;
	readonly haltRate: number;
	readonly haltMinimum: number;
	/** Refusals in a hundred answers, for what the release itself is, beyond which it is halted. */
	readonly refusalRate: number;
	/** A lock that took the release and was not heard of for so long has failed. */
	readonly silentHours: number;
	/** How often it was resumed: outcomes of an earlier one do not count. A number, for clocks jump. */
	readonly generation: number;
}

/** Of a rollout that nobody said otherwise of. */
export const ROLLOUT_DEFAULTS = Object.freeze({
	haltRate: 10,
	haltMinimum: 5,
	refusalRate: 50,
	silentHours: 24,
} as const);
export const SILENT_HOURS_MAX = 720;

/** What was offered to one lock before, and what became of it. */
export interface FormerOffer {
	readonly tries: number;
	readonly offeredAtMs: number;
	readonly outcome: OfferOutcome;
	readonly result: string | undefined;
	/** When the relay learnt it, ISO 8601; undefined as long as nothing is known. */
	readonly outcomeAt: string | undefined;
	/** Of the rollout when the relay learnt it. */
	readonly generation: number;
	/** How often the lock had reverted it by then; undefined: nothing is known of that. */
	readonly reverts: number | undefined;
}

/** What the relay goes by when it thinks about one lock. */
export interface Candidate {
	readonly serial: string;
	/** The build that it runs, as it attested. */
	readonly board: string;
	readonly report: UpdateReport;
	/** By the digest of the release. */
	readonly offers: ReadonlyMap<string, FormerOffer>;
}

export interface RetryPauses {
	readonly firstMs: number;
	readonly maxMs: number;
}

/** What a lock says of a release that it will never say otherwise about. */
const FINAL: ReadonlySet<string> = new Set([
	"foreign",
	"too-large",
	"rollback-sequence",
	"rollback-security",
	"no-slots",
]);

export function isChosen({ digest, percent, cohort }: Rollout, serial: string): boolean {
	return cohort.has(serial) || percentOf(digest, serial) < percent;
}

/** 0 up to, not with, 100: evenly spread over serials, another order for each release. */
export function percentOf(digest: string, serial: string): number {
	return (createHash("sha256").update(`${digest} ${serial}`).digest().readUInt32BE(0) / 2 ** 32) * 100;
}

/** The release that this lock is to be offered now, if any. `nowMs` since 1970. */
export function chooseOffer(
	candidate: Candidate,
	releases: ReadonlyMap<string, PublishedRelease>,
	rollouts: Iterable<Rollout>,
	nowMs: number,
	pauses: RetryPauses,
): PublishedRelease | undefined {
	const { serial, report, offers } = candidate;
	const meant: PublishedRelease[] = [];
	for (const rollout of rollouts) {
		const release = releases.get(rollout.digest);
		if (release === undefined || rollout.state !== "running") continue;
		const { sequence, trustVersion } = release.manifest;
		if (sequence <= report.sequence) continue;
		// The bundle comes first (docs/UPDATE.md 5).
		if (trustVersion > report.trustVersion) continue;
		const former = offers.get(release.digest);
		if (former?.outcome === "refused" && FINAL.has(former.result ?? "")) continue;
		if (isKind(candidate, release, releases) && isChosen(rollout, serial)) meant.push(release);
	}
	meant.sort((a, b) => b.manifest.sequence - a.manifest.sequence);
	for (const release of meant) {
		if (isUnderWay(report, release.manifest.sequence)) return undefined;
		const former = offers.get(release.digest);
		const rested = former === undefined || isRested(former, nowMs, pauses);
		// No lock takes it any more.
		const isOver = !holds(release.freshness, nowMs);
		if (rested && !isOver) return release;
		// It has its time to answer; then, or when it refused it for now, an older one may be the way to it.
		if (!rested && former.outcome !== "refused" && !(isOver && former.outcome === "failed")) return undefined;
	}
	return undefined;
}

function isRested({ tries, offeredAtMs }: FormerOffer, nowMs: number, pauses: RetryPauses): boolean {
	return nowMs - offeredAtMs >= Math.min(pauses.firstMs * 2 ** (tries - 1), pauses.maxMs);
}

function holds(freshness: PublishedFreshness | undefined, nowMs: number): boolean {
	return freshness !== undefined && freshness.expiresUnixSeconds * 1_000 > nowMs;
}

/**
 * Whether a release may be for this lock. Its board is known; vendor and hardware class are what the lock left of them when it called
 * releases foreign. That it seems to run one shuts it out of nothing: another kind's may have the same number.
 */
export function isKind(
	{ board, offers }: Pick<Candidate, "board" | "offers">,
	{ manifest }: PublishedRelease,
	releases: ReadonlyMap<string, PublishedRelease>,
): boolean {
	if (manifest.board !== board) return false;
	for (const [digest, { outcome, result }] of offers) {
		const other = releases.get(digest)?.manifest;
		if (other === undefined) continue;
		const same =
			other.vendor === manifest.vendor &&
			other.hardwareClass === manifest.hardwareClass &&
			other.board === manifest.board;
		if (outcome === "refused" && result === "foreign" && same) return false;
	}
	return true;
}

/** Of each vendor and class that may be this lock's, the one that was issued last. Which of them is its own only the lock knows. */
export function newestFreshness(
	candidate: Pick<Candidate, "board" | "offers">,
	releases: ReadonlyMap<string, PublishedRelease>,
): ReadonlyMap<string, PublishedFreshness> {
	const newest = new Map<string, { readonly freshness: PublishedFreshness; readonly sequence: number }>();
	for (const release of releases.values()) {
		const { freshness, manifest } = release;
		if (freshness === undefined || !isKind(candidate, release, releases)) continue;
		const kind = `${manifest.vendor} ${manifest.hardwareClass}`;
		const former = newest.get(kind);
		const ahead = freshness.issuedUnixSeconds - (former?.freshness.issuedUnixSeconds ?? 0);
		if (ahead < 0 || (ahead === 0 && manifest.sequence < (former?.sequence ?? 0))) continue;
		newest.set(kind, { freshness, sequence: manifest.sequence });
	}
	return new Map([...newest].map(([kind, { freshness }]) => [kind, freshness]));
}
