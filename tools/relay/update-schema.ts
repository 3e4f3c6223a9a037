/**
 * The tables of releases, rollouts and what locks say of their updates, and how they came to be. Objects (images and deltas) are
 * files beside the database (object-store.ts): a blob of 4 MiB would pass through the journal and every backup for nothing.
 */
import { type Kysely, type Migration, sql } from "kysely";

export interface ReleaseRow {
	/** SHA-256 of the manifest's payload, hexadecimal. */
	readonly digest: string;
	readonly vendor: string;
	readonly hardware_class: string;
	readonly board: string;
	readonly sequence: number;
	/** The signed manifest, base64. */
	readonly message: string;
	/** The newest freshness statement that names it, base64. */
	readonly freshness: string | null;
	readonly published_at: string;
}

export interface ObjectRow {
	/** SHA-256, hexadecimal: the file's name too. */
	readonly digest: string;
	readonly bytes: number;
}

/** Why it was halted is in `reason`: failures (silence is one) or refusals beyond their rates, or a person ("by hand"). */
export type RolloutState = "running" | "paused" | "halted";

export interface RolloutRow {
	/** Of the release. */
	readonly digest: string;
	readonly state: RolloutState;
	readonly percent: number;
	readonly reason: string | null;
	/** Failures in a hundred outcomes beyond which it is halted. */
	readonly halt_rate: number;
	/** From so many outcomes on. */
	readonly halt_minimum: number;
	/** Refusals in a hundred answers, for what the release is, beyond which it is halted. */
	readonly refusal_rate: number;
	/** Who took the release and was not heard of for so long has failed. */
	readonly silent_hours: number;
	/** How often it was resumed. */
	readonly generation: number;
	readonly created_at: string;
}

/** Locks that a rollout reaches whatever its percentage is. */
export interface RolloutCohortRow {
	readonly digest: string;
	readonly serial: string;
}

/** offered: nothing more is known. refused: the lock did not want it. */
export type OfferOutcome = "offered" | "refused" | "failed" | "installed";

/** A release that was offered to a lock, and what became of it. */
export interface OfferRow {
	readonly digest: string;
	readonly serial: string;
	readonly tries: number;
	readonly offered_at: string;
	readonly outcome: OfferOutcome;
	/** The lock's word (modules/wire/update-report), or "silent". */
	readonly result: string | null;
	/** When the relay learnt it. */
	readonly outcome_at: string | null;
	/** How often the lock had reverted it then. */
	readonly reverts: number | null;
	/** Of the rollout when the relay learnt the outcome: one of an earlier generation counts no more. */
	readonly generation: number;
}

export interface UpdateReportRow {
	readonly serial: string;
	/** docs/UPDATE.md 8 as it came, hexadecimal. */
	readonly report: string;
	/** When its lock stood by it last: it came then, or the connection that it came on ended. */
	readonly received_at: string;
}

/**
 * latest: the last that verified; highest, sequence-floor, security-floor: the first with the highest sequence that was not on trial,
 * and with the highest of each floor; challenged: the last that answered an auditor; refused: the last that did not verify.
 */
export const ATTESTATION_RANKS = Object.freeze([
	"latest",
	"highest",
	"sequence-floor",
	"security-floor",
	"challenged",
	"refused",
] as const);
export type AttestationRank = (typeof ATTESTATION_RANKS)[number];

export interface AttestationRow {
	readonly serial: string;
	readonly rank: AttestationRank;
	/** As it was signed, hexadecimal. */
	readonly statement: string;
	/** That the relay asked with, hexadecimal. */
	readonly nonce: string;
	/** Why it was refused. */
	readonly reason: string | null;
	readonly received_at: string;
}

/** Somebody at a command line wants these locks asked. */
export interface AttestRequestRow {
	readonly serial: string;
	readonly requested_at: string;
	/** With which nonce, hexadecimal; null: any. */
	readonly nonce: string | null;
}

export interface UpdateTables {
	readonly releases: ReleaseRow;
	readonly objects: ObjectRow;
	readonly rollouts: RolloutRow;
	readonly rollout_cohorts: RolloutCohortRow;
	readonly offers: OfferRow;
	readonly update_reports: UpdateReportRow;
	readonly attestations: AttestationRow;
	readonly attest_requests: AttestRequestRow;
}

