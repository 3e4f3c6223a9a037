/**
 * The keys of operational certificates in the registry (PROTOCOL 8.1). A device has one that serves and at most one that
 * waits to be seen; the older ones are superseded, the oldest of those retired, so that one that is used after its time is
 * noticed. A key is one device's for good: no two rows of the whole registry share one, factory keys and retired ones
 * included (T6).
 */
import type { Transaction } from "kysely";
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import type { RelayDatabase } from "./database.ts";
import type { RelaySchema } from "./schema.ts";

export type IssueReason = "unknown-device" | "revoked" | "key-known";

/** Superseded keys of one device; older ones are retired. */
const SUPERSEDED_KEPT = 8;

type Writer = RelayDatabase | Transaction<RelaySchema>;

/** The first statement writes, so that SQLite waits for other writers here and nowhere later. */
export async function takeDevice(db: Transaction<RelaySchema>, serial: string): Promise<void> {
	await db
		.updateTable("devices")
		.set((row) => ({ status: row.ref("status") }))
		.where("serial", "=", serial)
		.execute();
}

/** Whether the key is in the registry at all, as whosever. */
export async function isKnownKey(db: Writer, publicKeyHex: string): Promise<boolean> {
	for (const table of ["devices", "operational_keys", "retired_keys"] as const) {
		const row = await db
			.selectFrom(table)
			.select("public_key")
			.where("public_key", "=", publicKeyHex)
			.executeTakeFirst();
		if (row !== undefined) return true;
	}
	return false;
}

/** Records a key that a device gets a certificate for. One that was issued before and never seen is superseded. */
export async function recordIssued(
	db: Transaction<RelaySchema>,
	serial: string,
	publicKeyHex: string,
	notAfter: Date,
): Promise<Result<void, IssueReason>> {
	await takeDevice(db, serial);
	const device = await db
		.selectFrom("devices")
		.select("status")
		.where("serial", "=", serial)
		.executeTakeFirst();
	if (device === undefined) return refuse("unknown-device");
	if (device.status !== "active") return refuse("revoked");
	if (await isKnownKey(db, publicKeyHex)) return refuse("key-known");
	await db
		.updateTable("operational_keys")
		.set({ state: "superseded" })
		.where("serial", "=", serial)
		.where("state", "=", "issued")
		.execute();
	await db
		.insertInto("operational_keys")
		.values({
			public_key: publicKeyHex,
			serial,
			state: "issued",
			issued_at: new Date().toISOString(),
			not_after: notAfter.toISOString(),
		})
		.execute();
	await prune(db, serial);
	return accept(undefined);
}

async function prune(db: Transaction<RelaySchema>, serial: string): Promise<void> {
	const old = await db
		.selectFrom("operational_keys")
		.select("public_key")
		.where("serial", "=", serial)
		.where("state", "=", "superseded")
		.orderBy("issued_at", "desc")
		.execute();
	const surplus = old.slice(SUPERSEDED_KEPT).map((row) => row.public_key);
	if (surplus.length === 0) return;
	// Nobody is given them again: what is forgotten of them is only when they served.
	const retired_at = new Date().toISOString();
	await db
		.insertInto("retired_keys")
		.values(surplus.map((public_key) => ({ public_key, serial, retired_at })))
		.execute();
	await db.deleteFrom("operational_keys").where("public_key", "in", surplus).execute();
}

/** A device came with this key: from its first time on the older ones have had their day. */
export async function recordConnected(
	db: Transaction<RelaySchema>,
	serial: string,
	publicKeyHex: string,
): Promise<void> {
	const first = await db
		.updateTable("operational_keys")
		.set({ state: "connected" })
		.where("serial", "=", serial)
		.where("public_key", "=", publicKeyHex)
		.where("state", "=", "issued")
		.executeTakeFirst();
	if (first.numUpdatedRows === 0n) return;
	await db
		.updateTable("operational_keys")
		.set({ state: "superseded" })
		.where("serial", "=", serial)
		.where("public_key", "!=", publicKeyHex)
		.execute();
}
