/**
 * The relay's tables and how they came to be. Types are those that SQLite and Postgres both have; times are ISO 8601
 * text, keys hexadecimal text. Nothing of what passes between phones and locks is stored, and no Noise key.
 */
import type { Kysely, Migration } from "kysely";
import { BUNDLES_MIGRATION, type BundleRow } from "./bundle-schema.ts";
import {
	CHALLENGES_MIGRATION,
	GENERATIONS_MIGRATION,
	HALTS_MIGRATION,
	UPDATES_MIGRATION,
	type UpdateTables,
} from "./update-schema.ts";

export type DeviceStatus = "active" | "revoked";

export interface DeviceRow {
	readonly serial: string;
	/** The uncompressed P-256 point, 130 hexadecimal digits. */
	readonly public_key: string;
	readonly status: DeviceStatus;
	readonly enrolled_at: string;
}

export interface ReportRow {
	readonly serial: string;
	/** PROTOCOL 12, as it came: hexadecimal text of at most 2,048 bytes. */
	readonly report: string;
	readonly received_at: string;
}

/** issued: not seen yet; connected: it serves; superseded: a newer one has connected, or was issued in its place. */
export type OperationalKeyState = "issued" | "connected" | "superseded";

/** A key that a device was given an operational certificate for. */
export interface OperationalKeyRow {
	readonly public_key: string;
	readonly serial: string;
	readonly state: OperationalKeyState;
	readonly issued_at: string;
	readonly not_after: string;
}

/** A factory key that a repair replaced, or an operational key of long ago: it is nobody's for good. */
export interface RetiredKeyRow {
	readonly public_key: string;
	readonly serial: string;
	readonly retired_at: string;
}

/** A serial that a factory line has given and no device has yet. */
export interface ReservedSerialRow {
	readonly serial: string;
	readonly holder: string;
	readonly reserved_at: string;
}

export interface RelaySchema extends UpdateTables {
	readonly devices: DeviceRow;
	readonly bundles: BundleRow;
	readonly reports: ReportRow;
	readonly operational_keys: OperationalKeyRow;
	readonly retired_keys: RetiredKeyRow;
	readonly reserved_serials: ReservedSerialRow;
}

/** In the order of their names; one that has been released never changes. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = Object.freeze({
	"0001-devices": {
		async up(db: Kysely<unknown>): Promise<void> {
			await db.schema
				.createTable("devices")
				.addColumn("serial", "varchar(24)", (column) => column.primaryKey())
				.addColumn("public_key", "varchar(130)", (column) => column.notNull().unique())
				.addColumn("status", "varchar(16)", (column) => column.notNull())
				.addColumn("enrolled_at", "varchar(32)", (column) => column.notNull())
				.execute();
		},
	},
	"0002-bundles": BUNDLES_MIGRATION,
	"0003-operational-keys": {
		async up(db: Kysely<unknown>): Promise<void> {
			await db.schema
				.createTable("operational_keys")
				.addColumn("public_key", "varchar(130)", (column) => column.primaryKey())
				.addColumn("serial", "varchar(24)", (column) => column.notNull())
				.addColumn("state", "varchar(16)", (column) => column.notNull())
				.addColumn("issued_at", "varchar(32)", (column) => column.notNull())
				.addColumn("not_after", "varchar(32)", (column) => column.notNull())
				.execute();
			await db.schema
				.createIndex("operational_keys_serial")
				.on("operational_keys")
				.column("serial")
				.execute();
			await db.schema
				.createTable("retired_keys")
				.addColumn("public_key", "varchar(130)", (column) => column.primaryKey())
				.addColumn("serial", "varchar(24)", (column) => column.notNull())
				.addColumn("retired_at", "varchar(32)", (column) => column.notNull())
				.execute();
		},
	},
	"0004-reports": {
		async up(db: Kysely<unknown>): Promise<void> {
			await db.schema
				.createTable("reports")
				.addColumn("serial", "varchar(24)", (column) => column.primaryKey())
				.addColumn("report", "varchar(4096)", (column) => column.notNull())
				.addColumn("received_at", "varchar(32)", (column) => column.notNull())
				.execute();
		},
	},
	"0005-updates": UPDATES_MIGRATION,
	"0006-challenges": CHALLENGES_MIGRATION,
	"0007-halts": HALTS_MIGRATION,
	"0008-generations": GENERATIONS_MIGRATION,
	"0009-reserved-serials": {
		async up(db: Kysely<unknown>): Promise<void> {
			await db.schema
				.createTable("reserved_serials")
				.addColumn("serial", "varchar(24)", (column) => column.primaryKey())
				.addColumn("holder", "varchar(64)", (column) => column.notNull())
				.addColumn("reserved_at", "varchar(32)", (column) => column.notNull())
				.execute();
		},
	},
});
