/** The report of a lock (PROTOCOL 12). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import {
	decodeReport,
	encodeReport,
	FIRMWARE_VERSION_BYTES,
	HEALTH_COUNT_MAX,
	LINK_FAILURE_MAX,
	RESET_REASON_BYTES,
	type Report,
} from "../../../modules/wire/report.ts";
import { check, type Suite } from "../../harness/test.ts";

function newReport(health: Partial<Report["health"]> = {}): Report {
	return {
		trustVersion: 7,
		firmware: "1.2.3",
		credential: "operational",
		health: {
			boots: 12,
			resets: [
				{ boot: 11, reason: "memory" },
				{ boot: 12, reason: "requested" },
			],
			stack: "push < grow (modules/app/app:12)",
			leastFreeBytes: 12345,
			linkFailures: new Map([
				[2, 40],
				[32, 1],
			]),
			lastTimeSource: "time-role",
			...health,
		},
		timeSource: "owner",
	};
}

export default function suite(t: Suite): void {
	t.test("a report reads as it was written, with and without what may be absent", () => {
		const report = newReport();
		check.deepEqual(check.accepted(decodeReport(encodeReport(report))), report);
		const { stack, leastFreeBytes, ...rest } = report.health;
		const short = { ...report, health: rest };
		check.ok(stack !== undefined && leastFreeBytes !== undefined);
		check.deepEqual(check.accepted(decodeReport(encodeReport(short))), short);
	});

	t.test("its bytes do not depend on the order in which failures happened", () => {
		const linkFailures = new Map([
			[32, 1],
			[2, 40],
		]);
		check.bytes(encodeReport(newReport({ linkFailures })), encodeReport(newReport()));
	});

	t.test("the largest report fits an envelope (I8)", () => {
		const linkFailures = new Map<number, number>();
		for (let index = LIMITS.healthFailureReasons - 1; index >= 0; index--)
			linkFailures.set(LINK_FAILURE_MAX - index, HEALTH_COUNT_MAX);
		const resets = [];
		for (let index = 0; index < LIMITS.healthResets; index++)
			resets.push({ boot: HEALTH_COUNT_MAX, reason: "r".repeat(RESET_REASON_BYTES) });
		const report: Report = {
			...newReport({
				boots: HEALTH_COUNT_MAX,
				resets,
				stack: "s".repeat(LIMITS.healthStackBytes),
				leastFreeBytes: Number.MAX_SAFE_INTEGER,
				linkFailures,
			}),
			trustVersion: Number.MAX_SAFE_INTEGER,
			firmware: "f".repeat(FIRMWARE_VERSION_BYTES),
		};
		const bytes = encodeReport(report);
		check.ok(bytes.length <= LIMITS.reportBytes, `${bytes.length} bytes`);
		check.deepEqual(check.accepted(decodeReport(bytes)), report);
	});

	t.test("a reader ignores keys of a newer lock and refuses what cannot be (T15)", () => {
		const health = { 0: 1, 1: [], 4: [], 5: 0, 6: 0 };
		const good = { 0: 1, 1: 0, 2: "1", 3: 0, 4: health };
		check.accepted(decodeReport(encodeCbor(good)));
		check.accepted(decodeReport(encodeCbor({ ...good, 9: "new", 4: { ...health, 9: "new" } })));
		const wrong = [
			{ ...good, 0: 2 },
			{ ...good, 1: -1 },
			{ ...good, 2: 1 },
			{ ...good, 2: "f".repeat(FIRMWARE_VERSION_BYTES + 1) },
			{ ...good, 3: 2 },
			{ ...good, 4: [] },
			{ ...good, 4: { ...health, 0: -1 } },
			{ ...good, 4: { ...health, 1: [[1]] } },
			{ ...good, 4: { ...health, 1: [[1, "x".repeat(RESET_REASON_BYTES + 1)]] } },
			{ ...good, 4: { ...health, 1: new Array(LIMITS.healthResets + 1).fill([1, "x"]) } },
			{ ...good, 4: { ...health, 2: "s".repeat(LIMITS.healthStackBytes + 1) } },
			{ ...good, 4: { ...health, 3: "much" } },
			{ ...good, 4: { ...health, 4: [[1, 2, 3]] } },
			{ ...good, 4: { ...health, 4: [[LINK_FAILURE_MAX + 1, 1]] } },
			{
				...good,
				4: {
					...health,
					4: [
						[1, 1],
						[1, 1],
					],
				},
			},
			{
				...good,
				4: {
					...health,
					4: [
						[2, 1],
						[1, 1],
					],
				},
			},
			{ ...good, 4: { ...health, 4: [[1, HEALTH_COUNT_MAX + 1]] } },
			{ ...good, 4: { ...health, 5: 3 } },
			{ ...good, 4: { ...health, 6: 3 } },
			{ 0: 1, 1: 0, 2: "1", 3: 0 },
		];
		for (const fields of wrong)
			check.refused(decodeReport(encodeCbor(fields)), "malformed", JSON.stringify(fields));
		check.refused(decodeReport(new Uint8Array(0)), "malformed");
		check.refused(decodeReport(new Uint8Array(LIMITS.reportBytes + 1)), "malformed");
	});
}
