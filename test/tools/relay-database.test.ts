/** The relay's database under several hands: publishers at once, and who only looks. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { Kysely, Migrator, SqliteDialect, sql } from "kysely";
import Database from "libsql";
import { openPresentDatabase } from "../../tools/relay/database.ts";
import { countOutcomes } from "../../tools/relay/offer-outcome.ts";
import { Publication } from "../../tools/relay/publication.ts";
import { openRegistry } from "../../tools/relay/registry.ts";
import { registryPath } from "../../tools/relay/registry-file.ts";
import { MIGRATIONS } from "../../tools/relay/schema.ts";
import { UpdateTable } from "../../tools/relay/update-table.ts";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "./support/command.ts";
import { imageOf, releaseDigest } from "./support/releases.ts";
import { temporaryFolder } from "./support/temporary.ts";
import { sharedVendor } from "./support/update-bench.ts";

const HOLD_MS = 1_500;

/** Another process begins to write with these statements, and is through with it after a while. Resolves when it has begun. */
async function writer(
	path: string,
	statements: readonly string[],
): Promise<{ readonly ended: Promise<void> }> {
	const script = `
		const Database = require("libsql");
		const database = new Database(${JSON.stringify(path)});
		database.exec("begin immediate");
		for (const text of ${JSON.stringify(statements)}) database.exec(text);
		process.stdout.write("begun");
		setTimeout(() => { database.exec("commit"); database.close(); }, ${HOLD_MS});
	`;
	const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
	const ended = new Promise<void>((resolve, reject) =>
		child.once("exit", (status) => (status === 0 ? resolve() : reject(new Error(`writer: ${status}`)))),
	);
	await new Promise((resolve, reject) => {
		child.stdout.once("data", resolve);
		child.once("error", reject);
	});
	return { ended };
}

/** A relay's database as the version before `last` left it. */
async function olderFolder(last: string): Promise<string> {
	const dir = temporaryFolder();
	const db = new Kysely<unknown>({
		dialect: new SqliteDialect({ database: new Database(registryPath(dir)) }),
	});
	const older = Object.fromEntries(Object.entries(MIGRATIONS).filter(([name]) => name < last));
	const migrator = new Migrator({ db, provider: { getMigrations: async () => older } });
	check.equal((await migrator.migrateToLatest()).error, undefined);
	await db.destroy();
	return dir;
}

function migrationsOf(dir: string): readonly unknown[] {
	const database = new Database(registryPath(dir));
	try {
		return database.prepare("select name from kysely_migration order by name").all();
	} finally {
		database.close();
	}
}

