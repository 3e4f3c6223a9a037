/** The table of published trust bundles, and how it came to be. */
import type { Kysely, Migration } from "kysely";

export interface BundleRow {
	readonly version: number;
	/** The signed message, base64. */
	readonly message: string;
	readonly published_at: string;
}

export const BUNDLES_MIGRATION: Migration = Object.freeze({
	async up(db: Kysely<unknown>): Promise<void> {
		await db.schema
			.createTable("bundles")
			.addColumn("version", "bigint", (column) => column.primaryKey())
			.addColumn("message", "text", (column) => column.notNull())
			.addColumn("published_at", "varchar(32)", (column) => column.notNull())
			.execute();
	},
});
