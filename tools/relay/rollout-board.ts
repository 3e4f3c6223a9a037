/**
 * The releases and rollouts that a running relay decides by, as the database has them, and the count of what becomes of each. A
 * rollout whose locks fail too often is halted here, at once, in memory before on the disk.
 */
import { decodeUpdateReport } from "../../modules/wire/update-report.ts";
import type { RelayClock } from "./clock.ts";
import type { RelayLog } from "./log.ts";
import { countOutcomes, haltReason, hasTaken, SILENT } from "./offer-outcome.ts";
import type { FormerOffer, PublishedRelease, Rollout } from "./rollout.ts";
import { SilenceWatch } from "./silence.ts";
import type { UpdateJournal } from "./update-journal.ts";
import type { UpdateTable } from "./update-table.ts";

const HOUR_MS = 3_600_000;

export class RolloutBoard {
	readonly #table: UpdateTable;
	readonly #journal: UpdateJournal;
	readonly #log: RelayLog;
	readonly #clock: RelayClock;
	readonly #silence: SilenceWatch;
	#signature: string | undefined;
	#releases: ReadonlyMap<string, PublishedRelease> = new Map();
	#sizes: ReadonlyMap<string, number> = new Map();
	readonly #rollouts = new Map<string, Rollout>();
	/** By release and serial: of every release that has a rollout. */
	#outcomes = new Map<string, Map<string, FormerOffer>>();

	constructor(
		table: UpdateTable,
		journal: UpdateJournal,
		log: RelayLog,
		clock: RelayClock,
		silenceGraceMs: number,
	) {
		this.#table = table;
		this.#journal = journal;
		this.#log = log;
		this.#clock = clock;
		this.#silence = new SilenceWatch(() => clock.monotonicMs(), silenceGraceMs);
	}

	/** By digest. */
	get releases(): ReadonlyMap<string, PublishedRelease> {
		return this.#releases;
	}

	get rollouts(): Iterable<Rollout> {
		return this.#rollouts.values();
	}

	/** Bytes of each published object, by its digest in hexadecimal. */
	get sizes(): ReadonlyMap<string, number> {
		return this.#sizes;
	}

