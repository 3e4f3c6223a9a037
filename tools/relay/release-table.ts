/**
 * Writes releases and their freshness statements into the relay's database. Several may publish at once: what is compared is read in the
 * transaction that writes, so that no later word is lost to an earlier one, and no number goes to two releases.
 */
import type { Transaction } from "kysely";
import { decodeSign } from "../../modules/cose/sign.ts";
import { decodeManifest } from "../../modules/update/manifest.ts";
import type { RelayDatabase } from "./database.ts";
import { decodeFreshnessMessage } from "./freshness-message.ts";
import type { PublishedRelease } from "./rollout.ts";
import type { RelaySchema } from "./schema.ts";
import type { ObjectRow, ReleaseRow } from "./update-schema.ts";

/** another: its number was given to another release for the same kind of boards, and nothing was written. */
export type ReleaseTaken = "published" | "published before" | "another";

/** A statement that was judged. It takes the place of one that was issued earlier, and of any that does not stand. */
export interface Renewal {
	readonly statement: Uint8Array;
	/** Whether the one that is there may keep its place: locks would take it. */
	readonly stands: (former: Uint8Array) => boolean;
}

/** The objects' files are there already. The same release again changes nothing but its objects' rows and its statement. */
export async function takeRelease(
	db: RelayDatabase,
	release: Omit<ReleaseRow, "published_at" | "freshness">,
	objects: readonly ObjectRow[],
	renewal?: Renewal,
): Promise<ReleaseTaken> {
	return await db.transaction().execute(async (within) => {
		const former = await within
			.selectFrom("releases")
			.select("digest")
			.where("vendor", "=", release.vendor)
			.where("hardware_class", "=", release.hardware_class)
			.where("board", "=", release.board)
			.where("sequence", "=", release.sequence)
			.executeTakeFirst();
		if (former !== undefined && former.digest !== release.digest) return "another";
		for (const object of objects) {
			await within
				.insertInto("objects")
				.values(object)
				.onConflict((conflict) => conflict.column("digest").doNothing())
				.execute();
		}
		await within
			.insertInto("releases")
			.values({ ...release, freshness: null, published_at: new Date().toISOString() })
			.onConflict((conflict) => conflict.column("digest").doNothing())
			.execute();
		if (renewal !== undefined) await renewWithin(within, release.digest, renewal);
		return former === undefined ? "published" : "published before";
	});
}

/** False when the one that is there was issued later, or the release is not there. */
export async function renewFreshness(db: RelayDatabase, digest: string, renewal: Renewal): Promise<boolean> {
	return await db.transaction().execute((within) => renewWithin(within, digest, renewal));
}

async function renewWithin(
	db: Transaction<RelaySchema>,
	digest: string,
	{ statement, stands }: Renewal,
): Promise<boolean> {
	const row = await db
		.selectFrom("releases")
		.select("freshness")
		.where("digest", "=", digest)
		.executeTakeFirst();
	if (row === undefined) return false;
	const issued = decodeFreshnessMessage(statement)?.issuedUnixSeconds ?? 0;
	const former = row.freshness === null ? undefined : bytesOf(row.freshness);
	const formerIssued = (former && decodeFreshnessMessage(former)?.issuedUnixSeconds) ?? 0;
	if (former !== undefined && formerIssued > issued && stands(former)) return false;
	await db
		.updateTable("releases")
		.set({ freshness: Buffer.from(statement).toString("base64") })
		.where("digest", "=", digest)
		.execute();
	return true;
}

/** It was verified when it was published. */
export function readRelease(row: ReleaseRow): PublishedRelease | undefined {
	const message = bytesOf(row.message);
	const signed = decodeSign(message);
	const manifest = signed.ok ? decodeManifest(signed.value.payload) : undefined;
	if (manifest?.ok !== true) return undefined;
	const statement = row.freshness === null ? undefined : bytesOf(row.freshness);
	const claim = statement && decodeFreshnessMessage(statement);
	return {
		digest: row.digest,
		manifest: manifest.value,
		message,
		freshness: statement &&
			claim && {
				statement,
				issuedUnixSeconds: claim.issuedUnixSeconds,
				expiresUnixSeconds: claim.expiresUnixSeconds,
			},
	};
}

function bytesOf(base64: string): Uint8Array {
	return new Uint8Array(Buffer.from(base64, "base64"));
}
