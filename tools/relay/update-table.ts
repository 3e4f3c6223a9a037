/**
 * Releases and rollouts in the relay's database, and what became of each offer. A command line writes releases and rollouts, a
 * running relay offers and outcomes; either sees what the other did at its next look.
 */
import { sql, type Transaction } from "kysely";
import { fromHex, toHex } from "../../modules/base/bytes.ts";
import { type AttestationAnswer, keepAttestations } from "./attestation-table.ts";
import { openDatabase, type RelayDatabase } from "./database.ts";
import { readRelease } from "./release-table.ts";
import type { FormerOffer, PublishedRelease, Rollout } from "./rollout.ts";
import type { RelaySchema } from "./schema.ts";
import type { ObjectRow, OfferOutcome, OfferRow, RolloutState } from "./update-schema.ts";

const ROWS_AT_ONCE = 100;
const REASON_MAX = 200;

export interface RolloutPlan {
	readonly percent: number;
	readonly cohort: readonly string[];
	readonly haltRate: number;
	readonly haltMinimum: number;
	readonly refusalRate: number;
	readonly silentHours: number;
}

export interface OutcomeChange {
	readonly digest: string;
	readonly serial: string;
	readonly outcome: OfferOutcome;
	readonly result: string;
	/** When the relay learnt it, ISO 8601: it may be written much later. */
	readonly at: string;
	readonly reverts: number | undefined;
}

/** Of a rollout. */
export interface Halt {
	readonly reason: string;
	/** When it was called for, ISO 8601. */
	readonly at: string;
}

/** A lock's word about its update, and when it stood by it last. */
export interface ReportHeard {
	readonly report: Uint8Array;
	readonly atMs: number;
}

export class UpdateTable {
	readonly #db: RelayDatabase;

	constructor(db: RelayDatabase) {
		this.#db = db;
	}

	/** Opens the database at an SQLite file path. Rejects with RegistryFault. */
	static async open(path: string): Promise<UpdateTable> {
		return new UpdateTable(await openDatabase(path));
	}

	get db(): RelayDatabase {
		return this.#db;
	}

