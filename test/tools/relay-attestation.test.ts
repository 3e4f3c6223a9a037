/** What locks attest, and what of it does not fit (docs/UPDATE.md 9): at a running relay, and in the fleet's table. */
import { toHex } from "../../modules/base/bytes.ts";
import type { Attestation } from "../../modules/wire/attestation.ts";
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import { AttestationTable } from "../../tools/relay/attestation-table.ts";
import {
	type FleetFlag,
	type FleetRecord,
	type FleetRow,
	isAlarm,
	judgeFleet,
} from "../../tools/relay/fleet.ts";
import { decodeFleet, encodeFleet, readFleet } from "../../tools/relay/fleet-records.ts";
import { objectOf } from "../../tools/update/update-object.ts";
import { check, type Suite } from "../harness/test.ts";
import { BOARD, imageOf } from "./support/releases.ts";
import { eventually } from "./support/temporary.ts";
import { sharedVendor, UpdateBench } from "./support/update-bench.ts";
import type { UpdateLock } from "./support/update-lock.ts";

const DAY_MS = 86_400_000;
const RUNNING = imageOf(1);
const RUNNING_DIGEST = objectOf(RUNNING).digest;
const NEXT = imageOf(2);
const NEXT_DIGEST = objectOf(NEXT).digest;

interface Case {
	readonly flag: FleetFlag;
	readonly alarm: boolean;
	readonly attests?: Partial<Attestation>;
	readonly report?: Partial<UpdateReport>;
}

/** A lock that runs the published release 1 and says so truly. */
async function genuine(bench: UpdateBench, serial: string): Promise<UpdateLock> {
	const lock = await bench.lock(serial);
	lock.attests = { runningDigest: RUNNING_DIGEST };
	lock.report = { ...lock.report, stale: false };
	return lock;
}

async function rowsOf(bench: UpdateBench, nowMs = Date.now()): Promise<readonly FleetRow[]> {
	await bench.service.settled();
	const manifests = (await bench.table.releases()).map(({ manifest }) => manifest);
	return judgeFleet(await readFleet(bench.table.db), { manifests, nowMs, oldMs: 7 * DAY_MS });
}

async function flagsOf(bench: UpdateBench, serial: string, nowMs?: number): Promise<readonly FleetFlag[]> {
	return (await rowsOf(bench, nowMs)).find((row) => row.serial === serial)!.flags;
}

async function withFleet(work: (bench: UpdateBench) => Promise<void>, limits = {}): Promise<void> {
	const vendor = await sharedVendor();
	await UpdateBench.with(
		async (bench) => {
			await vendor.publish(
				bench.dir,
				await vendor.release(1, { image: RUNNING, freshDays: 0 }),
				await vendor.release(2, { image: NEXT, freshDays: 0 }),
			);
			await work(bench);
		},
		{ attestationPauseMs: 40, ...limits },
	);
}

async function attested(bench: UpdateBench, lock: UpdateLock): Promise<void> {
	const before = lock.statements.length;
	if (lock.nonces.length === 0) lock.connect(bench.service);
	else lock.say();
	check.ok(await eventually(() => lock.statements.length > before), "it was not asked");
	await bench.looks();
}

