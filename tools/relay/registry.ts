/**
 * The registry: which public keys belong to which serial number, and whether the device is still welcome (T6). A device
 * has its factory key, and the keys that it was given operational certificates for (operational-keys.ts). Several
 * processes may change it; `watch` tells of that within its interval.
 */
import { sql, type Transaction } from "kysely";
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { openDatabase, type RelayDatabase, whenFree } from "./database.ts";
import type { DeviceCredential } from "./device-service.ts";
import {
	type IssueReason,
	isKnownKey,
	recordConnected,
	recordIssued,
	takeDevice,
} from "./operational-keys.ts";
import type { DeviceRow, RelaySchema } from "./schema.ts";

/** Whom a device's certificate says that it is. */
export interface DeviceKey {
	readonly serial: string;
	/** The uncompressed P-256 point in hexadecimal. */
	readonly publicKeyHex: string;
}

export type AdmitReason =
	| "unknown-device"
	| "revoked"
	| "key-mismatch" // no key that this serial was ever given
	| "key-superseded" // an operational key whose successor has connected
	| "key-expired" // an operational key after its certificate's end
	| "key-retired"; // the factory key of before a repair, or an operational key of long ago

export interface UnwelcomeDevice extends DeviceKey {
	readonly reason: AdmitReason;
}

export interface Registry {
	find(serial: string): Promise<DeviceRow | undefined>;
	/** With which of its certificates a device is here; TLS has verified that one. */
	admit(device: DeviceKey): Promise<Result<DeviceCredential, AdmitReason>>;
	/** Of devices that are connected, those that would not be admitted any more. */
	unwelcome(devices: readonly DeviceKey[]): Promise<readonly UnwelcomeDevice[]>;
	/** A device that was admitted with an operational key is served: the older ones are superseded. */
	connected(device: DeviceKey): Promise<void>;
	/**
	 * Keeps a serial for one holder until a device is enrolled with it, so that two lines never give the same one. The same again
	 * changes nothing. Taken: a device has it, or somebody else keeps it.
	 */
	reserve(serial: string, holder: string): Promise<Result<void, "taken">>;
	/**
	 * Records a device once; the same again changes nothing. Conflict: the serial has another key, or the key is, or
	 * was, another's, or somebody other than `holder` keeps the serial. Revoked: it was there and is not welcome any more.
	 */
	enrol(serial: string, publicKeyHex: string, holder?: string): Promise<Result<void, "conflict" | "revoked">>;
	/** Whether this was some device's key, which a repair replaced. */
	isRetired(publicKeyHex: string): Promise<boolean>;
	/** Records the key of a certificate that is about to be issued. */
	issue(serial: string, publicKeyHex: string, notAfter: Date): Promise<Result<void, IssueReason>>;
	/** False when there is no such device. */
	revoke(serial: string): Promise<boolean>;
	/** After a repair: its keys are nobody's any more, and the serial may be enrolled with a new one. False: no such device. */
	rekey(serial: string): Promise<boolean>;
	/**
	 * Calls `onChange` soon after any process has changed the registry, at once when it was this one, until the returned
	 * function is called. `onFault`: it could not be looked at, or `onChange` rejected, and is called again soon.
	 */
	watch(everyMs: number, onChange: () => Promise<void>, onFault: (error: Error) => void): () => void;
	close(): Promise<void>;
}

const DEVICES_AT_ONCE = 500;

/** Opens the registry at an SQLite file path, and brings its tables up to date. Rejects with RegistryFault. */
export async function openRegistry(path: string): Promise<Registry> {
	return new SqlRegistry(await openDatabase(path));
}

export class SqlRegistry implements Registry {
	readonly #db: RelayDatabase;
	readonly #watchers = new Set<() => void>();

	constructor(db: RelayDatabase) {
		this.#db = db;
	}

	async find(serial: string): Promise<DeviceRow | undefined> {
		return await this.#db.selectFrom("devices").selectAll().where("serial", "=", serial).executeTakeFirst();
	}

	async admit(device: DeviceKey): Promise<Result<DeviceCredential, AdmitReason>> {
		const [admitted] = await this.#judge([device]);
		if (admitted!.ok || admitted!.reason !== "key-mismatch") return admitted!;
		return refuse((await this.isRetired(device.publicKeyHex)) ? "key-retired" : "key-mismatch");
	}

	async isRetired(publicKeyHex: string): Promise<boolean> {
		const retired = await this.#db
			.selectFrom("retired_keys")
			.select("serial")
			.where("public_key", "=", publicKeyHex)
			.executeTakeFirst();
		return retired !== undefined;
	}

	async unwelcome(devices: readonly DeviceKey[]): Promise<readonly UnwelcomeDevice[]> {
		const found: UnwelcomeDevice[] = [];
		for (let start = 0; start < devices.length; start += DEVICES_AT_ONCE) {
			const some = devices.slice(start, start + DEVICES_AT_ONCE);
			for (const [index, admitted] of (await this.#judge(some)).entries()) {
				if (!admitted.ok) found.push({ ...some[index]!, reason: admitted.reason });
			}
		}
		return found;
	}

	/** One answer for each of at most DEVICES_AT_ONCE devices. */
	async #judge(devices: readonly DeviceKey[]): Promise<readonly Result<DeviceCredential, AdmitReason>[]> {
		const nowMs = Date.now();
		const serials = devices.map((device) => device.serial);
		const rows = await this.#db.selectFrom("devices").selectAll().where("serial", "in", serials).execute();
		const keys = await this.#db
			.selectFrom("operational_keys")
			.selectAll()
			.where("serial", "in", serials)
			.execute();
		const rowOf = new Map(rows.map((row) => [row.serial, row]));
		const keyOf = new Map(keys.map((key) => [key.public_key, key]));
		return devices.map(({ serial, publicKeyHex }) => {
			const row = rowOf.get(serial);
			if (row === undefined) return refuse("unknown-device");
			if (row.status !== "active") return refuse("revoked");
			if (row.public_key === publicKeyHex) return accept("factory");
			const key = keyOf.get(publicKeyHex);
			if (key?.serial !== serial) return refuse("key-mismatch");
			if (key.state === "superseded") return refuse("key-superseded");
			return Date.parse(key.not_after) > nowMs ? accept("operational") : refuse("key-expired");
		});
	}

