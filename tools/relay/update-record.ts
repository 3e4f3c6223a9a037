/**
 * What a running relay learnt of updates, and how it gets into the database: by the journal (update-journal.ts), all that came together
 * in one transaction. Nothing here decides; memory did.
 */
import { toHex } from "../../modules/base/bytes.ts";
import { type AttestationAnswer, keepAttestations } from "./attestation-table.ts";
import type { RelayDatabase } from "./database.ts";
import type { OfferOutcome } from "./update-schema.ts";

export interface OfferMade {
	readonly digest: string;
	readonly serial: string;
	readonly tries: number;
	readonly atMs: number;
}

export interface OutcomeChange {
	readonly digest: string;
	readonly serial: string;
	readonly outcome: OfferOutcome;
	readonly result: string;
	/** When the relay learnt it, ISO 8601: it may be written much later. */
	readonly at: string;
	/** Of the rollout, when the relay learnt it. */
	readonly generation: number;
	readonly reverts: number | undefined;
}

/** Of a rollout. */
export interface Halt {
	readonly reason: string;
	/** Of the rollout that it was called for: one that was resumed since stays. */
	readonly generation: number;
}

/** A lock's word about its update, and when it stood by it last. */
export interface ReportHeard {
	readonly report: Uint8Array;
	readonly atMs: number;
}

export interface UpdateRecord {
	/** By serial. */
	readonly reports: ReadonlyMap<string, ReportHeard>;
	readonly offers: readonly OfferMade[];
	readonly outcomes: readonly OutcomeChange[];
	/** By release. */
	readonly halts: ReadonlyMap<string, Halt>;
	readonly answers: readonly AttestationAnswer[];
}

/** Of the column. */
export const REASON_MAX = 200;

/**
 * An outcome counts only for a release that was offered; a halt that was called for before the rollout was resumed is over.
 */
export async function keepRecord(relay: RelayDatabase, record: UpdateRecord): Promise<void> {
	await relay.transaction().execute(async (db) => {
		for (const { digest, serial, tries, atMs } of record.offers) {
			const offered_at = new Date(atMs).toISOString();
			await db
				.insertInto("offers")
				.values({
					...{ digest, serial, tries, offered_at, outcome: "offered" },
					...{ result: null, outcome_at: null, reverts: null, generation: 0 },
				})
				.onConflict((conflict) => conflict.columns(["digest", "serial"]).doUpdateSet({ tries, offered_at }))
				.execute();
		}
		for (const { digest, serial, outcome, result, at, generation, reverts } of record.outcomes) {
			await db
				.updateTable("offers")
				.set({ outcome, result, outcome_at: at, generation, reverts: reverts ?? null })
				.where("digest", "=", digest)
				.where("serial", "=", serial)
				.execute();
		}
		await keepAttestations(db, record.answers);
		for (const [digest, { reason, generation }] of record.halts) {
			await db
				.updateTable("rollouts")
				.set({ state: "halted", reason: reason.slice(0, REASON_MAX) })
				.where("digest", "=", digest)
				.where("generation", "=", generation)
				.execute();
		}
		for (const [serial, { report, atMs }] of record.reports) {
			const row = { serial, report: toHex(report), received_at: new Date(atMs).toISOString() };
			await db
				.insertInto("update_reports")
				.values(row)
				.onConflict((conflict) => conflict.column("serial").doUpdateSet(row))
				.execute();
		}
	});
}