	/** Another number whenever another connection has committed anything: cheap to ask. */
	async dataVersion(): Promise<number> {
		const { rows } = await sql<{ readonly data_version: number }>`pragma data_version`.execute(this.#db);
		return Number(rows[0]?.data_version ?? 0);
	}

	/** Another text whenever releases, statements or rollouts are others: much less to read than all of them. */
	async signature(): Promise<string> {
		const releases = await this.#db.selectFrom("releases").select(["digest", "freshness"]).execute();
		const rollouts = await this.#db.selectFrom("rollouts").selectAll().execute();
		const cohorts = await this.#db
			.selectFrom("rollout_cohorts")
			.select((rows) => rows.fn.countAll().as("count"))
			.executeTakeFirstOrThrow();
		const objects = await this.#db
			.selectFrom("objects")
			.select((rows) => rows.fn.countAll().as("count"))
			.executeTakeFirstOrThrow();
		return JSON.stringify([releases, rollouts, Number(cohorts.count), Number(objects.count)]);
	}

	// ---- releases ----

	/** A row that cannot be read, of a later version perhaps, is left out. */
	async releases(): Promise<readonly PublishedRelease[]> {
		const rows = await this.#db.selectFrom("releases").selectAll().orderBy("sequence").execute();
		return rows.flatMap((row) => readRelease(row) ?? []);
	}

	async objects(): Promise<readonly ObjectRow[]> {
		const rows = await this.#db.selectFrom("objects").selectAll().execute();
		return rows.map(({ digest, bytes }) => ({ digest, bytes: Number(bytes) }));
	}

	// ---- rollouts ----

	async rollouts(): Promise<readonly Rollout[]> {
		const rows = await this.#db.selectFrom("rollouts").selectAll().orderBy("created_at").execute();
		const members = await this.#db.selectFrom("rollout_cohorts").selectAll().execute();
		const cohorts = new Map<string, Set<string>>();
		for (const { digest, serial } of members) {
			const cohort = cohorts.get(digest) ?? new Set();
			cohorts.set(digest, cohort.add(serial));
		}
		return rows.map((row) => ({
			digest: row.digest,
			state: row.state,
			percent: Number(row.percent),
			cohort: cohorts.get(row.digest) ?? new Set(),
			reason: row.reason ?? undefined,
			haltRate: Number(row.halt_rate),
			haltMinimum: Number(row.halt_minimum),
			refusalRate: Number(row.refusal_rate),
			silentHours: Number(row.silent_hours),
			countedFrom: row.counted_from,
		}));
	}

	/** False when the release has a rollout already. */
	async createRollout(digest: string, plan: RolloutPlan): Promise<boolean> {
		return await this.#db.transaction().execute(async (db) => {
			const now = new Date().toISOString();
			const inserted = await db
				.insertInto("rollouts")
				.values({
					digest,
					state: "running",
					percent: plan.percent,
					reason: null,
					halt_rate: plan.haltRate,
					halt_minimum: plan.haltMinimum,
					refusal_rate: plan.refusalRate,
					silent_hours: plan.silentHours,
					counted_from: now,
					created_at: now,
				})
				.onConflict((conflict) => conflict.column("digest").doNothing())
				.executeTakeFirst();
			if (inserted.numInsertedOrUpdatedRows !== 1n) return false;
			await addCohort(db, digest, plan.cohort);
			return true;
		});
	}

	/** What is given changes; a cohort is added to the former one. False when there is no such rollout. */
	async changeRollout(digest: string, change: Partial<RolloutPlan>): Promise<boolean> {
		return await this.#db.transaction().execute(async (db) => {
			const result = await db
				.updateTable("rollouts")
				.set((row) => ({
					percent: change.percent ?? row.ref("percent"),
					halt_rate: change.haltRate ?? row.ref("halt_rate"),
					halt_minimum: change.haltMinimum ?? row.ref("halt_minimum"),
					refusal_rate: change.refusalRate ?? row.ref("refusal_rate"),
					silent_hours: change.silentHours ?? row.ref("silent_hours"),
				}))
				.where("digest", "=", digest)
				.executeTakeFirst();
			if (result.numUpdatedRows === 0n) return false;
			await addCohort(db, digest, change.cohort ?? []);
			return true;
		});
	}

	/** Resuming begins the counting anew. False when there is no such rollout, or (pausing) it is halted already. */
	async setRolloutState(digest: string, state: RolloutState, reason?: string): Promise<boolean> {
		let query = this.#db
			.updateTable("rollouts")
			.set({
				state,
				reason: reason?.slice(0, REASON_MAX) ?? null,
				...(state === "running" ? { counted_from: new Date().toISOString() } : {}),
			})
			.where("digest", "=", digest);
		if (state === "paused") query = query.where("state", "!=", "halted");
		return (await query.executeTakeFirst()).numUpdatedRows > 0n;
	}

	// ---- offers ----

	async offersOf(serial: string): Promise<ReadonlyMap<string, FormerOffer>> {
		const rows = await this.#db.selectFrom("offers").selectAll().where("serial", "=", serial).execute();
		return new Map(rows.map((row) => [row.digest, readOffer(row)]));
	}

	/** By serial. */
	async offersFor(digest: string): Promise<ReadonlyMap<string, FormerOffer>> {
		const rows = await this.#db.selectFrom("offers").selectAll().where("digest", "=", digest).execute();
		return new Map(rows.map((row) => [row.serial, readOffer(row)]));
	}

	/** By serial: what each lock that was offered this release said last, of whatever release. */
	async reportsFor(digest: string): Promise<ReadonlyMap<string, ReportHeard>> {
		const rows = await this.#db
			.selectFrom("update_reports")
			.innerJoin("offers", "offers.serial", "update_reports.serial")
			.select(["update_reports.serial", "update_reports.report", "update_reports.received_at"])
			.where("offers.digest", "=", digest)
			.execute();
		return new Map(
			rows.map(({ serial, report, received_at }) => [
				serial,
				{ report: fromHex(report) ?? new Uint8Array(0), atMs: Date.parse(received_at) },
			]),
		);
	}

	/**
	 * One transaction for all that came together. An outcome counts only for a release that was offered; a halt that was called for before
	 * the rollout was resumed is over.
	 */
	async record(changes: {
		readonly reports: ReadonlyMap<string, ReportHeard>;
		readonly offers: readonly {
			readonly digest: string;
			readonly serial: string;
			readonly tries: number;
			readonly atMs: number;
		}[];
		readonly outcomes: readonly OutcomeChange[];
		/** By release. */
		readonly halts: ReadonlyMap<string, Halt>;
		readonly answers: readonly AttestationAnswer[];
	}): Promise<void> {
		await this.#db.transaction().execute(async (db) => {
			for (const { digest, serial, tries, atMs } of changes.offers) {
				const offered_at = new Date(atMs).toISOString();
				await db
					.insertInto("offers")
					.values({
						...{ digest, serial, tries, offered_at, outcome: "offered" },
						...{ result: null, outcome_at: null, reverts: null },
					})
					.onConflict((conflict) => conflict.columns(["digest", "serial"]).doUpdateSet({ tries, offered_at }))
					.execute();
			}
			for (const { digest, serial, outcome, result, at, reverts } of changes.outcomes) {
				await db
					.updateTable("offers")
					.set({ outcome, result, outcome_at: at, reverts: reverts ?? null })
					.where("digest", "=", digest)
					.where("serial", "=", serial)
					.execute();
			}
			await keepAttestations(db, changes.answers);
			for (const [digest, { reason, at }] of changes.halts) {
				await db
					.updateTable("rollouts")
					.set({ state: "halted", reason: reason.slice(0, REASON_MAX) })
					.where("digest", "=", digest)
					.where("counted_from", "<=", at)
					.execute();
			}
			for (const [serial, { report, atMs }] of changes.reports) {
				const row = { serial, report: toHex(report), received_at: new Date(atMs).toISOString() };
				await db
					.insertInto("update_reports")
					.values(row)
					.onConflict((conflict) => conflict.column("serial").doUpdateSet(row))
					.execute();
			}
		});
	}

	async close(): Promise<void> {
		await this.#db.destroy();
	}
}

async function addCohort(
	db: Transaction<RelaySchema>,
	digest: string,
	cohort: readonly string[],
): Promise<void> {
	for (let start = 0; start < cohort.length; start += ROWS_AT_ONCE) {
		await db
			.insertInto("rollout_cohorts")
			.values(cohort.slice(start, start + ROWS_AT_ONCE).map((serial) => ({ digest, serial })))
			.onConflict((conflict) => conflict.columns(["digest", "serial"]).doNothing())
			.execute();
	}
}

function readOffer(row: OfferRow): FormerOffer {
	return {
		tries: Number(row.tries),
		offeredAtMs: Date.parse(row.offered_at),
		outcome: row.outcome,
		result: row.result ?? undefined,
		outcomeAt: row.outcome_at ?? undefined,
		reverts: row.reverts === null ? undefined : Number(row.reverts),
	};
}
