/**
 * The line's journal: one SQLite file, on disk (fsync) before each call returns. It says which board has which serial, how
 * far each is, and, before a step that cannot be undone, that it is begun. Several tools may use it at the same time.
 *
 * It never holds a secret, a Noise key or a label. A serial is given once, whatever becomes of it; a key belongs to one board.
 */
import { createRequire } from "node:module";
import type Database from "libsql";
import { toHex } from "../../../modules/base/bytes.ts";
import type { ChipIdentity } from "./chip-driver.ts";
import {
	type BoardRow,
	type FuseRow,
	type Raw,
	readBoard,
	readStep,
	type StepFacts,
	type StepRow,
} from "./journal-rows.ts";
import { LINE_SCHEMA, LINE_SCHEMA_VERSION } from "./journal-schema.ts";
import { STEPS, type Step, stepAfter } from "./steps.ts";

/** The journal cannot be opened, or is not one. */
export class JournalFault extends Error {
	constructor(message: string) {
		super(`journal: ${message}`);
		this.name = "JournalFault";
	}
}

/** Takes long: by who opens a journal, and by no help. */
function loadDriver(): typeof Database {
	return createRequire(import.meta.url)("libsql") as typeof Database;
}

const BUSY_MS = 10_000;
const SERIALS_AT_ONCE_MAX = 10_000;

export class Journal {
	readonly #db: Database.Database;

	private constructor(db: Database.Database) {
		this.#db = db;
	}

	/** Throws JournalFault. */
	static open(path: string): Journal {
		let db: Database.Database | undefined;
		try {
			db = new (loadDriver())(path);
			db.exec(`pragma busy_timeout = ${BUSY_MS}`);
			db.exec("pragma journal_mode = wal");
			db.exec("pragma synchronous = full");
			const journal = new Journal(db);
			journal.#migrate();
			return journal;
		} catch (error) {
			db?.close();
			throw error instanceof JournalFault ? error : new JournalFault(`${path}: ${(error as Error).message}`);
		}
	}

	close(): void {
		this.#db.close();
	}

	/** The number of a new run of the tool. */
	beginRun(tool: string): number {
		return this.#write(() =>
			Number(this.#run("insert into runs (tool, began_at) values (?, ?)", tool, now()).lastInsertRowid),
		);
	}

	/** The newest life of a chip. */
	findChip(mac: string): BoardRow | undefined {
		return this.#board("select * from boards where mac = ? order by id desc limit 1", mac);
	}

	findSerial(serial: string): BoardRow | undefined {
		return this.#board("select * from boards where serial = ?", serial);
	}

	find(id: number): BoardRow {
		const row = this.#board("select * from boards where id = ?", id);
		if (row === undefined) throw new JournalFault(`there is no board ${id}`);
		return row;
	}

	/** In the order in which they came. */
	boards(): readonly BoardRow[] {
		return this.#all("select * from boards order by id").map(readBoard);
	}

	steps(run?: number): readonly StepRow[] {
		const where = run === undefined ? "" : "where run = ?";
		const words = run === undefined ? [] : [run];
		return this.#all(`select * from steps ${where} order by id`, ...words).map(readStep);
	}

