/**
 * The registry: which public key belongs to which serial number, and whether the device is still welcome (T6). An SQL
 * database behind one query builder; the embedded SQLite file here, a Postgres server by URL later.
 */
import { Kysely, Migrator, SqliteDialect } from "kysely";
import Database from "libsql";
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { type DeviceRow, MIGRATIONS, type RelaySchema } from "./schema.ts";

export interface Registry {
	find(serial: string): Promise<DeviceRow | undefined>;
	/** Of these serials, those that are active. */
	activeAmong(serials: readonly string[]): Promise<ReadonlySet<string>>;
	/**
	 * Records a device once; the same again changes nothing. Conflict: the serial has another key, or the key another
	 * serial. Revoked: it was there and is not welcome any more.
	 */
	enrol(serial: string, publicKeyHex: string): Promise<Result<void, "conflict" | "revoked">>;
	/** False when there is no such device. */
	revoke(serial: string): Promise<boolean>;
	close(): Promise<void>;
}

/** The database cannot be opened or brought up to date. */
export class RegistryFault extends Error {
	constructor(message: string) {
		super(`registry: ${message}`);
		this.name = "RegistryFault";
	}
}

const BUSY_MS = 5_000;
const MIGRATION_ATTEMPTS = 4;
const MIGRATION_PAUSE_MS = 100;
const SERIALS_AT_ONCE = 500;

/** Opens the registry at an SQLite file path, and brings its tables up to date. Rejects with RegistryFault. */
export async function openRegistry(path: string): Promise<Registry> {
	let database: Database.Database | undefined;
	try {
		database = new Database(path);
		// Another process may be using the file; wait for it instead of failing.
		database.exec(`pragma busy_timeout = ${BUSY_MS}`);
		database.exec("pragma journal_mode = wal");
		database.exec("pragma synchronous = full");
		const db = new Kysely<RelaySchema>({ dialect: new SqliteDialect({ database }) });
		await migrate(db);
		return new SqlRegistry(db);
	} catch (error) {
		database?.close();
		throw new RegistryFault(`${path}: ${(error as Error).message}`);
	}
}

/** Another process may be doing the same at the same time: who comes second finds it done when it looks again. */
async function migrate(db: Kysely<RelaySchema>): Promise<void> {
	const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
	for (let attempt = 1; ; attempt++) {
		const { error } = await migrator.migrateToLatest();
		if (error === undefined) return;
		if (attempt === MIGRATION_ATTEMPTS) throw error;
		await new Promise((resolve) => setTimeout(resolve, MIGRATION_PAUSE_MS));
	}
}

class SqlRegistry implements Registry {
	readonly #db: Kysely<RelaySchema>;

	constructor(db: Kysely<RelaySchema>) {
		this.#db = db;
	}

	async find(serial: string): Promise<DeviceRow | undefined> {
		return await this.#db.selectFrom("devices").selectAll().where("serial", "=", serial).executeTakeFirst();
	}

	async activeAmong(serials: readonly string[]): Promise<ReadonlySet<string>> {
		const active = new Set<string>();
		for (let start = 0; start < serials.length; start += SERIALS_AT_ONCE) {
			const rows = await this.#db
				.selectFrom("devices")
				.select("serial")
				.where("status", "=", "active")
				.where("serial", "in", serials.slice(start, start + SERIALS_AT_ONCE))
				.execute();
			for (const row of rows) active.add(row.serial);
		}
		return active;
	}

	async enrol(serial: string, publicKeyHex: string): Promise<Result<void, "conflict" | "revoked">> {
		await this.#db
			.insertInto("devices")
			.values({ serial, public_key: publicKeyHex, status: "active", enrolled_at: new Date().toISOString() })
			.onConflict((conflict) => conflict.doNothing())
			.execute();
		const row = await this.find(serial);
		if (row === undefined || row.public_key !== publicKeyHex) return refuse("conflict");
		return row.status === "active" ? accept(undefined) : refuse("revoked");
	}

	async revoke(serial: string): Promise<boolean> {
		const result = await this.#db
			.updateTable("devices")
			.set({ status: "revoked" })
			.where("serial", "=", serial)
			.executeTakeFirst();
		return result.numUpdatedRows > 0n;
	}

	async close(): Promise<void> {
		await this.#db.destroy();
	}
}
