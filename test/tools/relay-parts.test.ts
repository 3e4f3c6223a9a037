/** The relay's parts by themselves: rates, the table of addresses, the registry and its schema. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import Database from "libsql";
import { AddressTable, addressGroup } from "../../tools/relay/addresses.ts";
import { RELAY_LIMITS } from "../../tools/relay/limits.ts";
import { RelayLog } from "../../tools/relay/log.ts";
import { openRegistry } from "../../tools/relay/registry.ts";
import { MIGRATIONS } from "../../tools/relay/schema.ts";
import { SerialRates } from "../../tools/relay/serial-rates.ts";
import { TokenBucket } from "../../tools/relay/token-bucket.ts";
import { check, type Suite } from "../harness/test.ts";
import { temporaryFolder } from "./support/temporary.ts";

function registryFile(): string {
	return join(temporaryFolder(), "relay.db");
}

export default function suite(t: Suite): void {
	t.test(
		"a token bucket gives its burst at once, then its rate, and never saves up more than the burst",
		() => {
			const bucket = new TokenBucket(3, 60, 0);
			check.deepEqual(
				[1, 2, 3, 4].map(() => bucket.take(1, 0)),
				[true, true, true, false],
			);
			check.equal(bucket.take(1, 999), false);
			check.equal(bucket.take(1, 1_000), true);
			check.deepEqual(
				[1, 2, 3, 4].map(() => bucket.take(1, 1_000_000)),
				[true, true, true, false],
			);
		},
	);

	t.test("a token bucket in debt says how long to wait, and is out of debt then", () => {
		const bucket = new TokenBucket(1, 600, 0);
		check.equal(bucket.charge(1, 0), 0);
		check.equal(bucket.charge(2, 0), 200);
		check.equal(bucket.charge(0, 199) > 0, true);
		check.equal(bucket.charge(0, 200), 0);
		check.equal(bucket.isFull(200), false);
		check.equal(bucket.isFull(400), true);
	});

	t.test(
		"an allowance goes with the serial, and the one that asked longest ago is forgotten first (T16)",
		() => {
			const rates = new SerialRates(2, 60, 2);
			check.deepEqual([rates.take("A", 0), rates.take("A", 0), rates.take("A", 0)], [true, true, false]);
			check.ok(rates.take("B", 0) && !rates.take("A", 0), "B has an own allowance, A still none");
			check.ok(rates.take("C", 0) && !rates.take("A", 0), "B was forgotten, not A");
			check.ok(rates.take("D", 0) && rates.take("E", 0));
			check.ok(rates.take("A", 0), "A was forgotten");
			check.ok(
				rates.take("A", 0) && !rates.take("A", 0) && rates.take("A", 1_000),
				"one a second after the burst",
			);
		},
	);

	t.test("an IPv4 address is itself in any spelling, an IPv6 /64 is one group", () => {
		check.equal(addressGroup("192.0.2.7"), "192.0.2.7");
		check.equal(addressGroup("::ffff:192.0.2.7"), "192.0.2.7");
		check.equal(addressGroup("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
		check.equal(addressGroup("2001:DB8:1:2::9"), "2001:db8:1:2::/64");
		check.equal(addressGroup("2001:db8::1"), "2001:db8:0:0::/64");
		check.equal(addressGroup("fe80::1%eth0"), "fe80:0:0:0::/64");
		check.equal(addressGroup("::1"), "0:0:0:0::/64");
		check.notEqual(addressGroup("2001:db8:1:2::9"), addressGroup("2001:db8:1:3::9"));
	});

	t.test(
		"the table of addresses stays bounded, and forgets no one who has a connection or is being limited first",
		() => {
			const table = new AddressTable(
				{ ...RELAY_LIMITS, addressesRemembered: 100, connectsBurst: 2, connectsPerMinute: 1 },
				1,
			);
			check.ok(table.connect("busy", 0));
			for (let count = 0; count < 1_000; count++) {
				const group = `passing-${count}`;
				check.ok(table.connect(group, count));
				table.disconnect(group);
				check.ok(table.size <= 100, `${table.size} addresses`);
			}
			check.equal(table.connect("busy", 1_000), false);
			table.disconnect("busy");
			check.equal(table.connect("busy", 1_000), false, "its rate was forgotten");
		},
	);

	t.test(
		"enrolling is done once: the same again changes nothing, another key or another serial is a conflict",
		async () => {
			const registry = await openRegistry(registryFile());
			check.accepted(await registry.enrol("LK-1", "04aa"));
			const first = await registry.find("LK-1");
			check.accepted(await registry.enrol("LK-1", "04aa"));
			check.deepEqual(await registry.find("LK-1"), first);
			check.refused(await registry.enrol("LK-1", "04bb"), "conflict");
			check.refused(await registry.enrol("LK-2", "04aa"), "conflict");
			check.equal(await registry.find("LK-2"), undefined);
			check.ok(await registry.revoke("LK-1"));
			check.refused(await registry.enrol("LK-1", "04aa"), "revoked");
			check.equal(await registry.revoke("LK-9"), false);
			await registry.close();
		},
	);

	t.test(
		"a registry keeps what it holds over a restart, and two processes may open a new one at once",
		async () => {
			const file = registryFile();
			const [one, two] = await Promise.all([openRegistry(file), openRegistry(file)]);
			check.accepted(await one.enrol("LK-KEPT", "04cc"));
			check.equal((await two.find("LK-KEPT"))?.status, "active");
			await Promise.all([one.close(), two.close()]);
			const again = await openRegistry(file);
			const kept = { serial: "LK-KEPT", publicKeyHex: "04cc" };
			const none = { serial: "LK-NONE", publicKeyHex: "04cc" };
			check.deepEqual(await again.unwelcome([kept, none]), [{ ...none, reason: "unknown-device" }]);
			await again.close();
		},
	);

	t.test("serials are values, never SQL", async () => {
		const registry = await openRegistry(registryFile());
		const wicked = "x'; drop table devices; --";
		check.equal(await registry.find(wicked), undefined);
		check.equal(await registry.revoke(wicked), false);
		check.accepted(await registry.enrol("LK-STILL", "04dd"));
		await registry.close();
	});

	t.test(
		"a file that is no database, one of a newer program and one in no folder are refused in one line",
		async () => {
			const garbage = registryFile();
			writeFileSync(garbage, "this is not a database, and longer than a header of one would be ".repeat(20));
			await check.rejects(openRegistry(garbage), "RegistryFault");
			const newer = registryFile();
			await (await openRegistry(newer)).close();
			const database = new Database(newer);
			database.exec("insert into kysely_migration (name, timestamp) values ('9999-later', '2099-01-01')");
			database.close();
			await check.rejects(openRegistry(newer), "9999-later");
			await check.rejects(openRegistry(join(temporaryFolder(), "no", "relay.db")), "RegistryFault");
		},
	);

	t.test("the schema compiles for Postgres, with types that both databases have", async () => {
		const statements: string[] = [];
		const db = new Kysely<unknown>({
			dialect: {
				createAdapter: () => new PostgresAdapter(),
				createDriver: () => new DummyDriver(),
				createIntrospector: (each) => new PostgresIntrospector(each),
				createQueryCompiler: () => new PostgresQueryCompiler(),
			},
			log: (event) => void statements.push(event.query.sql),
		});
		for (const name of Object.keys(MIGRATIONS).sort()) await MIGRATIONS[name]!.up(db);
		check.ok(statements.length >= 1);
		for (const statement of statements) {
			if (statement.startsWith("create index ")) continue;
			// Rows are brought over in words that both databases have.
			if (
				/^update \w+ set \w+ = \d+( where \w+ >= \(select \w+ from \w+ where \w+\.\w+ = \w+\.\w+\))?$/.test(
					statement,
				)
			)
				continue;
			if (/^alter table "\w+" drop column "\w+"$/.test(statement)) continue;
			check.ok(/^(create table|alter table "\w+" add column) /.test(statement), statement);
			const columns = statement
				.replace(/^alter table "\w+" add column /, "")
				.replace(/constraint "\w+" (unique|primary key) \([^)]*\)/g, "");
			const types = [...columns.matchAll(/"\w+" (\w+)/g)]
				.map((match) => match[1])
				.filter((type) => type !== undefined);
			check.ok(
				types.every((type) => ["varchar", "integer", "bigint", "text"].includes(type)),
				statement,
			);
		}
	});

	t.test("a log line is one line of JSON, whatever a peer put into it", () => {
		const lines: string[] = [];
		new RelayLog(
			(line) => lines.push(line),
			() => 0,
		).write("warning", "test", { reason: `a\n"b"\u2028${"x".repeat(5_000)}` });
		check.equal(lines.length, 1);
		check.ok(!lines[0]!.includes("\n") && lines[0]!.length < 400);
		check.equal((JSON.parse(lines[0]!) as Record<string, unknown>).at, "1970-01-01T00:00:00.000Z");
	});

	t.test("an event that comes too often is left out and counted, and hides no other event", () => {
		const lines: string[] = [];
		let nowMs = 0;
		const log = new RelayLog(
			(line) => lines.push(line),
			() => 0,
			() => nowMs,
		);
		for (let count = 0; count < 2_000; count++) log.write("warning", "handshake-failed");
		check.equal(lines.length, 500);
		log.write("info", "open");
		check.equal(lines.length, 501);
		nowMs = 100;
		log.write("warning", "handshake-failed");
		log.write("warning", "handshake-failed");
		check.equal(lines.length, 502);
		check.equal((JSON.parse(lines.at(-1)!) as Record<string, unknown>).omitted, 1_500);
	});
}
