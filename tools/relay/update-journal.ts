/**
 * Writes what a running relay learns of updates: many small facts, many at a time together, in one transaction so often. What cannot be
 * written now is written later; memory, which decides, has it already.
 */
import type { AttestationAnswer } from "./attestation-table.ts";
import type { RelayDatabase } from "./database.ts";
import type { RelayLog } from "./log.ts";
import {
	type Halt,
	keepRecord,
	type OfferMade,
	type OutcomeChange,
	type ReportHeard,
} from "./update-record.ts";

export class UpdateJournal {
	readonly #db: RelayDatabase;
	readonly #log: RelayLog;
	readonly #everyMs: number;
	/** One of each lock, and of each release and lock: bounded by how many there are. */
	readonly #reports = new Map<string, ReportHeard>();
	readonly #offers = new Map<string, OfferMade>();
	readonly #outcomes = new Map<string, OutcomeChange>();
	readonly #halts = new Map<string, Halt>();
	/** By lock and rank. */
	readonly #answers = new Map<string, AttestationAnswer>();
	#timer: NodeJS.Timeout | undefined;
	#writing: Promise<void> = Promise.resolve();
	#closed = false;

	constructor(db: RelayDatabase, log: RelayLog, everyMs: number) {
		this.#db = db;
		this.#log = log;
		this.#everyMs = everyMs;
	}

	report(serial: string, heard: ReportHeard): void {
		this.#reports.set(serial, heard);
		this.#soon();
	}

	offered(offer: OfferMade): void {
		this.#offers.set(`${offer.digest} ${offer.serial}`, offer);
		this.#soon();
	}

	outcome(change: OutcomeChange): void {
		this.#outcomes.set(`${change.digest} ${change.serial}`, change);
		this.#soon();
	}

	attested(answer: AttestationAnswer): void {
		// A later word takes the place of one of the same rank, and of no other.
		for (const rank of answer.ranks)
			this.#answers.set(`${answer.serial} ${rank}`, { ...answer, ranks: [rank] });
		this.#soon();
	}

	halt(digest: string, halt: Halt): void {
		this.#halts.set(digest, halt);
		this.#soon();
	}

	/** Releases whose rollout is halted and not written so. */
	get halts(): ReadonlyMap<string, Halt> {
		return this.#halts;
	}

	/** Resolves when everything that came is written, or could not be. */
	async settled(): Promise<void> {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#writing = this.#writing.then(() => this.#write());
		await this.#writing;
	}

	async close(): Promise<void> {
		this.#closed = true;
		await this.settled();
		clearTimeout(this.#timer);
	}

	#soon(): void {
		if (this.#closed) return;
		this.#timer ??= setTimeout(() => void this.settled(), this.#everyMs);
	}

	async #write(): Promise<void> {
		const reports = new Map(this.#reports);
		const offers = new Map(this.#offers);
		const outcomes = new Map(this.#outcomes);
		const halts = new Map(this.#halts);
		const answers = new Map(this.#answers);
		if (reports.size + offers.size + outcomes.size + halts.size + answers.size === 0) return;
		try {
			await keepRecord(this.#db, {
				reports,
				offers: [...offers.values()],
				outcomes: [...outcomes.values()],
				halts,
				answers: [...answers.values()],
			});
			forget(this.#reports, reports);
			forget(this.#offers, offers);
			forget(this.#outcomes, outcomes);
			forget(this.#halts, halts);
			forget(this.#answers, answers);
		} catch (error) {
			this.#log.write("error", "registry", { reason: (error as Error).message });
			this.#soon();
		}
	}
}

/** What came meanwhile stays. */
function forget<Key, Value>(kept: Map<Key, Value>, written: ReadonlyMap<Key, Value>): void {
	for (const [key, value] of written) if (kept.get(key) === value) kept.delete(key);
}
