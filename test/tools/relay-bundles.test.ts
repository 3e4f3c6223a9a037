/** How a relay brings bundles to locks (PROTOCOL 2): who gets what, in which order, and what is not published. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual } from "../../modules/base/bytes.ts";
import { encodeSign } from "../../modules/cose/sign.ts";
import { encodeCbor } from "../../modules/wire/cbor-encode.ts";
import { decodeToLock, encodeEnvelope, LINK_PATH, LINK_SUBPROTOCOL } from "../../modules/wire/envelope.ts";
import { BundleService } from "../../tools/relay/bundle-service.ts";
import { BundleTable, publishBundle } from "../../tools/relay/bundle-table.ts";
import { openDatabase } from "../../tools/relay/database.ts";
import type { ConnectedDevice } from "../../tools/relay/device-service.ts";
import { openRegistry } from "../../tools/relay/registry.ts";
import { Relay } from "../../tools/relay/relay.ts";
import { Reports } from "../../tools/relay/reports.ts";
import type { BundleFile } from "../../tools/trust/bundle-file.ts";
import { ensureTrust, signDevelopmentBundle, TRUST_FILES } from "../../tools/trust/development-trust.ts";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "./support/command.ts";
import { issueLeaf, sharedPki } from "./support/identities.ts";
import { eventually, pause, temporaryFolder } from "./support/temporary.ts";
import { attempt } from "./support/web-socket.ts";

const POLL_MS = 20;

/** A chain of so many bundles of one development PKI. */
async function chainOf(count: number): Promise<readonly BundleFile[]> {
	const dir = join(temporaryFolder(), "pki");
	spawnSync("cp", ["-r", (await sharedPki()).dir, dir]);
	spawnSync("rm", ["-rf", TRUST_FILES.dir(dir)]);
	const files = [ensureTrust(dir, [{ host: "127.0.0.1", port: 7443, name: "localhost" }]).file];
	while (files.length < count) {
		const { bundle } = files.at(-1)!;
		files.push(signDevelopmentBundle(dir, { ...bundle, version: bundle.version + 1 }));
	}
	return files;
}

/** A lock at a service, and the versions that it was sent. */
class FakeLock implements ConnectedDevice {
	readonly serial = "LK-FAKE";
	readonly credential = "operational" as const;
	readonly waitingBytes = 0;
	readonly sent: Uint8Array[] = [];
	full = false;

	send(envelope: Parameters<ConnectedDevice["send"]>[0]): boolean {
		if (this.full || envelope.kind !== "trust") return false;
		this.sent.push(envelope.message);
		return true;
	}
}

function report(version: number): { kind: "report"; report: Uint8Array } {
	return { kind: "report", report: encodeCbor({ 0: 1, 1: version, 2: "1.0.0", 3: 0, 4: {}, 9: "later" }) };
}

function versions(
	files: readonly BundleFile[],
	sent: readonly Uint8Array[],
): readonly (number | undefined)[] {
	return sent.map((each) => files.find((file) => bytesEqual(encodeSign(file), each))?.bundle.version);
}

/** How often it was asked for everything, and for how much there is. */
class CountingTable extends BundleTable {
	lists = 0;
	asked = 0;

	override async list(): ReturnType<BundleTable["list"]> {
		this.lists++;
		return await super.list();
	}

	override async extent(): ReturnType<BundleTable["extent"]> {
		this.asked++;
		return await super.extent();
	}
}

async function withService(work: (service: BundleService, path: string) => Promise<void>): Promise<void> {
	const path = join(temporaryFolder(), "relay.db");
	const service = await BundleService.open(path, () => undefined, POLL_MS);
	try {
		await work(service, path);
	} finally {
		await service.close();
	}
}

