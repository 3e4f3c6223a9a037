/**
 * The releases and rollouts that a running relay decides by, as the database has them, and the count of what becomes of each. A
 * rollout whose locks fail too often is halted here, at once, in memory before on the disk.
 */
import type { RelayLog } from "./log.ts";
import {
	countOutcomes,
	type FormerOffer,
	haltReason,
	type PublishedRelease,
	type Rollout,
} from "./rollout.ts";
import type { UpdateJournal } from "./update-journal.ts";
import type { OfferOutcome } from "./update-schema.ts";
import type { UpdateTable } from "./update-table.ts";

export class RolloutBoard {
	readonly #table: UpdateTable;
	readonly #journal: UpdateJournal;
	readonly #log: RelayLog;
	#signature: string | undefined;
	#releases: ReadonlyMap<string, PublishedRelease> = new Map();
	#sizes: ReadonlyMap<string, number> = new Map();
	readonly #rollouts = new Map<string, Rollout>();
	/** By release and serial: of every release that has a rollout. */
	#outcomes = new Map<string, Map<string, FormerOffer>>();

	constructor(table: UpdateTable, journal: UpdateJournal, log: RelayLog) {
		this.#table = table;
		this.#journal = journal;
		this.#log = log;
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
			const halted = this.#journal.halts.get(rollout.digest);
			this.#rollouts.set(
				rollout.digest,
				halted === undefined ? rollout : { ...rollout, state: "halted", reason: halted },
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

	outcome(
		{ digest, manifest }: PublishedRelease,
		serial: string,
		offer: FormerOffer,
		{ outcome, result }: { readonly outcome: OfferOutcome; readonly result: string },
	): void {
		this.#outcomes.get(digest)?.set(serial, offer);
		this.#journal.outcome({ digest, serial, outcome, result });
		const fields = { serial, sequence: manifest.sequence, reason: result };
		if (outcome === "failed" || outcome === "refused") this.#log.write("warning", "update-outcome", fields);
		else this.#log.write("info", "update-outcome", fields);
		if (outcome === "failed") this.#haltIfFailing(digest);
	}

	/** What was learnt while the database was being read. */
	#keepNewer(outcomes: Map<string, Map<string, FormerOffer>>): void {
		for (const [digest, offers] of this.#outcomes) {
			const read = outcomes.get(digest);
			for (const [serial, offer] of offers) {
				const stored = read?.get(serial);
				if (stored === undefined || (offer.outcomeAt ?? "") > (stored.outcomeAt ?? ""))
					read?.set(serial, offer);
			}
		}
	}

	#haltIfFailing(digest: string): void {
		const rollout = this.#rollouts.get(digest);
		if (rollout === undefined || rollout.state === "halted") return;
		const count = countOutcomes((this.#outcomes.get(digest) ?? new Map()).values(), rollout.countedFrom);
		const reason = haltReason(rollout, count);
		if (reason === undefined) return;
		this.#rollouts.set(digest, { ...rollout, state: "halted", reason });
		this.#journal.halt(digest, reason);
		const sequence = this.#releases.get(digest)?.manifest.sequence;
		this.#log.write("error", "rollout-halted", { ...(sequence === undefined ? {} : { sequence }), reason });
	}
}