export const UPDATES_MIGRATION: Migration = Object.freeze({
	async up(db: Kysely<unknown>): Promise<void> {
		await db.schema
			.createTable("releases")
			.addColumn("digest", "varchar(64)", (column) => column.primaryKey())
			.addColumn("vendor", "varchar(32)", (column) => column.notNull())
			.addColumn("hardware_class", "varchar(24)", (column) => column.notNull())
			.addColumn("board", "varchar(24)", (column) => column.notNull())
			.addColumn("sequence", "bigint", (column) => column.notNull())
			.addColumn("message", "text", (column) => column.notNull())
			.addColumn("freshness", "text")
			.addColumn("published_at", "varchar(32)", (column) => column.notNull())
			.addUniqueConstraint("releases_number", ["vendor", "hardware_class", "board", "sequence"])
			.execute();
		await db.schema
			.createTable("objects")
			.addColumn("digest", "varchar(64)", (column) => column.primaryKey())
			.addColumn("bytes", "bigint", (column) => column.notNull())
			.execute();
		await db.schema
			.createTable("rollouts")
			.addColumn("digest", "varchar(64)", (column) => column.primaryKey())
			.addColumn("state", "varchar(16)", (column) => column.notNull())
			.addColumn("percent", "integer", (column) => column.notNull())
			.addColumn("reason", "varchar(200)")
			.addColumn("halt_rate", "integer", (column) => column.notNull())
			.addColumn("halt_minimum", "integer", (column) => column.notNull())
			.addColumn("counted_from", "varchar(32)", (column) => column.notNull())
			.addColumn("created_at", "varchar(32)", (column) => column.notNull())
			.execute();
		await db.schema
			.createTable("rollout_cohorts")
			.addColumn("digest", "varchar(64)", (column) => column.notNull())
			.addColumn("serial", "varchar(24)", (column) => column.notNull())
			.addPrimaryKeyConstraint("rollout_cohorts_key", ["digest", "serial"])
			.execute();
		await db.schema
			.createTable("offers")
			.addColumn("digest", "varchar(64)", (column) => column.notNull())
			.addColumn("serial", "varchar(24)", (column) => column.notNull())
			.addColumn("tries", "integer", (column) => column.notNull())
			.addColumn("offered_at", "varchar(32)", (column) => column.notNull())
			.addColumn("outcome", "varchar(16)", (column) => column.notNull())
			.addColumn("result", "varchar(32)")
			.addColumn("outcome_at", "varchar(32)")
			.addPrimaryKeyConstraint("offers_key", ["digest", "serial"])
			.execute();
		await db.schema
			.createTable("update_reports")
			.addColumn("serial", "varchar(24)", (column) => column.primaryKey())
			.addColumn("report", "varchar(768)", (column) => column.notNull())
			.addColumn("received_at", "varchar(32)", (column) => column.notNull())
			.execute();
		await db.schema
			.createTable("attestations")
			.addColumn("serial", "varchar(24)", (column) => column.notNull())
			.addColumn("rank", "varchar(16)", (column) => column.notNull())
			.addColumn("statement", "varchar(1024)", (column) => column.notNull())
			.addColumn("nonce", "varchar(32)", (column) => column.notNull())
			.addColumn("reason", "varchar(32)")
			.addColumn("received_at", "varchar(32)", (column) => column.notNull())
			.addPrimaryKeyConstraint("attestations_key", ["serial", "rank"])
			.execute();
		await db.schema
			.createTable("attest_requests")
			.addColumn("serial", "varchar(24)", (column) => column.primaryKey())
			.addColumn("requested_at", "varchar(32)", (column) => column.notNull())
			.execute();
	},
});

/** An auditor's nonce, which the answer to his request must be over. */
export const CHALLENGES_MIGRATION: Migration = Object.freeze({
	async up(db: Kysely<unknown>): Promise<void> {
		await db.schema.alterTable("attest_requests").addColumn("nonce", "varchar(32)").execute();
	},
});

/** Locks that refuse a release, or go silent over it, stop its rollout; a failure that comes again is told from one that was told. */
export const HALTS_MIGRATION: Migration = Object.freeze({
	async up(db: Kysely<unknown>): Promise<void> {
		await db.schema
			.alterTable("rollouts")
			.addColumn("refusal_rate", "integer", (column) => column.notNull().defaultTo(50))
			.execute();
		await db.schema
			.alterTable("rollouts")
			.addColumn("silent_hours", "integer", (column) => column.notNull().defaultTo(24))
			.execute();
		await db.schema.alterTable("offers").addColumn("reverts", "integer").execute();
	},
});

/** Whether an outcome is of before its rollout was resumed was told by two processes' wall clocks, of which either may be set. */
export const GENERATIONS_MIGRATION: Migration = Object.freeze({
	async up(db: Kysely<unknown>): Promise<void> {
		for (const table of ["rollouts", "offers"] as const)
			await db.schema
				.alterTable(table)
				.addColumn("generation", "integer", (column) => column.notNull().defaultTo(0))
				.execute();
		await sql`update rollouts set generation = 1`.execute(db);
		await sql`update offers set generation = 1 where outcome_at >= (select counted_from from rollouts where rollouts.digest = offers.digest)`.execute(
			db,
		);
		await db.schema.alterTable("rollouts").dropColumn("counted_from").execute();
	},
});