export default function suite(t: Suite): void {
	t.test("a lock gets what it lacks, link by link, and nothing that it has (T5)", async () => {
		const files = await chainOf(4);
		await withService(async (service, path) => {
			for (const file of files) await publishBundle(path, file);
			const [old, present, ahead, unknown] = [new FakeLock(), new FakeLock(), new FakeLock(), new FakeLock()];
			for (const lock of [old, present, ahead, unknown]) service.attached(lock);
			await pause(5 * POLL_MS);
			check.equal(old.sent.length, 0, "nothing before the lock said what it has");
			service.receive(old, report(2));
			service.receive(present, report(4));
			service.receive(ahead, report(9));
			check.deepEqual(versions(files, old.sent), [3, 4]);
			check.deepEqual([present.sent, ahead.sent, unknown.sent], [[], [], []]);
			await pause(5 * POLL_MS);
			check.equal(old.sent.length, 2, "not again and again");
			service.detached(old);
			service.receive(old, report(1));
			check.equal(old.sent.length, 2);
		});
	});

	t.test(
		"a bundle that another process publishes reaches locks that are connected, at once (T5)",
		async () => {
			const files = await chainOf(2);
			await withService(async (service, path) => {
				await publishBundle(path, files[0]!);
				const lock = new FakeLock();
				service.attached(lock);
				service.receive(lock, report(1));
				await pause(5 * POLL_MS);
				check.equal(lock.sent.length, 0);
				await publishBundle(path, files[1]!);
				check.ok(await eventually(() => lock.sent.length === 1));
				check.deepEqual(versions(files, lock.sent), [2]);
			});
		},
	);

	t.test("reports that are stored do not make the relay read its bundles again", async () => {
		const files = await chainOf(2);
		const path = join(temporaryFolder(), "relay.db");
		const table = new CountingTable(await openDatabase(path));
		const service = await BundleService.over({ table, log: () => undefined, pollMs: POLL_MS });
		const db = await openDatabase(path);
		try {
			await publishBundle(path, files[0]!);
			check.ok(await eventually(() => table.lists === 1));
			for (let boots = 0; boots < 3; boots++) {
				const before = table.asked;
				await new Reports(db).keep("LK-BUSY", report(boots).report);
				check.ok(await eventually(() => table.asked > before), "the database was not seen to change");
			}
			check.equal(table.lists, 1);
			await publishBundle(path, files[1]!);
			check.ok(await eventually(() => table.lists === 2));
		} finally {
			await db.destroy();
			await service.close();
		}
	});

	t.test("a lock that the published chain does not lead on from is left alone", async () => {
		const files = await chainOf(3);
		await withService(async (service, path) => {
			await publishBundle(path, files[2]!);
			const [far, near, blank] = [new FakeLock(), new FakeLock(), new FakeLock()];
			for (const [lock, version] of [
				[far, 1],
				[near, 2],
				[blank, 0],
			] as const) {
				service.attached(lock);
				await eventually(() => false, 3 * POLL_MS);
				service.receive(lock, report(version));
			}
			check.deepEqual([far.sent.length, near.sent.length, blank.sent.length], [0, 1, 0]);
		});
	});

	t.test(
		"only the next version of one chain is published, and the same again is no change (T5)",
		async () => {
			const [files, foreign] = [await chainOf(3), await chainOf(2)];
			const path = join(temporaryFolder(), "relay.db");
			check.equal((await publishBundle(path, files[0]!)).outcome, "published");
			check.equal((await publishBundle(path, files[0]!)).outcome, "published before");
			await check.rejects(publishBundle(path, files[2]!), "version");
			await check.rejects(publishBundle(path, foreign[0]!), "another bundle of version 1");
			await check.rejects(publishBundle(path, foreign[1]!), "old-threshold");
			const short = { ...files[1]!, signatures: files[1]!.signatures.slice(1) };
			await check.rejects(publishBundle(path, short), "threshold");
			check.equal((await publishBundle(path, files[1]!)).outcome, "published");
			const table = await BundleTable.open(path);
			check.deepEqual(
				(await table.list()).map((each) => each.version),
				[1, 2],
			);
			await table.close();
		},
	);

	t.test("a report of another shape, or of garbage, sends nothing and ends nothing (I9)", async () => {
		const files = await chainOf(2);
		await withService(async (service, path) => {
			for (const file of files) await publishBundle(path, file);
			const lock = new FakeLock();
			service.attached(lock);
			await pause(3 * POLL_MS);
			for (const bytes of [
				Uint8Array.of(0xff),
				encodeCbor({ 0: 1 }),
				encodeCbor({ 0: 1, 1: "1" }),
				encodeCbor([1]),
			]) {
				service.receive(lock, { kind: "report", report: bytes });
			}
			check.equal(lock.sent.length, 0);
			lock.full = true;
			service.receive(lock, report(1));
			check.equal(lock.sent.length, 0);
		});
	});

	t.test(
		"a real relay sends a published bundle over the link, and the command line publishes it (T5)",
		async () => {
			const files = await chainOf(2);
			const pki = await sharedPki();
			const dir = temporaryFolder();
			const path = join(dir, "relay.db");
			const registry = await openRegistry(path);
			const service = await BundleService.open(path, () => undefined, POLL_MS);
			const relay = new Relay({ registry, ...pki.credentials, log: () => undefined, services: [service] });
			try {
				const { devicePort } = await relay.listen("127.0.0.1", 0, 0);
				const identity = await issueLeaf(pki.intermediates.device, "LK-BUNDLES");
				check.accepted(await registry.enrol("LK-BUNDLES", identity.publicKeyHex));
				const target = {
					port: devicePort,
					path: LINK_PATH,
					subprotocol: LINK_SUBPROTOCOL,
					ca: pki.relayRoot,
				};
				const reached = await attempt({ ...target, cert: identity.cert, key: identity.key });
				if (reached.kind !== "open") return check.fail(JSON.stringify(reached));
				reached.client.send(encodeEnvelope(report(1)));
				const bundles: string[] = [];
				for (const [index, file] of files.entries()) {
					const at = join(dir, `${index}.bundle`);
					writeFileSync(at, encodeSign(file));
					bundles.push("--bundle", at);
				}
				const end = await runCommand("trust", "publish", "--dir", dir, ...bundles);
				check.deepEqual(
					[end.status, end.stdout],
					[0, "version 1: published\nversion 2: published\n"],
					end.stderr,
				);
				const message = (await reached.client.take()) ?? check.fail("nothing came");
				const envelope = check.accepted(decodeToLock(message));
				check.ok(envelope.kind === "trust" && bytesEqual(envelope.message, encodeSign(files[1]!)));
				reached.client.end();
			} finally {
				await relay.close();
				await service.close();
				await registry.close();
			}
		},
	);
}
