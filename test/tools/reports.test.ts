/** What a relay keeps of the reports of locks, and how people see them. */
import { join } from "node:path";
import { encodeEnvelope } from "../../modules/wire/envelope.ts";
import { encodeReport, type Report } from "../../modules/wire/report.ts";
import { healthText } from "../../tools/cli/health-text.ts";
import { openDatabase } from "../../tools/relay/database.ts";
import type { DeviceService } from "../../tools/relay/device-service.ts";
import { ReportService } from "../../tools/relay/report-service.ts";
import { Reports } from "../../tools/relay/reports.ts";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "./support/command.ts";
import { RelayBench } from "./support/relay-bench.ts";
import { eventually, temporaryFolder } from "./support/temporary.ts";

function newReport(boots: number): Report {
	return {
		trustVersion: 3,
		firmware: "1.2.3",
		credential: "factory",
		health: {
			boots,
			resets: [{ boot: boots, reason: "memory" }],
			stack: "push < grow (main)",
			leastFreeBytes: 4711,
			linkFailures: new Map([
				[2, 5],
				[32, 1],
				[200, 7],
			]),
			lastTimeSource: "time-role",
		},
		timeSource: "none",
	};
}

async function withReports(work: (reports: Reports, dir: string) => Promise<void>): Promise<void> {
	const dir = temporaryFolder();
	const db = await openDatabase(join(dir, "relay.db"));
	try {
		await work(new Reports(db), dir);
	} finally {
		await db.destroy();
	}
}

function device(serial: string) {
	return { serial, credential: "factory" as const, waitingBytes: 0, send: () => true };
}

export default function suite(t: Suite): void {
	t.test("the last report of each lock is kept, and no other", () =>
		withReports(async (reports) => {
			const service = new ReportService(reports);
			for (const serial of ["LK-ONE", "LK-TWO"]) {
				for (const boots of [1, 2, 3])
					service.receive(device(serial), { kind: "report", report: encodeReport(newReport(boots)) });
			}
			await service.settled();
			for (const serial of ["LK-ONE", "LK-TWO"])
				check.bytes((await reports.find(serial))?.bytes, encodeReport(newReport(3)));
			check.equal(await reports.find("LK-NONE"), undefined);
		}),
	);

	t.test(
		"a lock that reports without end is written at an allowance, which no new connection fills again (T16)",
		() =>
			withReports(async (reports) => {
				const service = new ReportService(reports);
				const lock = device("LK-ONE");
				const relay: DeviceService = service;
				relay.attached?.(lock);
				for (let boots = 1; boots <= 100; boots++)
					service.receive(lock, { kind: "report", report: encodeReport(newReport(boots)) });
				relay.detached?.(lock);
				relay.attached?.(device("LK-ONE"));
				service.receive(device("LK-ONE"), { kind: "report", report: encodeReport(newReport(101)) });
				await service.settled();
				check.bytes((await reports.find("LK-ONE"))?.bytes, encodeReport(newReport(4)));
			}),
	);

	t.test("a database that fails is said, and the service goes on", async () => {
		const db = await openDatabase(join(temporaryFolder(), "relay.db"));
		const failed: string[] = [];
		const service = new ReportService(new Reports(db), (serial) => void failed.push(serial));
		await db.destroy();
		for (const boots of [1, 2])
			service.receive(device("LK-ONE"), { kind: "report", report: encodeReport(newReport(boots)) });
		await service.settled();
		check.deepEqual(failed, ["LK-ONE", "LK-ONE"]);
	});

	t.test("a report over a real connection reaches the service of its own lock (T6)", async () => {
		const dir = temporaryFolder();
		const db = await openDatabase(join(dir, "relay.db"));
		const reports = new Reports(db);
		const bench = await RelayBench.open({}, { services: [new ReportService(reports)] });
		try {
			const lock = await bench.device("LK-REAL");
			lock.send(encodeEnvelope({ kind: "report", report: encodeReport(newReport(9)) }));
			let kept: Uint8Array | undefined;
			check.ok(
				await eventually(() => {
					void reports.find("LK-REAL").then((found) => {
						kept = found?.bytes;
					});
					return kept !== undefined;
				}),
			);
			check.bytes(kept, encodeReport(newReport(9)));
		} finally {
			await bench.close();
			await db.destroy();
		}
	});

	t.test("latchkey relay health shows it to people and to scripts", () =>
		withReports(async (reports, dir) => {
			await reports.keep("LK-ONE", encodeReport(newReport(12)));
			const shown = await runCommand("relay", "--dir", dir, "health", "--serial", "LK-ONE");
			check.equal(shown.stderr, "");
			check.ok(shown.stdout.includes("resets\t12 memory\n"), shown.stdout);
			check.ok(shown.stdout.includes("last fault\tpush < grow (main)\n"), shown.stdout);
			check.ok(shown.stdout.includes("link failed\tconnect 5, expired 1, reason 200 7\n"), shown.stdout);
			const json = await runCommand("relay", "--dir", dir, "health", "--serial", "LK-ONE", "--json");
			const { health } = JSON.parse(json.stdout) as { health: { boots: number; linkFailures: object } };
			check.equal(health.boots, 12);
			check.deepEqual(health.linkFailures, { connect: 5, expired: 1, "reason 200": 7 });
			const none = await runCommand("relay", "--dir", dir, "health", "--serial", "LK-NONE");
			check.equal(none.status, 1);
			check.ok(/^latchkey: no report of LK-NONE [^\n]*\n$/.test(none.stderr), none.stderr);
		}),
	);

	t.test("what a lock makes up moves no cursor, and what cannot be read is said (T15)", () => {
		const nasty = newReport(1);
		const report = encodeReport({
			...nasty,
			firmware: "\u001b[2J\nfake\tline",
			health: { ...nasty.health, stack: "é\u0007", resets: [{ boot: 1, reason: "\r\n" }] },
		});
		const text = healthText(report, false);
		check.ok(/^[\x20-\x7e\t\n]*$/.test(text), JSON.stringify(text));
		check.equal(text.split("\n").length, 10);
		check.ok(healthText(Uint8Array.of(1, 2, 3), false).startsWith("unreadable"));
		check.deepEqual(JSON.parse(healthText(Uint8Array.of(1, 2, 3), true)), { unreadable: true });
	});
}
