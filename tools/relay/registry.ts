/**
 * The registry: which public key belongs to which serial number, and whether the device is still welcome (T6).
 */
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { openDatabase, type RelayDatabase } from "./database.ts";
import type { DeviceRow } from "./schema.ts";

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

const SERIALS_AT_ONCE = 500;

/** Opens the registry at an SQLite file path, and brings its tables up to date. Rejects with RegistryFault. */
export async function openRegistry(path: string): Promise<Registry> {
	return new SqlRegistry(await openDatabase(path));
}

export class SqlRegistry implements Registry {
	readonly #db: RelayDatabase;

	constructor(db: RelayDatabase) {
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
