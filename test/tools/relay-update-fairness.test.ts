/** What one lock can take from the others at a relay that rolls out (docs/UPDATE.md 5, 8, 9), and what commands can take from phones. */

import { sql } from "kysely";
import { toHex } from "../../modules/base/bytes.ts";
import { decodeUpdateReport, encodeUpdateReport } from "../../modules/wire/update-report.ts";
import { AttestationTable } from "../../tools/relay/attestation-table.ts";
import { openDatabase, openServingDatabase } from "../../tools/relay/database.ts";
import { openRegistry, SqlRegistry } from "../../tools/relay/registry.ts";
import { registryPath } from "../../tools/relay/registry-file.ts";
import { UpdateService } from "../../tools/relay/update-service.ts";
import { check, type Suite } from "../harness/test.ts";
import { eventually, pause, temporaryFolder } from "./support/temporary.ts";
import { POLL_MS, UpdateBench } from "./support/update-bench.ts";
import { UpdateLock } from "./support/update-lock.ts";

async function storedBytes(bench: UpdateBench, serial: string): Promise<number | undefined> {
	const row = await bench.table.db
		.selectFrom("update_reports")
		.selectAll()
		.where("serial", "=", serial)
		.executeTakeFirst();
	const report = row && decodeUpdateReport(new Uint8Array(Buffer.from(row.report, "hex")));
	return report?.ok === true ? report.value.goodBytes : undefined;
}

