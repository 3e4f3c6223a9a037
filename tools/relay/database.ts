/**
 * The relay's SQL database behind one query builder: an embedded SQLite file here, a Postgres server by URL later.
 * Several processes may have it open (a running relay, the factory line, a command line).
 */
import { Kysely, Migrator, type SqliteDatabase, SqliteDialect, type SqliteStatement, sql } from "kysely";
import Database from "libsql";
import { RegistryFault } from "./registry-file.ts";
import { MIGRATIONS, type RelaySchema } from "./schema.ts";

export type RelayDatabase = Kysely<RelaySchema>;

/** How long a write waits for another process that is writing. */
const BUSY_MS = 5_000;
/** A driver that waits stops the process: a relay, whom phones wait for, looks again instead. */
const SERVING_BUSY_MS = 20;
const BUSY_PAUSE_MS = 200;
const MIGRATION_ATTEMPTS = 4;
const MIGRATION_PAUSE_MS = 100;

/** Opens the database at an SQLite file path, and brings its tables up to date. Rejects with RegistryFault. */
export async function openDatabase(path: string): Promise<RelayDatabase> {
	return await opened(path, async (database, db) => {
		database.exec("pragma journal_mode = wal");
		database.exec("pragma synchronous = full");
		await migrate(db);
	});
}

/**
 * Opens it as it is, for who only looks: tables of another version are nobody's to change in passing, and are a RegistryFault that
 * names what brings them up to date. Nothing can be written, unless `writes`: who asks something of a running relay leaves it there.
 */
export async function openPresentDatabase(path: string, writes = false): Promise<RelayDatabase> {
	return await opened(path, async (database, db) => {
		// The driver's own option for it is not kept.
		if (!writes) database.exec("pragma query_only = on");
		await requirePresent(db);
	});
}

async function requirePresent(db: RelayDatabase): Promise<void> {
	if ((await migratorOf(db).getMigrations()).some(({ executedAt }) => executedAt === undefined))
		throw new Error(
			"its tables are of an older version, and looking changes nothing: start its relay with this version first (latchkey relay), or the line that it belongs to (latchkey factory provision)",
		);
	const { rows } = await sql<{ readonly name: string }>`select name from kysely_migration`.execute(db);
	const unknown = rows.find(({ name }) => !Object.hasOwn(MIGRATIONS, name));
	if (unknown !== undefined)
		throw new Error(`its tables are of a newer version (${unknown.name}): look with that one`);
}

async function opened(
	path: string,
	prepare: (database: Database.Database, db: RelayDatabase) => Promise<void>,
): Promise<RelayDatabase> {
	let database: Database.Database | undefined;
	try {
		database = new Database(path);
		// Another process may be using the file; wait for it instead of failing.
		database.exec(`pragma busy_timeout = ${BUSY_MS}`);
		const db = new Kysely<RelaySchema>({ dialect: new SqliteDialect({ database: takingTurns(database) }) });
		await prepare(database, db);
		return db;
	} catch (error) {
		database?.close();
		throw new RegistryFault(`${path}: ${(error as Error).message}`);
	}
}

/**
 * A transaction waits for its turn when it begins, where nothing has been done yet. The driver leaves a statement open that met another
 * writer, and nothing can be committed beside it: no statement may meet one.
 */
function takingTurns(database: Database.Database): SqliteDatabase {
	return {
		close: () => database.close(),
		prepare: (text) => (text === "begin" ? beginning(database) : database.prepare(text)),
	};
}

function beginning(database: Database.Database): SqliteStatement {
	return {
		reader: false,
		all: () => [],
		run: () => {
			database.exec("begin immediate");
			return { changes: 0, lastInsertRowid: 0 };
		},
		iterate: () => [][Symbol.iterator](),
	};
}

/** The same for a process that serves others: it never stands still for long because another one is writing. */
export async function openServingDatabase(path: string): Promise<RelayDatabase> {
	const db = await openDatabase(path);
	await sql.raw(`pragma busy_timeout = ${SERVING_BUSY_MS}`).execute(db);
	return db;
}

/** `write` is one transaction. It is done once whoever else is writing has done so, and rejects after as long as a command would wait. */
export async function whenFree<Written>(write: () => Promise<Written>): Promise<Written> {
	const deadline = performance.now() + BUSY_MS;
	for (;;) {
		try {
			return await write();
		} catch (error) {
			const { code } = error as { readonly code?: unknown };
			if (typeof code !== "string" || !code.startsWith("SQLITE_BUSY")) throw error;
			if (performance.now() > deadline) throw error;
		}
		await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
	}
}

function migratorOf(db: RelayDatabase): Migrator {
	return new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
}

/** Another process may be doing the same at the same time: who comes second finds it done when it looks again. */
async function migrate(db: RelayDatabase): Promise<void> {
	const migrator = migratorOf(db);
	for (let attempt = 1; ; attempt++) {
		const { error } = await migrator.migrateToLatest();
		if (error === undefined) return;
		if (attempt === MIGRATION_ATTEMPTS) throw error;
		await new Promise((resolve) => setTimeout(resolve, MIGRATION_PAUSE_MS));
	}
}
