/** The last report of each lock (PROTOCOL 12), as it came. It is a lock's word, kept for people; nothing is decided by it. */
import { fromHex, toHex } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { type RelayDatabase, whenFree } from "./database.ts";

export interface StoredReport {
	readonly bytes: Uint8Array;
	/** ISO 8601. */
	readonly receivedAt: string;
}

export class Reports {
	readonly #db: RelayDatabase;

	constructor(db: RelayDatabase) {
		this.#db = db;
	}

	/** Replaces the lock's former one. `report`: at most LIMITS.reportBytes. */
	async keep(serial: string, report: Uint8Array): Promise<void> {
		if (report.length > LIMITS.reportBytes) return;
		const row = { serial, report: toHex(report), received_at: new Date().toISOString() };
		await whenFree(() =>
			this.#db.transaction().execute((db) =>
				db
					.insertInto("reports")
					.values(row)
					.onConflict((conflict) => conflict.column("serial").doUpdateSet(row))
					.execute(),
			),
		);
	}

	async find(serial: string): Promise<StoredReport | undefined> {
		const row = await this.#db
			.selectFrom("reports")
			.selectAll()
			.where("serial", "=", serial)
			.executeTakeFirst();
		return row && { bytes: fromHex(row.report) ?? new Uint8Array(0), receivedAt: row.received_at };
	}
}