export default function suite(t: Suite): void {
	t.test("a lock whose trust goes up and down in its reports takes no offers from others (T16)", () =>
		UpdateBench.with(
			async (bench) => {
				await bench.rollOut(await bench.vendor.release(2));
				const [liar, honest] = await bench.locks("LK-LIAR", "LK-HONEST");
				liar!.connect(bench.service);
				check.ok(await liar!.isOffered());
				liar!.say({ result: "not-fresh", resultSequence: 2 });
				for (let round = 0; round < 60; round++) liar!.say({ trustVersion: 1 + (round & 1) });
				check.equal(liar!.offered.length, 2, "newer trust ends one pause");
				honest!.connect(bench.service);
				check.ok(await honest!.isOffered());
			},
			{ offersBurst: 20, offersPerMinute: 1, updateReportsBurst: 1_000 },
		),
	);

	t.test("offers to one lock are bounded, over all its connections, however new its trust is (T16)", () =>
		UpdateBench.with(
			async (bench) => {
				await bench.rollOut(await bench.vendor.release(2));
				const [liar, honest] = await bench.locks("LK-RISING", "LK-HONEST");
				for (let connection = 1; connection < 4; connection++) {
					liar!.connect(bench.service);
					check.ok(await liar!.isOffered(connection === 1 ? 1 : 6));
					liar!.say({ result: "not-fresh", resultSequence: 2 });
					for (let round = 0; round < 30; round++) liar!.say({ trustVersion: connection * 100 + round });
					await bench.looks();
					liar!.disconnect();
				}
				check.equal(liar!.offered.length, 6);
				honest!.connect(bench.service);
				check.ok(await honest!.isOffered());
			},
			{
				offersBurst: 20,
				offersPerMinute: 1,
				updateReportsBurst: 1_000,
				offersPerLockBurst: 6,
				offersPerLockPerMinute: 0,
			},
		),
	);

	t.test("a lock's reports are written at an allowance, and the last of them in the end (T16)", () =>
		UpdateBench.with(
			async (bench) => {
				const lock = await bench.lock("LK-TALKS");
				lock.connect(bench.service);
				await bench.looks();
				for (let goodBytes = 1; goodBytes <= 30; goodBytes++) lock.say({ goodBytes });
				await bench.service.settled();
				check.equal(await storedBytes(bench, lock.serial), 2, "three, with the first");
				check.ok(await eventually(async () => (await storedBytes(bench, lock.serial)) === 30));
			},
			{ updateReportsBurst: 3, updateReportsPerMinute: 120 },
		),
	);

	t.test("a report that says the same again writes nothing (T16)", () =>
		UpdateBench.with(async (bench) => {
			const lock = await bench.lock("LK-REPEATS");
			lock.connect(bench.service);
			await eventually(() => lock.statements.length > 0);
			await bench.looks();
			const before = await bench.table.dataVersion();
			for (let round = 0; round < 10; round++) {
				lock.say();
				await bench.looks(1);
			}
			check.equal(await bench.table.dataVersion(), before);
		}),
	);

	t.test(
		"what locks say of updates has nobody's key looked up again, and a revocation has (T8, T16)",
		async () => {
			const dir = temporaryFolder();
			const db = await openServingDatabase(registryPath(dir));
			const registry = new SqlRegistry(db);
			const service = await UpdateService.open(dir, () => undefined, {
				db,
				pollMs: POLL_MS,
				limits: { updateWriteMs: 1 },
			});
			const lock = new UpdateLock("LK-SAYS");
			check.accepted(await registry.enrol(lock.serial, lock.publicKeyHex));
			let looks = 0;
			const unwatch = registry.watch(
				5,
				async () => void looks++,
				() => undefined,
			);
			await pause(50);
			const before = looks;
			lock.connect(service);
			for (let goodBytes = 1; goodBytes <= 10; goodBytes++) {
				lock.say({ goodBytes });
				await pause(10);
			}
			await service.settled();
			await pause(50);
			check.equal(looks, before);
			const rows = await db.selectFrom("update_reports").select("report").execute();
			check.deepEqual(
				rows.map(({ report }) => report),
				[toHex(encodeUpdateReport(lock.report))],
			);
			const elsewhere = await openRegistry(registryPath(dir));
			check.ok(await elsewhere.revoke(lock.serial));
			check.ok(await eventually(() => looks > before));
			await elsewhere.close();
			unwatch();
			await service.close();
			await registry.close();
		},
	);

	t.test(
		"a command that stands still in its transaction stops no relay, and what waited is done after it (T16)",
		async () => {
			const path = registryPath(temporaryFolder());
			const db = await openServingDatabase(path);
			const command = await openDatabase(path);
			const registry = new SqlRegistry(db);
			await sql`begin immediate`.execute(command);
			let enrolled = false;
			const started = performance.now();
			let fault: Error | undefined;
			const done = registry.enrol("LK-WAITS", new UpdateLock("LK-WAITS").publicKeyHex).then(
				() => {
					enrolled = true;
				},
				(error: Error) => {
					fault = error;
				},
			);
			let longest = 0;
			for (let last = started; performance.now() - started < 700; ) {
				await pause(1);
				const now = performance.now();
				longest = Math.max(longest, now - last);
				last = now;
			}
			check.ok(longest < 2_500, `the relay stood still for ${longest} ms`);
			check.ok(!enrolled);
			await sql`commit`.execute(command);
			await done;
			check.equal(fault, undefined);
			check.ok((await registry.find("LK-WAITS")) !== undefined);
			await command.destroy();
			await registry.close();
		},
	);

	t.test("a request that no allowance was there for is made when there is one", () =>
		UpdateBench.with(
			async (bench) => {
				const locks = await bench.locks("LK-ONE", "LK-TWO");
				for (const lock of locks) lock.connect(bench.service);
				check.ok(await eventually(() => locks.every(({ statements }) => statements.length === 1)));
				await bench.looks();
				const table = new AttestationTable(bench.table.db);
				await table.request(locks.map(({ serial }) => serial));
				check.ok(await eventually(async () => (await table.requests()).size === 0));
				check.deepEqual(
					locks.map(({ nonces }) => nonces.length),
					[2, 2],
				);
			},
			{ attestationsBurst: 2, attestationsPerMinute: 60 },
		),
	);

	t.test(
		"a lock that does not answer is not asked at each change of the database, nor for an old request (T16)",
		() =>
			UpdateBench.with(async (bench) => {
				const [silent, late] = await bench.locks("LK-SILENT", "LK-LATE");
				for (const lock of [silent!, late!]) lock.connect(bench.service);
				check.ok(await eventually(() => silent!.statements.length === 1 && late!.statements.length === 1));
				await bench.looks();
				silent!.answers = false;
				const table = new AttestationTable(bench.table.db);
				await table.request([silent!.serial]);
				const requested_at = new Date(Date.now() - 660_000).toISOString();
				await bench.table.db
					.insertInto("attest_requests")
					.values({ serial: late!.serial, requested_at })
					.execute();
				check.ok(await eventually(() => silent!.nonces.length === 2));
				for (let round = 0; round < 8; round++) {
					await table.request(["LK-ELSEWHERE"]);
					await bench.looks(2);
				}
				check.equal(silent!.nonces.length, 2);
				check.equal(late!.nonces.length, 1);
				await table.request([silent!.serial]);
				check.ok(await eventually(() => silent!.nonces.length === 3), "somebody asks again");
			}),
	);
}