export default function suite(t: Suite): void {
	t.test("a lock that tells the truth is asked once, with a nonce of its own, and has no flag", () =>
		withFleet(async (bench) => {
			const [a, b] = [await genuine(bench, "LK-TRUE-1"), await genuine(bench, "LK-TRUE-2")];
			for (const lock of [a, b]) await attested(bench, lock);
			a.say();
			await bench.looks();
			check.deepEqual([a.nonces.length, b.nonces.length], [1, 1]);
			check.ok(toHex(a.nonces[0]!) !== toHex(b.nonces[0]!));
			for (const row of await rowsOf(bench)) {
				check.deepEqual(row.flags, []);
				check.equal(row.attestation?.sequence, 1);
			}
		}),
	);

	t.test("a lock is asked again after an update, and when its floors follow", () =>
		withFleet(async (bench) => {
			const lock = await genuine(bench, "LK-UPDATED");
			await attested(bench, lock);
			lock.attests = { runningDigest: NEXT_DIGEST, runningState: "pending" };
			lock.report = { ...lock.report, sequence: 2, version: "1.0.2", state: "trial", offered: 2 };
			await attested(bench, lock);
			check.equal(lock.nonces.length, 2);
			lock.attests = { runningDigest: NEXT_DIGEST, runningState: "valid" };
			lock.report = {
				...lock.report,
				state: "idle",
				sequenceFloor: 2,
				result: "installed",
				resultSequence: 2,
			};
			await attested(bench, lock);
			check.equal(lock.nonces.length, 3);
			check.deepEqual(await flagsOf(bench, "LK-UPDATED"), []);
		}),
	);

	t.test("a request in the database has a running relay ask, and is gone when it is answered", () =>
		withFleet(
			async (bench) => {
				const [here, away] = [await genuine(bench, "LK-HERE"), await genuine(bench, "LK-AWAY")];
				await attested(bench, here);
				const table = new AttestationTable(bench.table.db);
				await table.request([here.serial, away.serial]);
				check.ok(await eventually(async () => (await table.requests()).size === 1));
				check.equal(here.nonces.length, 2);
				await attested(bench, away);
				check.equal((await table.requests()).size, 0);
			},
			{ attestationPauseMs: 60_000 },
		),
	);

	t.test(
		"another lock's attestation, an old one, a forged one and one in another's name are flagged (T6)",
		() =>
			withFleet(async (bench) => {
				const [victim, thief] = [await genuine(bench, "LK-VICTIM"), await genuine(bench, "LK-THIEF")];
				await attested(bench, victim);
				thief.answers = false;
				const cases: readonly (readonly [string, (nonce: Uint8Array) => Uint8Array])[] = [
					["signature", (nonce) => victim.statement(nonce)],
					["nonce", () => thief.statement(victim.nonces[0]!)],
					["nonce", () => thief.statement(thief.nonces[0]!)],
					[
						"serial",
						(nonce) => {
							thief.attests = { ...thief.attests, serial: "LK-VICTIM" };
							return thief.statement(nonce);
						},
					],
					["malformed", () => Uint8Array.of(0x80)],
				];
				thief.connect(bench.service);
				for (const [index, [reason, make]] of cases.entries()) {
					check.ok(await eventually(() => thief.nonces.length === index + 1), `asked ${index}`);
					thief.present(make(thief.nonces[index]!));
					check.ok(await eventually(() => bench.events("attestation-refused").length === index + 1));
					check.equal(bench.events("attestation-refused").at(-1)!.reason, reason);
					check.deepEqual(await flagsOf(bench, "LK-THIEF"), ["bad-attestation", "never-attested"]);
					check.equal((await rowsOf(bench)).find((row) => row.serial === "LK-THIEF")!.refused, reason);
					thief.say();
				}
				check.ok(isAlarm("bad-attestation"));
				check.deepEqual(await flagsOf(bench, "LK-VICTIM"), []);
				thief.attests = { runningDigest: RUNNING_DIGEST };
				check.ok(await eventually(() => thief.nonces.length === cases.length + 1));
				thief.attest(thief.nonces.at(-1)!);
				await bench.looks();
				check.deepEqual(await flagsOf(bench, "LK-THIEF"), [], "a good one ends it");
			}),
	);

	t.test("an answer that nobody asked for, or a second one, is refused and kept nowhere (T2)", () =>
		withFleet(async (bench) => {
			const lock = await genuine(bench, "LK-TALKS");
			lock.answers = false;
			lock.connect(bench.service);
			check.ok(await eventually(() => lock.nonces.length === 1));
			const statement = lock.statement(lock.nonces[0]!);
			lock.present(statement);
			await bench.looks();
			lock.present(statement);
			await bench.looks();
			check.deepEqual(
				bench.events("attestation-refused").map(({ reason }) => reason),
				["unasked"],
			);
			check.deepEqual(await flagsOf(bench, "LK-TALKS"), []);
		}),
	);

	t.test("what does not fit is flagged, each by its name (T10, T11)", () =>
		withFleet(async (bench) => {
			const cases: readonly Case[] = [
				{ flag: "unknown-image", alarm: true, attests: { runningDigest: new Uint8Array(32).fill(3) } },
				{ flag: "unknown-image", alarm: true, attests: { runningDigest: NEXT_DIGEST } },
				{ flag: "unmeasured", alarm: false, attests: { runningDigest: undefined } },
				{ flag: "differs-from-report", alarm: true, attests: { version: "0.9" } },
				{ flag: "floor-above-running", alarm: true, attests: { sequenceFloor: 2 } },
				{ flag: "floor-above-running", alarm: true, attests: { securityFloor: 1, securityFuse: 1 } },
				{
					flag: "fuse-below-floor",
					alarm: false,
					attests: { securityFuse: 1 },
					report: { securityVersion: 2, securityFloor: 2 },
				},
				{ flag: "unsealed", alarm: false, attests: { sealed: false } },
				{ flag: "parked", alarm: false, report: { state: "parked", offered: 2 } },
				{ flag: "stale", alarm: false, report: { stale: true } },
			];
			for (const [index, { flag, alarm, attests, report }] of cases.entries()) {
				const lock = await genuine(bench, `LK-CASE-${index}`);
				lock.attests = { ...lock.attests, ...attests };
				lock.report = { ...lock.report, ...report };
				await attested(bench, lock);
				const flags = (await flagsOf(bench, lock.serial)).filter((each) => each !== "split");
				check.deepEqual(flags, [flag], `case ${index}`);
				check.equal(isAlarm(flag), alarm);
			}
		}),
	);

	t.test("a lock that never attested, or long ago, is flagged", () =>
		withFleet(async (bench) => {
			const [never, old] = [await genuine(bench, "LK-NEVER"), await genuine(bench, "LK-LONG-AGO")];
			never.answers = false;
			never.connect(bench.service);
			await attested(bench, old);
			check.deepEqual(await flagsOf(bench, "LK-NEVER"), ["never-attested"]);
			check.deepEqual(await flagsOf(bench, "LK-LONG-AGO", Date.now() + 8 * DAY_MS), ["old-attestation"]);
		}),
	);

	t.test("a lock that went backwards is flagged, also when the relay starts over in between (T10, I3)", () =>
		withFleet(async (bench) => {
			const lock = await genuine(bench, "LK-BACK");
			lock.attests = { runningDigest: NEXT_DIGEST };
			lock.report = { ...lock.report, sequence: 2, version: "1.0.2", sequenceFloor: 2 };
			await attested(bench, lock);
			check.deepEqual(await flagsOf(bench, "LK-BACK"), []);
			lock.disconnect();
			await bench.restart();
			lock.attests = { runningDigest: RUNNING_DIGEST };
			lock.report = { ...lock.report, sequence: 1, version: "1.0.1", sequenceFloor: 1 };
			const before = lock.statements.length;
			lock.connect(bench.service);
			check.ok(await eventually(() => lock.statements.length > before));
			await bench.looks();
			check.deepEqual(await flagsOf(bench, "LK-BACK"), ["went-backwards"]);
		}),
	);

	t.test(
		"a lock whose floors were taken back under the same image is flagged, one floor or both (T10, I3)",
		() =>
			withFleet(async (bench) => {
				const cases: readonly (readonly Partial<UpdateReport>[])[] = [
					[{ securityFloor: 1 }, { sequenceFloor: 1 }, { sequenceFloor: 0 }],
					[{ sequenceFloor: 1 }, { securityFloor: 1 }, { securityFloor: 0 }],
					[{ sequenceFloor: 1, securityFloor: 1 }, {}, { sequenceFloor: 0, securityFloor: 0 }],
				];
				for (const [index, steps] of cases.entries()) {
					const lock = await genuine(bench, `LK-FLOORS-${index}`);
					lock.report = { ...lock.report, securityVersion: 1, sequenceFloor: 0, securityFloor: 0 };
					const flags: (readonly FleetFlag[])[] = [];
					for (const step of [{}, ...steps, {}]) {
						lock.report = { ...lock.report, ...step };
						const before = lock.statements.length;
						lock.connect(bench.service);
						check.ok(await eventually(() => lock.statements.length > before));
						await bench.looks();
						flags.push(await flagsOf(bench, lock.serial));
						lock.disconnect();
					}
					check.deepEqual(flags, [[], [], [], ["went-backwards"], ["went-backwards"]], `case ${index}`);
				}
			}),
	);

	t.test(
		"a lock that took its trial back is not flagged, and one that took a confirmed image back is (T10)",
		() =>
			withFleet(async (bench) => {
				const lock = await genuine(bench, "LK-REVERTS");
				await attested(bench, lock);
				for (const [runningState, flags] of [
					["pending", []],
					["valid", ["went-backwards"]],
				] as const) {
					lock.attests = { runningDigest: NEXT_DIGEST, runningState };
					lock.report = { ...lock.report, sequence: 2, version: "1.0.2", state: "trial", offered: 2 };
					await attested(bench, lock);
					check.deepEqual(await flagsOf(bench, "LK-REVERTS"), []);
					lock.attests = { runningDigest: RUNNING_DIGEST, runningState: "valid" };
					lock.report = { ...lock.report, sequence: 1, version: "1.0.1", state: "idle", reverts: 1 };
					await attested(bench, lock);
					check.deepEqual(await flagsOf(bench, "LK-REVERTS"), flags);
				}
			}),
	);

	t.test("a relay that serves different manifests to different boards is seen (T10, T11)", () =>
		withFleet(async (bench) => {
			const [a, b, c] = [
				await genuine(bench, "LK-A"),
				await genuine(bench, "LK-B"),
				await genuine(bench, "LK-C"),
			];
			c.attests = { runningDigest: new Uint8Array(32).fill(7) };
			for (const lock of [a, b, c]) await attested(bench, lock);
			const rows = await rowsOf(bench);
			check.deepEqual(
				rows.map(({ serial, flags }) => [serial, flags]),
				[
					["LK-A", ["split"]],
					["LK-B", ["split"]],
					["LK-C", ["unknown-image", "split"]],
				],
			);
			// The relay may have published what it served: then the operator's own releases tell.
			const records = await readFleet(bench.table.db);
			const lying = [
				{ image: objectOf(RUNNING) },
				{ image: { ...objectOf(RUNNING), digest: new Uint8Array(32).fill(7) } },
			];
			const [release] = await bench.table.releases();
			const manifests = lying.map((parts) => ({ ...release!.manifest, ...parts, sequence: 1 }));
			const blind = judgeFleet(records, { manifests, nowMs: Date.now(), oldMs: DAY_MS });
			check.deepEqual(
				blind.map(({ flags }) => flags),
				[["split"], ["split"], ["split"]],
			);
			const own = judgeFleet(records, { manifests: manifests.slice(0, 1), nowMs: Date.now(), oldMs: DAY_MS });
			check.deepEqual(own[2]!.flags, ["unknown-image", "split"]);
			check.equal(own[0]!.attestation?.board, BOARD);
		}),
	);

	t.test(
		"what was written into the database by hand is judged like anything else: nothing there is believed (T6)",
		() =>
			withFleet(async (bench) => {
				const [a, b] = [await genuine(bench, "LK-DB-1"), await genuine(bench, "LK-DB-2")];
				for (const lock of [a, b]) await attested(bench, lock);
				const records = await readFleet(bench.table.db);
				const swapped: FleetRecord[] = [
					{ ...records[0]!, attestations: records[1]!.attestations },
					records[1]!,
				];
				const rows = judgeFleet(swapped, { manifests: [], nowMs: Date.now(), oldMs: DAY_MS });
				check.deepEqual(rows[0]!.flags, ["bad-attestation", "never-attested"]);
				check.deepEqual(rows[1]!.flags, ["unknown-image"]);
			}),
	);

	t.test(
		"an export holds what is needed to judge it elsewhere, and nothing but an export is taken for one",
		() =>
			withFleet(async (bench) => {
				const lock = await genuine(bench, "LK-EXPORT");
				await attested(bench, lock);
				const records = await readFleet(bench.table.db);
				const text = encodeFleet(records);
				const read = decodeFleet(text) ?? check.fail("it cannot be read");
				const reference = { manifests: [], nowMs: Date.now(), oldMs: DAY_MS };
				check.deepEqual(judgeFleet(read, reference), judgeFleet(records, reference));
				check.equal(judgeFleet(read, reference)[0]!.attestation?.sequence, 1);
				for (const other of [
					"",
					"[]",
					"{}",
					text.replace("fleet-1", "fleet-2"),
					text.replace('"latest"', '"best"'),
					text.replace('"nonce"', '"once"'),
					text.replaceAll("LK-EXPORT", "LK-\\u001b[2J"),
					text.replace(/("receivedAt": ")[^"]+/, "$1tomorrow"),
					encodeFleet([...records, ...records]),
				])
					check.equal(decodeFleet(other), undefined);
			}),
	);
}
