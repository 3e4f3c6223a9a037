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
	type BoardState,
	type FuseRow,
	type Lease,
	type Raw,
	readBoard,
	readStep,
	type StepFacts,
	type StepRow,
} from "./journal-rows.ts";
import { LINE_MIGRATIONS } from "./journal-schema.ts";
import { STEPS, type Step, stepAfter } from "./steps.ts";

/** Somebody else has the board by now, or it was scrapped: whoever had it before changes nothing any more. */
export class LeaseFault extends Error {
	constructor(board: number) {
		super(`board ${board} is somebody else's by now`);
		this.name = "LeaseFault";
	}
}

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

	/** Of this journal alone: what it reserves elsewhere is told apart by it. */
	get id(): string {
		return String(this.#all("select id from journal")[0]?.id);
	}

	/** Somebody looked at this chip: it may be erased, once it comes. */
	confirm(mac: string): void {
		this.#write(() => this.#run("insert or replace into confirmed (mac, at) values (?, ?)", mac, now()));
	}

	isConfirmed(mac: string): boolean {
		return this.#all("select mac from confirmed where mac = ?", mac).length > 0;
	}

	/**
	 * The board is in front of `holder`, who may change its row from now on; whoever had it changes nothing any more, whatever
	 * became of them. Where a board is, is a matter of who has it at a port, which is one tool's (port-lock.ts).
	 */
	take(id: number, holder: string): Lease {
		return this.#write(() => {
			this.#run("update boards set lease = lease + 1, holder = ? where id = ?", holder, id);
			const raw = this.#all("select lease from boards where id = ?", id)[0];
			if (raw === undefined) throw new JournalFault(`there is no board ${id}`);
			return { board: id, number: Number(raw.lease) };
		});
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
	number(lease: Lease, prefix: string, digits: number): string {
		return this.#write(() => {
			const known = this.find(lease.board).serial;
			if (known !== undefined) return known;
			const most = Math.min(10 ** digits - 1, Number.MAX_SAFE_INTEGER);
			const counted = this.#all("select last from counters where prefix = ?", prefix)[0];
			let last = Number(counted?.last ?? 0);
			for (let tries = 0; tries < SERIALS_AT_ONCE_MAX; tries++) {
				if (++last > most) throw new JournalFault(`there are no serials left of ${prefix}`);
				const serial = `${prefix}${String(last).padStart(digits, "0")}`;
				if (this.#all("select serial from serials where serial = ?", serial).length > 0) continue;
				this.#run("insert or replace into counters (prefix, last) values (?, ?)", prefix, last);
				this.#run(
					"insert into serials (serial, board, given_at) values (?, ?, ?)",
					serial,
					lease.board,
					now(),
				);
				this.#change(lease, { serial });
				return serial;
			}
			throw new JournalFault(`${SERIALS_AT_ONCE_MAX} serials of ${prefix} in a row are taken`);
		});
	}

	/** Its serial is another's in the registry; it stays given, and the board gets the next. */
	loseSerial(lease: Lease): void {
		this.#change(lease, { serial: null });
	}

	/** What comes cannot be undone. */
	begin(lease: Lease): void {
		this.#change(lease, { begun: 1 });
	}

	/** Its flash is about to be erased for other images. */
	forgetImages(lease: Lease): void {
		this.#change(lease, { begun: 1, written: null });
	}

	/** Its label is about to be printed. */
	beginLabel(lease: Lease): void {
		this.#change(lease, { begun: 1, labelled: 1 });
	}

	/** The board is to do `step` again, which it was believed to have done. */
	goBack(lease: Lease, step: Step): void {
		this.#change(lease, { next: step, begun: 0 });
	}

	/** The step is done, and what follows from it on record, at once. Throws LeaseFault. */
	finish(lease: Lease, step: Step, facts: StepFacts = {}): void {
		const next = stepAfter(step);
		const { written, publicKeyHex, certificate, selfTest, burned } = facts;
		const changes = {
			state: next === undefined ? "done" : "open",
			next: next ?? step,
			begun: 0,
			...(written === undefined ? {} : { written }),
			...(publicKeyHex === undefined ? {} : { public_key: publicKeyHex }),
			...(certificate === undefined ? {} : { certificate: toHex(certificate) }),
			...(selfTest === undefined ? {} : { self_test: selfTest }),
			...(burned === undefined ? {} : { burned }),
		};
		this.#change(lease, changes);
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
	beginFuse(lease: Lease, fuse: string, value: string, before: string): void {
		this.#write(() => {
			this.#change(lease, { burned: "partly" });
			const known = this.fuses(lease.board).some((row) => row.fuse === fuse);
			if (known) return;
			this.#run(
				"insert into fuses (board, fuse, value, before, state, at) values (?, ?, ?, ?, 'begun', ?)",
				lease.board,
				fuse,
				value,
				before,
				now(),
			);
		});
	}

	/** It was read back, or the chip says of itself that it is closed. */
	burned({ board }: Lease, fuse: string): void {
		this.#write(() =>
			this.#run("update fuses set state = 'burned', at = ? where board = ? and fuse = ?", now(), board, fuse),
		);
	}

	/** From now on the board is shut out, here; `scrapped` ends it when it is shut out everywhere. */
	scrap(id: number, reason: string, rework: boolean): void {
		this.#write(() => {
			// Whoever works on it finishes nothing any more.
			this.#run(
				`update boards set state = 'scrapping', reason = ?, rework = ?, lease = lease + 1, updated_at = ?
				 where id = ? and state <> 'scrapped'`,
				reason,
				rework ? 1 : 0,
				now(),
				id,
			);
		});
	}

	scrapped(id: number): void {
		this.#endScrap(id, "scrapped");
	}

	/** It cannot be shut out everywhere, and somebody has to look at it; a line goes on without. */
	unrevoked(id: number): void {
		this.#endScrap(id, "unrevoked");
	}

	#endScrap(id: number, state: BoardState): void {
		this.#write(() =>
			this.#run(
				"update boards set state = ?, updated_at = ? where id = ? and state in ('scrapping', 'unrevoked')",
				state,
				now(),
				id,
			),
		);
	}

	/** A scrapped board may come to the line again, or may not any more. */
	setRework(id: number, rework: boolean): void {
		this.#write(() =>
			this.#run("update boards set rework = ?, updated_at = ? where id = ?", rework ? 1 : 0, now(), id),
		);
	}

	/** The one way in which a board's row changes: as its holder, while it is open, or not at all. Throws LeaseFault. */
	#change({ board, number }: Lease, changes: Readonly<Record<string, string | number | null>>): void {
		const sets = Object.keys(changes).map((column) => `${column} = ?`);
		const values = Object.values(changes);
		const { changes: changed } = this.#write(() =>
			this.#run(
				`update boards set ${sets.join(", ")}, updated_at = ? where id = ? and lease = ? and state = 'open'`,
				...values,
				now(),
				board,
				number,
			),
		);
		if (changed !== 1) throw new LeaseFault(board);
	}

	#migrate(): void {
		this.#write(() => {
			const version = Number(this.#all("pragma user_version")[0]?.user_version ?? 0);
			if (version > LINE_MIGRATIONS.length) throw new JournalFault("it is a newer program's");
			if (version === LINE_MIGRATIONS.length) return;
			const tables = this.#all("select name from sqlite_master where type = 'table'");
			if (version === 0 && tables.length > 0) throw new JournalFault("this database is something else");
			for (const statement of LINE_MIGRATIONS.slice(version).flat()) this.#db.exec(statement);
			this.#db.exec(`pragma user_version = ${LINE_MIGRATIONS.length}`);
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

	#run(
		statement: string,
		...values: readonly unknown[]
	): { readonly lastInsertRowid: number | bigint; readonly changes: number } {
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