	/** Takes up what other processes changed. Resolves to the releases that have another freshness statement than before. */
	async read(): Promise<ReadonlySet<string>> {
		const signature = await this.#table.signature();
		if (signature === this.#signature) return new Set();
		await this.#journal.settled();
		const releases = new Map((await this.#table.releases()).map((release) => [release.digest, release]));
		const rollouts = await this.#table.rollouts();
		const sizes = new Map((await this.#table.objects()).map(({ digest, bytes }) => [digest, bytes]));
		const outcomes = new Map<string, Map<string, FormerOffer>>();
		for (const { digest } of rollouts) outcomes.set(digest, new Map(await this.#table.offersFor(digest)));
		for (const [digest, offers] of outcomes) {
			const release = releases.get(digest);
			if (release !== undefined && !this.#outcomes.has(digest)) await this.#readTaken(release, offers);
		}
		this.#keepNewer(outcomes);
		const renewed = new Set<string>();
		for (const [digest, { freshness }] of releases) {
			const before = this.#releases.get(digest)?.freshness;
			if (before?.issuedUnixSeconds !== freshness?.issuedUnixSeconds) renewed.add(digest);
			// The same statement stays the same object: it is sent once a connection.
			else if (before !== undefined) releases.set(digest, { ...releases.get(digest)!, freshness: before });
		}
		this.#releases = releases;
		this.#sizes = sizes;
		this.#outcomes = outcomes;
		this.#rollouts.clear();
		for (const rollout of rollouts) {
			const halt = this.#journal.halts.get(rollout.digest);
			// One of before it was resumed is over, written or not.
			const isHalted = halt !== undefined && halt.generation === rollout.generation;
			this.#rollouts.set(
				rollout.digest,
				isHalted ? { ...rollout, state: "halted", reason: halt.reason } : rollout,
			);
			this.#haltIfFailing(rollout.digest);
		}
		this.#signature = signature;
		return renewed;
	}

	offered({ digest }: PublishedRelease, serial: string, offer: FormerOffer): void {
		this.#outcomes.get(digest)?.set(serial, offer);
		this.#journal.offered({ digest, serial, tries: offer.tries, atMs: offer.offeredAtMs });
	}

	/** Learnt now. Returns it with when that was. */
	outcome({ digest, manifest }: PublishedRelease, serial: string, learnt: FormerOffer): FormerOffer {
		const at = new Date(this.#clock.unixMs()).toISOString();
		const generation = this.#rollouts.get(digest)?.generation ?? 0;
		const offer = { ...learnt, outcomeAt: at, generation };
		const { outcome, result = "none", reverts } = offer;
		this.#outcomes.get(digest)?.set(serial, offer);
		this.#journal.outcome({ digest, serial, outcome, result, at, generation, reverts });
		const fields = { serial, sequence: manifest.sequence, reason: result };
		if (outcome === "failed" || outcome === "refused") this.#log.write("warning", "update-outcome", fields);
		else this.#log.write("info", "update-outcome", fields);
		if (outcome === "failed" || outcome === "refused") this.#haltIfFailing(digest);
		return offer;
	}

	/** What a lock that is here says of a release that it was offered: it is about to boot it or tries it, or it does not. */
	stands({ digest }: PublishedRelease, serial: string, isTaken: boolean): void {
		if (isTaken && this.#outcomes.has(digest)) this.#silence.took(digest, serial);
		else this.#silence.settled(digest, serial);
	}

	/** Whether its silence will count. */
	isAwaited(serial: string): boolean {
		return this.#silence.has(serial);
	}

	/** Who took a release and was not heard of since has failed. `isHere`: its lock is connected and has said how it stands. */
	judgeSilence(isHere: (serial: string) => boolean): void {
		for (const { digest, silentHours } of [...this.#rollouts.values()]) {
			const release = this.#releases.get(digest);
			if (release === undefined) continue;
			for (const serial of this.#silence.silent(digest, silentHours * HOUR_MS, isHere)) {
				const former = this.#outcomes.get(digest)?.get(serial);
				if (former === undefined || former.outcome === "installed") continue;
				this.outcome(release, serial, { ...former, outcome: "failed", result: SILENT });
			}
		}
	}

	/** Who had it when the relay went down. */
	async #readTaken(
		{ digest, manifest }: PublishedRelease,
		offers: ReadonlyMap<string, FormerOffer>,
	): Promise<void> {
		const nowMs = this.#clock.unixMs();
		for (const [serial, heard] of await this.#table.reportsFor(digest)) {
			const offer = offers.get(serial);
			const report = decodeUpdateReport(heard.report);
			if (!report.ok || offer === undefined || !hasTaken(report.value, manifest.sequence)) continue;
			// It refused this one, so that it has another of that number; or its silence was counted.
			if (offer.outcome === "refused" || offer.outcome === "installed") continue;
			if (offer.result === SILENT && Date.parse(offer.outcomeAt ?? "") >= heard.atMs) continue;
			this.#silence.took(digest, serial, nowMs - heard.atMs);
		}
	}

	/** What was learnt while the database was being read. This relay alone writes it: what memory has is never the older. */
	#keepNewer(outcomes: Map<string, Map<string, FormerOffer>>): void {
		for (const [digest, offers] of this.#outcomes) {
			const read = outcomes.get(digest);
			for (const [serial, offer] of offers) read?.set(serial, offer);
		}
	}

	#haltIfFailing(digest: string): void {
		const rollout = this.#rollouts.get(digest);
		if (rollout === undefined || rollout.state === "halted") return;
		const count = countOutcomes((this.#outcomes.get(digest) ?? new Map()).values(), rollout.generation);
		const reason = haltReason(rollout, count);
		if (reason === undefined) return;
		this.#rollouts.set(digest, { ...rollout, state: "halted", reason });
		this.#journal.halt(digest, { reason, generation: rollout.generation });
		const sequence = this.#releases.get(digest)?.manifest.sequence;
		this.#log.write("error", "rollout-halted", { ...(sequence === undefined ? {} : { sequence }), reason });
	}
}
