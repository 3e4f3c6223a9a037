/** The tables of the line's journal (docs/FACTORY.md). One that has been released never changes; a newer one follows it. */

const FIRST: readonly string[] = Object.freeze([
	// One row a life: a board that is begun anew is another one, on the same chip.
	`create table boards (
		id integer primary key,
		mac text not null,
		chip text not null,
		flash_bytes integer not null,
		state text not null check (state in ('open', 'done', 'scrapping', 'scrapped')),
		next text not null,
		begun integer not null default 0,
		written text,
		serial text unique,
		public_key text unique,
		certificate text,
		self_test text,
		labelled integer not null default 0,
		burned text not null default 'no' check (burned in ('no', 'partly', 'yes')),
		rework integer not null default 0,
		reason text,
		updated_at text not null
	)`,
	"create unique index one_life on boards (mac) where state <> 'scrapped'",
	// Every serial that was ever given, also those that the registry had already.
	"create table serials (serial text primary key, board integer not null, given_at text not null)",
	"create table counters (prefix text primary key, last integer not null)",
	"create table runs (id integer primary key, tool text not null, began_at text not null)",
	`create table steps (
		id integer primary key,
		board integer not null,
		run integer not null,
		station text not null,
		step text not null,
		failure text,
		elapsed_ms integer not null,
		at text not null
	)`,
	`create table fuses (
		id integer primary key,
		board integer not null,
		fuse text not null,
		value text not null,
		before text not null,
		state text not null check (state in ('begun', 'burned')),
		at text not null,
		unique (board, fuse)
	)`,
]);

/** Who may change a row; scraps that could not be ended; chips that may be erased; the journal's own name. */
const SECOND: readonly string[] = Object.freeze([
	`create table boards_2 (
		id integer primary key,
		mac text not null,
		chip text not null,
		flash_bytes integer not null,
		state text not null check (state in ('open', 'done', 'scrapping', 'scrapped', 'unrevoked')),
		next text not null,
		begun integer not null default 0,
		written text,
		serial text unique,
		public_key text unique,
		certificate text,
		self_test text,
		labelled integer not null default 0,
		burned text not null default 'no' check (burned in ('no', 'partly', 'yes')),
		rework integer not null default 0,
		reason text,
		updated_at text not null,
		lease integer not null default 0,
		holder text
	)`,
	// Lives of before had their self-test and their eFuses behind their keys: what is open is finished by hand or scrapped.
	`insert into boards_2 select id, mac, chip, flash_bytes, state, next, begun, written, serial, public_key, certificate,
		self_test, labelled, burned, rework, reason, updated_at, 0, null from boards`,
	"drop table boards",
	"alter table boards_2 rename to boards",
	"create unique index one_life on boards (mac) where state <> 'scrapped'",
	"create table confirmed (mac text primary key, at text not null)",
	"create table journal (id text not null)",
	"insert into journal (id) values (lower(hex(randomblob(8))))",
]);

/** Each brings a journal to the version of its place, beginning with 1. */
export const LINE_MIGRATIONS: readonly (readonly string[])[] = Object.freeze([FIRST, SECOND]);
