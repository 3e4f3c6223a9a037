/**
 * Trust bundles in the relay's database (PROTOCOL 10): every version from the first that was published, without a gap. The
 * relay hands them on and believes none; what does not follow is refused here so that locks are not bothered with it.
 */
import { sql } from "kysely";
import { bytesEqual } from "../../modules/base/bytes.ts";
import { encodeSign } from "../../modules/cose/sign.ts";
import { judgeBundle } from "../../modules/trust/bundle-acceptance.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { type BundleFile, parseBundle, standingAlone } from "../trust/bundle-file.ts";
import { TrustFault } from "../trust/trust-fault.ts";
import { openDatabase, type RelayDatabase } from "./database.ts";

export interface StoredBundle {
	readonly version: number;
	readonly message: Uint8Array;
}

export interface BundleExtent {
	readonly count: number;
	/** 0: there is none. */
	readonly newest: number;
}

export class BundleTable {
	readonly #db: RelayDatabase;

	constructor(db: RelayDatabase) {
		this.#db = db;
	}

	/** Opens the database at an SQLite file path. Rejects with RegistryFault. */
	static async open(path: string): Promise<BundleTable> {
		return new BundleTable(await openDatabase(path));
	}

	/** Another number whenever another connection has committed anything: cheap to ask. */
	async dataVersion(): Promise<number> {
		const { rows } = await sql<{ readonly data_version: number }>`pragma data_version`.execute(this.#db);
		return rows[0]?.data_version ?? 0;
	}

	/** How many there are and the highest version: another pair whenever one was published. */
	async extent(): Promise<BundleExtent> {
		const { count, newest } = await this.#db
			.selectFrom("bundles")
			.select((rows) => [rows.fn.countAll().as("count"), rows.fn.max("version").as("newest")])
			.executeTakeFirstOrThrow();
		return { count: Number(count), newest: Number(newest ?? 0) };
	}

	/** Ascending. */
	async list(): Promise<readonly StoredBundle[]> {
		const rows = await this.#db.selectFrom("bundles").selectAll().orderBy("version").execute();
		return rows.map(({ version, message }) => ({
			version: Number(version),
			message: new Uint8Array(Buffer.from(message, "base64")),
		}));
	}

	/** Rejects with TrustFault for what a lock with the newest one would refuse. */
	async add(file: BundleFile): Promise<"published" | "published before"> {
		const stored = await this.list();
		const message = encodeSign(file);
		const same = stored.find((each) => each.version === file.bundle.version);
		if (same !== undefined) {
			if (bytesEqual(parseBundle(same.message, "the stored bundle").payload, file.payload))
				return "published before";
			throw new TrustFault(
				`another bundle of version ${file.bundle.version} was published before: locks have that one`,
			);
		}
		const newest = stored.at(-1);
		const current = newest && parseBundle(newest.message, "the stored bundle").bundle;
		const judged = judgeBundle(
			new NobleCrypto(),
			current,
			current === undefined ? standingAlone(file) : message,
			current === undefined ? "any" : "next",
		);
		if (!judged.ok) {
			const after = current === undefined ? "" : ` after version ${current.version}`;
			throw new TrustFault(`version ${file.bundle.version} is no bundle for locks${after}: ${judged.reason}`);
		}
		await this.#db
			.insertInto("bundles")
			.values({
				version: file.bundle.version,
				message: Buffer.from(message).toString("base64"),
				published_at: new Date().toISOString(),
			})
			.execute();
		return "published";
	}

	async close(): Promise<void> {
		await this.#db.destroy();
	}
}

/** One bundle into the database at a path. Rejects with TrustFault or RegistryFault. */
export async function publishBundle(
	path: string,
	file: BundleFile,
): Promise<BundleFile & { readonly outcome: string }> {
	const table = await BundleTable.open(path);
	try {
		return { ...file, outcome: await table.add(file) };
	} finally {
		await table.close();
	}
}