	async connected({ serial, publicKeyHex }: DeviceKey): Promise<void> {
		await this.#write((db) => recordConnected(db, serial, publicKeyHex));
	}

	async reserve(serial: string, holder: string): Promise<Result<void, "taken">> {
		const keeper = await this.#write(async (db) => {
			await takeDevice(db, serial);
			const device = await db
				.selectFrom("devices")
				.select("serial")
				.where("serial", "=", serial)
				.executeTakeFirst();
			if (device !== undefined) return undefined;
			await db
				.insertInto("reserved_serials")
				.values({ serial, holder, reserved_at: new Date().toISOString() })
				.onConflict((conflict) => conflict.doNothing())
				.execute();
			return await keeperOf(db, serial);
		});
		return keeper === holder ? accept(undefined) : refuse("taken");
	}

	async enrol(
		serial: string,
		publicKeyHex: string,
		holder?: string,
	): Promise<Result<void, "conflict" | "revoked">> {
		const enrolled = await this.#write(async (db) => {
			await takeDevice(db, serial);
			const known = await db
				.selectFrom("devices")
				.selectAll()
				.where("serial", "=", serial)
				.executeTakeFirst();
			if (known !== undefined) return known;
			const keeper = await keeperOf(db, serial);
			if (keeper !== undefined && keeper !== holder) return undefined;
			if (await isKnownKey(db, publicKeyHex)) return undefined;
			const row: DeviceRow = {
				serial,
				public_key: publicKeyHex,
				status: "active",
				enrolled_at: new Date().toISOString(),
			};
			await db
				.insertInto("devices")
				.values(row)
				.onConflict((conflict) => conflict.doNothing())
				.execute();
			// From now on the device's row keeps it.
			await db.deleteFrom("reserved_serials").where("serial", "=", serial).execute();
			return await db.selectFrom("devices").selectAll().where("serial", "=", serial).executeTakeFirst();
		});
		if (enrolled?.public_key !== publicKeyHex) return refuse("conflict");
		return enrolled.status === "active" ? accept(undefined) : refuse("revoked");
	}

	async issue(serial: string, publicKeyHex: string, notAfter: Date): Promise<Result<void, IssueReason>> {
		return await this.#write((db) => recordIssued(db, serial, publicKeyHex, notAfter));
	}

	async revoke(serial: string): Promise<boolean> {
		const result = await this.#write((db) =>
			db.updateTable("devices").set({ status: "revoked" }).where("serial", "=", serial).executeTakeFirst(),
		);
		this.#tell();
		return result.numUpdatedRows > 0n;
	}

	async rekey(serial: string): Promise<boolean> {
		const rekeyed = await this.#write(async (db) => {
			await takeDevice(db, serial);
			const device = await db
				.selectFrom("devices")
				.selectAll()
				.where("serial", "=", serial)
				.executeTakeFirst();
			if (device === undefined) return false;
			const retired = { public_key: device.public_key, serial, retired_at: new Date().toISOString() };
			await db.insertInto("retired_keys").values(retired).execute();
			await db
				.updateTable("operational_keys")
				.set({ state: "superseded" })
				.where("serial", "=", serial)
				.execute();
			await db.deleteFrom("devices").where("serial", "=", serial).execute();
			return true;
		});
		this.#tell();
		return rekeyed;
	}

	watch(everyMs: number, onChange: () => Promise<void>, onFault: (error: Error) => void): () => void {
		let seen: number | undefined;
		/** This process changed it, or what happened is not known. */
		let changed = false;
		let looking = false;
		const look = async (): Promise<void> => {
			if (looking) return;
			looking = true;
			try {
				const version = await this.#dataVersion();
				if (changed || (seen !== undefined && version !== seen)) {
					changed = false;
					await onChange();
				}
				seen = version;
			} catch (error) {
				changed = true;
				onFault(error as Error);
			}
			looking = false;
		};
		const told = (): void => {
			changed = true;
			void look();
		};
		void look();
		const timer = setInterval(() => void look(), everyMs);
		this.#watchers.add(told);
		return () => {
			clearInterval(timer);
			this.#watchers.delete(told);
		};
	}

	async close(): Promise<void> {
		await this.#db.destroy();
	}

	/** One transaction. */
	#write<Written>(work: (db: Transaction<RelaySchema>) => Promise<Written>): Promise<Written> {
		return whenFree(() => this.#db.transaction().execute(work));
	}

	/** SQLite counts the changes that other connections made; its own do not count. */
	async #dataVersion(): Promise<number> {
		const { rows } = await sql<{ readonly data_version: number }>`pragma data_version`.execute(this.#db);
		return Number(rows[0]!.data_version);
	}

	#tell(): void {
		for (const watcher of this.#watchers) watcher();
	}
}

/** Who keeps a serial that no device has yet. */
async function keeperOf(db: Transaction<RelaySchema>, serial: string): Promise<string | undefined> {
	const row = await db
		.selectFrom("reserved_serials")
		.select("holder")
		.where("serial", "=", serial)
		.executeTakeFirst();
	return row?.holder;
}
