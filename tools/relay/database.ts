/**
 * The relay's SQL database behind one query builder: an embedded SQLite file here, a Postgres server by URL later.
 * Several processes may have it open (a running relay, the factory line, a command line).
 */
import { join } from "node:path";
import { Kysely, Migrator, SqliteDialect } from "kysely";
import Database from "libsql";
import { MIGRATIONS, type RelaySchema } from "./schema.ts";

export type RelayDatabase = Kysely<RelaySchema>;

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

/** The database of a relay whose data is in `dir`. */
export function registryPath(dir: string): string {
	return join(dir, "relay.db");
}

/** Opens the database at an SQLite file path, and brings its tables up to date. Rejects with RegistryFault. */
export async function openDatabase(path: string): Promise<RelayDatabase> {
	let database: Database.Database | undefined;
	try {
		database = new Database(path);
		// Another process may be using the file; wait for it instead of failing.
		database.exec(`pragma busy_timeout = ${BUSY_MS}`);
		database.exec("pragma journal_mode = wal");
		database.exec("pragma synchronous = full");
		const db = new Kysely<RelaySchema>({ dialect: new SqliteDialect({ database }) });
		await migrate(db);
		return db;
	} catch (error) {
		database?.close();
		throw new RegistryFault(`${path}: ${(error as Error).message}`);
	}
}

/** Another process may be doing the same at the same time: who comes second finds it done when it looks again. */
async function migrate(db: RelayDatabase): Promise<void> {
	const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
	for (let attempt = 1; ; attempt++) {
		const { error } = await migrator.migrateToLatest();
		if (error === undefined) return;
		if (attempt === MIGRATION_ATTEMPTS) throw error;
		await new Promise((resolve) => setTimeout(resolve, MIGRATION_PAUSE_MS));
	}
}