export default function suite(t: Suite): void {
	t.test("of two publishers at once the later statement stays (T11)", async () => {
		const [vendor, dir] = [await sharedVendor(), temporaryFolder()];
		const release = await vendor.release(2, { freshDays: 0 });
		await vendor.publish(dir, release);
		const nowMs = Date.now();
		const older = await vendor.statement(release.file, 30, nowMs - 60_000);
		const newer = Buffer.from(await vendor.statement(release.file, 30, nowMs)).toString("base64");
		const publication = await Publication.open(dir);
		const table = await UpdateTable.open(registryPath(dir));
		try {
			const digest = releaseDigest(release);
			const other = await writer(registryPath(dir), [
				`update releases set freshness = '${newer}' where digest = '${digest}'`,
			]);
			await check.rejects(publication.freshness(older, nowMs), "issued later");
			await other.ended;
			const [stored] = await table.releases();
			check.equal(stored!.freshness?.issuedUnixSeconds, Math.floor(nowMs / 1_000));
		} finally {
			await publication.close();
			await table.close();
		}
	});

	t.test(
		"of two publishers at once one gives a number to a release, and the other is told (T10)",
		async () => {
			const [vendor, dir] = [await sharedVendor(), temporaryFolder()];
			const [first, second] = await Promise.all([
				vendor.release(2),
				vendor.release(2, { image: imageOf(2, 9) }),
			]);
			await vendor.publish(dir);
			const { vendor: name, hardwareClass, board } = first!.file.manifest;
			const publication = await Publication.open(dir);
			try {
				const message = Buffer.from(first!.message).toString("base64");
				const other = await writer(registryPath(dir), [
					`insert into releases (digest, vendor, hardware_class, board, sequence, message, published_at) values ('${releaseDigest(first!)}', '${name}', '${hardwareClass}', '${board}', 2, '${message}', '')`,
				]);
				await check.rejects(publication.release(second!, Date.now()), "another release of sequence 2");
				await other.ended;
				check.equal(await publication.release(first!, Date.now()), "published before");
			} finally {
				await publication.close();
			}
		},
	);

	t.test("who only looks brings no tables up to date, and says what does (I7)", async () => {
		const [older, present] = [await olderFolder("0007"), temporaryFolder()];
		await (await openRegistry(registryPath(present))).close();
		const before = migrationsOf(older);
		for (const words of [
			["update", "status", "--dir", older],
			["update", "status", "--dir", older, "--attest", "--wait", "1"],
			["update", "status", "--dir", present, "--registry", older],
			["update", "rollout", "show", "--dir", older],
			["relay", "--dir", older, "health", "--serial", "LK-1"],
		]) {
			const end = await runCommand(...words);
			check.equal(end.status, 1, words.join(" "));
			check.ok(/^[^\n]+of an older version[^\n]+latchkey relay[^\n]+\n$/.test(end.stderr), end.stderr);
		}
		check.deepEqual(migrationsOf(older), before);
		await (await openRegistry(registryPath(older))).close();
		check.equal(migrationsOf(older).length, Object.keys(MIGRATIONS).length);
		check.equal((await runCommand("update", "status", "--dir", older)).status, 0);
	});

	t.test(
		"what was before a rollout was resumed stays so when its tables are brought up to date (T10)",
		async () => {
			const dir = await olderFolder("0008");
			const database = new Database(registryPath(dir));
			database.exec(
				"insert into rollouts (digest, state, percent, halt_rate, halt_minimum, counted_from, created_at) values ('aa', 'running', 100, 10, 1, '2026-02-01', '2026-01-01')",
			);
			for (const [serial, at] of [
				["LK-OLD", "'2026-01-31'"],
				["LK-NEW", "'2026-02-02'"],
				["LK-NONE", "null"],
			])
				database.exec(
					`insert into offers (digest, serial, tries, offered_at, outcome, outcome_at) values ('aa', '${serial}', 1, '2026-01-30', '${at === "null" ? "offered" : "failed"}', ${at})`,
				);
			database.close();
			const table = await UpdateTable.open(registryPath(dir));
			const [rollout] = await table.rollouts();
			const offers = await table.offersFor("aa");
			check.equal(offers.size, 3);
			const { failed, offered } = countOutcomes(offers.values(), rollout!.generation);
			check.deepEqual([failed, offered], [1, 1]);
			check.ok(offers.get("LK-NEW")!.generation === rollout!.generation);
			await table.close();
		},
	);

	t.test("a database that is looked at is not written, and a newer one is not misread", async () => {
		const dir = temporaryFolder();
		await (await openRegistry(registryPath(dir))).close();
		const db = await openPresentDatabase(registryPath(dir));
		await check.rejects(sql`delete from devices`.execute(db), "readonly");
		await db.destroy();
		const asking = await openPresentDatabase(registryPath(dir), true);
		await sql`delete from attest_requests`.execute(asking);
		await asking.destroy();
		const database = new Database(registryPath(dir));
		database.exec("insert into kysely_migration (name, timestamp) values ('9999-later', '2099-01-01')");
		database.close();
		await check.rejects(openPresentDatabase(registryPath(dir)), "9999-later");
		await check.rejects(openPresentDatabase(join(temporaryFolder(), "no", "relay.db")), "RegistryFault");
	});
}
