/**
 * Releases and rollouts in the relay's database, and what became of each offer. A command line writes releases and rollouts, a
 * running relay offers and outcomes; either sees what the other did at its next look.
 */
import { sql, type Transaction } from "kysely";
import { fromHex } from "../../modules/base/bytes.ts";
import { type RelayClock, SYSTEM_CLOCK } from "./clock.ts";
import { openDatabase, type RelayDatabase } from "./database.ts";
import { readRelease } from "./release-table.ts";
import type { FormerOffer, PublishedRelease, Rollout } from "./rollout.ts";
import type { RelaySchema } from "./schema.ts";
import { REASON_MAX, type ReportHeard } from "./update-record.ts";
import type { ObjectRow, OfferRow, RolloutState } from "./update-schema.ts";

const ROWS_AT_ONCE = 100;

export interface RolloutPlan {
	readonly percent: number;
	readonly cohort: readonly string[];
	readonly haltRate: number;
	readonly haltMinimum: number;
	readonly refusalRate: number;
	readonly silentHours: number;
}

export class UpdateTable {
	readonly #db: RelayDatabase;

	readonly #clock: RelayClock;

	constructor(db: RelayDatabase, clock: RelayClock = SYSTEM_CLOCK) {
		this.#db = db;
		this.#clock = clock;
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
			generation: Number(row.generation),
		}));
	}

	/** False when the release has a rollout already. */
	async createRollout(digest: string, plan: RolloutPlan): Promise<boolean> {
		return await this.#db.transaction().execute(async (db) => {
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
					generation: 0,
					created_at: new Date(this.#clock.unixMs()).toISOString(),
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
			.set((row) => ({
				state,
				reason: reason?.slice(0, REASON_MAX) ?? null,
				...(state === "running" ? { generation: row("generation", "+", 1) } : {}),
			}))
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
		generation: Number(row.generation),
		reverts: row.reverts === null ? undefined : Number(row.reverts),
	};
}