	fuses(board: number): readonly FuseRow[] {
		return this.#all("select * from fuses where board = ? order by id", board).map((raw) => ({
			board,
			fuse: String(raw.fuse),
			value: String(raw.value),
			before: String(raw.before),
			state: raw.state === "burned" ? "burned" : "begun",
		}));
	}

	/** A new life. Undefined: the chip has one that did not end, which is the one to go on with. */
	admit(chip: ChipIdentity): BoardRow | undefined {
		return this.#write(() => {
			const former = this.findChip(chip.mac);
			if (former !== undefined && former.state !== "scrapped") return undefined;
			const { lastInsertRowid } = this.#run(
				"insert into boards (mac, chip, flash_bytes, state, next, updated_at) values (?, ?, ?, 'open', ?, ?)",
				chip.mac,
				chip.chip,
				chip.flashBytes,
				STEPS[0],
				now(),
			);
			return this.find(Number(lastInsertRowid));
		});
	}

	/** Gives the board a serial that nobody was ever given here: the one it has, or the next number of the prefix. */
	number(id: number, prefix: string, digits: number): string {
		return this.#write(() => {
			const known = this.find(id).serial;
			if (known !== undefined) return known;
			const most = Math.min(10 ** digits - 1, Number.MAX_SAFE_INTEGER);
			const counted = this.#all("select last from counters where prefix = ?", prefix)[0];
			let last = Number(counted?.last ?? 0);
			for (let tries = 0; tries < SERIALS_AT_ONCE_MAX; tries++) {
				if (++last > most) throw new JournalFault(`there are no serials left of ${prefix}`);
				const serial = `${prefix}${String(last).padStart(digits, "0")}`;
				if (this.#all("select serial from serials where serial = ?", serial).length > 0) continue;
				this.#run("insert or replace into counters (prefix, last) values (?, ?)", prefix, last);
				this.#run("insert into serials (serial, board, given_at) values (?, ?, ?)", serial, id, now());
				this.#run("update boards set serial = ?, updated_at = ? where id = ?", serial, now(), id);
				return serial;
			}
			throw new JournalFault(`${SERIALS_AT_ONCE_MAX} serials of ${prefix} in a row are taken`);
		});
	}

	/** Its serial is another's in the registry; it stays given, and the board gets the next. */
	loseSerial(id: number): void {
		this.#write(() => this.#run("update boards set serial = null, updated_at = ? where id = ?", now(), id));
	}

	/** What comes cannot be undone. */
	begin(id: number): void {
		this.#write(() => this.#run("update boards set begun = 1, updated_at = ? where id = ?", now(), id));
	}

	/** Its label is about to be printed. */
	beginLabel(id: number): void {
		this.#write(() =>
			this.#run("update boards set begun = 1, labelled = 1, updated_at = ? where id = ?", now(), id),
		);
	}

	/** The board is to do `step` again, which it was believed to have done. */
	goBack(id: number, step: Step): void {
		this.#write(() =>
			this.#run("update boards set next = ?, begun = 0, updated_at = ? where id = ?", step, now(), id),
		);
	}

	/** The step is done, and what follows from it on record, at once. False: the board was scrapped meanwhile. */
	finish(id: number, step: Step, facts: StepFacts = {}): boolean {
		return this.#write(() => {
			const next = stepAfter(step);
			const board = this.find(id);
			if (board.state !== "open") return false;
			const certificate = facts.certificate ?? board.certificate;
			this.#run(
				`update boards set state = ?, next = ?, begun = 0, written = ?, public_key = ?, certificate = ?,
				 self_test = ?, burned = ?, updated_at = ? where id = ?`,
				next === undefined ? "done" : board.state,
				next ?? step,
				facts.written ?? board.written ?? null,
				facts.publicKeyHex ?? board.publicKeyHex ?? null,
				certificate === undefined ? null : toHex(certificate),
				facts.selfTest ?? board.selfTest ?? null,
				facts.burned ?? board.burned,
				now(),
				id,
			);
			return true;
		});
	}

	/** One more line of its history, which is never changed. */
	note(row: StepRow): void {
		this.#write(() =>
			this.#run(
				"insert into steps (board, run, station, step, failure, elapsed_ms, at) values (?, ?, ?, ?, ?, ?, ?)",
				row.board,
				row.run,
				row.station,
				row.step,
				row.failure ?? null,
				Math.round(row.elapsedMs),
				now(),
			),
		);
	}

	/** Before it is burned. */
	beginFuse(board: number, fuse: string, value: string, before: string): void {
		this.#write(() => {
			this.#run("update boards set burned = 'partly', updated_at = ? where id = ?", now(), board);
			const known = this.fuses(board).some((row) => row.fuse === fuse);
			if (known) return;
			this.#run(
				"insert into fuses (board, fuse, value, before, state, at) values (?, ?, ?, ?, 'begun', ?)",
				board,
				fuse,
				value,
				before,
				now(),
			);
		});
	}

	/** It was read back, or is behind what closed the chip. */
	burned(board: number, fuse: string): void {
		this.#write(() =>
			this.#run("update fuses set state = 'burned', at = ? where board = ? and fuse = ?", now(), board, fuse),
		);
	}

	/** From now on the board is shut out, here; `scrapped` ends it when it is shut out everywhere. */
	scrap(id: number, reason: string, rework: boolean): void {
		this.#write(() =>
			this.#run(
				"update boards set state = 'scrapping', reason = ?, rework = ?, updated_at = ? where id = ? and state <> 'scrapped'",
				reason,
				rework ? 1 : 0,
				now(),
				id,
			),
		);
	}

	scrapped(id: number): void {
		this.#write(() =>
			this.#run("update boards set state = 'scrapped', updated_at = ? where id = ?", now(), id),
		);
	}

	/** A scrapped board may come to the line again, or may not any more. */
	setRework(id: number, rework: boolean): void {
		this.#write(() =>
			this.#run("update boards set rework = ?, updated_at = ? where id = ?", rework ? 1 : 0, now(), id),
		);
	}

	#migrate(): void {
		this.#write(() => {
			const version = Number(this.#all("pragma user_version")[0]?.user_version ?? 0);
			if (version > LINE_SCHEMA_VERSION) throw new JournalFault("it is a newer program's");
			if (version === LINE_SCHEMA_VERSION) return;
			const tables = this.#all("select name from sqlite_master where type = 'table'");
			if (tables.length > 0) throw new JournalFault("this database is something else");
			for (const statement of LINE_SCHEMA) this.#db.exec(statement);
			this.#db.exec(`pragma user_version = ${LINE_SCHEMA_VERSION}`);
		});
	}

	/** Waits for its turn where nothing has been done yet; on disk when it returns. */
	#write<Written>(work: () => Written): Written {
		if (this.#db.inTransaction) return work();
		this.#db.exec("begin immediate");
		try {
			const written = work();
			this.#db.exec("commit");
			return written;
		} catch (error) {
			if (this.#db.inTransaction) this.#db.exec("rollback");
			throw error;
		}
	}

	#run(statement: string, ...values: readonly unknown[]): { readonly lastInsertRowid: number | bigint } {
		return this.#db.prepare(statement).run(...values);
	}

	#all(statement: string, ...values: readonly unknown[]): readonly Raw[] {
		return this.#db.prepare(statement).all(...values) as readonly Raw[];
	}

	#board(statement: string, ...values: readonly unknown[]): BoardRow | undefined {
		const raw = this.#all(statement, ...values)[0];
		return raw === undefined ? undefined : readBoard(raw);
	}
}

function now(): string {
	return new Date().toISOString();
}
