/**
 * What locks attested (docs/UPDATE.md 9), as they signed it, and whom somebody at a command line wants asked. Of each lock the
 * last word that verified, those with the highest sequence and floors, and the last that did not verify: enough to see that it went back.
 */
import type { Transaction } from "kysely";
import { fromHex, toHex } from "../../modules/base/bytes.ts";
import { type RelayClock, SYSTEM_CLOCK } from "./clock.ts";
import type { RelayDatabase } from "./database.ts";
import type { RelaySchema } from "./schema.ts";
import type { AttestationRank, AttestationRow } from "./update-schema.ts";

const ROWS_AT_ONCE = 100;

export interface StoredAttestation {
	readonly rank: AttestationRank;
	readonly statement: Uint8Array;
	readonly nonce: Uint8Array;
	/** Why it was refused. */
	readonly reason: string | undefined;
	/** ISO 8601. */
	readonly receivedAt: string;
}

/** What a lock answered. */
export interface AttestationAnswer {
	readonly serial: string;
	readonly ranks: readonly AttestationRank[];
	readonly statement: Uint8Array;
	readonly nonce: Uint8Array;
	readonly reason: string | undefined;
	/** When it came; it is written later. */
	readonly atMs: number;
}

export class AttestationTable {
	readonly #db: RelayDatabase;

	readonly #clock: RelayClock;

	constructor(db: RelayDatabase, clock: RelayClock = SYSTEM_CLOCK) {
		this.#db = db;
		this.#clock = clock;
	}

	async of(serial: string): Promise<readonly StoredAttestation[]> {
		const rows = await this.#db.selectFrom("attestations").selectAll().where("serial", "=", serial).execute();
		return rows.map(readRow);
	}

	/** By serial. */
	async all(): Promise<ReadonlyMap<string, readonly StoredAttestation[]>> {
		const rows = await this.#db.selectFrom("attestations").selectAll().execute();
		const bySerial = new Map<string, StoredAttestation[]>();
		for (const row of rows) {
			const list = bySerial.get(row.serial) ?? [];
			bySerial.set(row.serial, list);
			list.push(readRow(row));
		}
		return bySerial;
	}

	// ---- requests ----

	/** `nonceOf`: an auditor's (challenge.ts). */
	async request(serials: readonly string[], nonceOf?: (serial: string) => Uint8Array): Promise<void> {
		const requested_at = new Date(this.#clock.unixMs()).toISOString();
		for (let start = 0; start < serials.length; start += ROWS_AT_ONCE) {
			await this.#db
				.insertInto("attest_requests")
				.values(
					serials
						.slice(start, start + ROWS_AT_ONCE)
						.map((serial) => ({ serial, requested_at, nonce: nonceOf ? toHex(nonceOf(serial)) : null })),
				)
				.onConflict((conflict) =>
					conflict
						.column("serial")
						.doUpdateSet((row) => ({ requested_at, nonce: row.ref("excluded.nonce") })),
				)
				.execute();
		}
	}

	/** That an auditor wants this lock asked with. */
	async challengeOf(serial: string): Promise<Uint8Array | undefined> {
		const row = await this.#db
			.selectFrom("attest_requests")
			.select("nonce")
			.where("serial", "=", serial)
			.executeTakeFirst();
		return row?.nonce ? fromHex(row.nonce) : undefined;
	}

	/** Serials, with when they were requested. */
	async requests(): Promise<ReadonlyMap<string, string>> {
		const rows = await this.#db.selectFrom("attest_requests").selectAll().execute();
		return new Map(rows.map((row) => [row.serial, row.requested_at]));
	}
}

/** Keeps answers, in the writer's transaction; each ends the requests for its lock. */
export async function keepAttestations(
	db: Transaction<RelaySchema>,
	answers: Iterable<AttestationAnswer>,
): Promise<void> {
	for (const { serial, ranks, statement, nonce, reason = null, atMs } of answers) {
		const received_at = new Date(atMs).toISOString();
		for (const rank of ranks) {
			const row = { serial, rank, statement: toHex(statement), nonce: toHex(nonce), reason, received_at };
			await db
				.insertInto("attestations")
				.values(row)
				.onConflict((conflict) => conflict.columns(["serial", "rank"]).doUpdateSet(row))
				.execute();
		}
		await db
			.deleteFrom("attest_requests")
			.where("serial", "=", serial)
			.where((row) => row.or([row("nonce", "is", null), row("nonce", "=", toHex(nonce))]))
			.execute();
	}
}

function readRow(row: AttestationRow): StoredAttestation {
	return {
		rank: row.rank,
		statement: fromHex(row.statement) ?? new Uint8Array(0),
		nonce: fromHex(row.nonce) ?? new Uint8Array(0),
		reason: row.reason ?? undefined,
		receivedAt: row.received_at,
	};
}
