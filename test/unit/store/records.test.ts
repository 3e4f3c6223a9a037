import {
	CERTIFICATE_CODEC,
	DEVICE_CODEC,
	LINE_CODEC,
	SEAL_CODEC,
} from "../../../modules/identity/records.ts";
import { RECORD_ROWS, RECORDS } from "../../../modules/store/records.ts";
import { type RecordCodec, recordName } from "../../../modules/store/store.ts";
import { CODEC as TIME_CODEC } from "../../../modules/time/trusted-time.ts";
import { CODEC as TRUST_CODEC } from "../../../modules/trust/trust-store.ts";
import { CODEC as FLOORS_CODEC } from "../../../modules/update/floors.ts";
import { CODEC as FRESHNESS_CODEC } from "../../../modules/update/freshness-store.ts";
import { CODEC as HISTORY_CODEC } from "../../../modules/update/history.ts";
import { CODEC as PLAN_CODEC } from "../../../modules/update/plan.ts";
import { CODEC as SETTLED_CODEC } from "../../../modules/update/settled.ts";
import { CODEC as HEAD_CODEC } from "../../../modules/update/slot-head.ts";
import { CODEC as TRIAL_CODEC } from "../../../modules/update/trial-record.ts";
import { check, type Suite } from "../../harness/test.ts";

export default function suite(t: Suite): void {
	t.test("every record of the table is in the order of erasure once, the reset's own last", () => {
		for (const row of Object.values(RECORDS)) check.ok(RECORD_ROWS.includes(row), row.name);
		check.equal(RECORD_ROWS.length, Object.values(RECORDS).length);
		check.equal(RECORD_ROWS[RECORD_ROWS.length - 1], RECORDS.resetPending);
		check.equal(RECORD_ROWS[0], RECORDS.claim);
	});

	t.test("every name that the table allows is one that flash takes, and no two records share one", () => {
		const paths = new Set<string>();
		let names = 0;
		for (const row of RECORD_ROWS) {
			for (let index = 0; index < (row.count ?? 1); index++) {
				const name = row.count === undefined ? recordName(row) : recordName(row, index);
				check.ok(/^[0-9A-Za-z_.-]{1,15}$/.test(name), name);
				check.ok(/^[0-9A-Za-z_.-]{1,15}$/.test(row.domain), row.domain);
				paths.add(`${row.domain}/${name}`);
				names++;
			}
			check.ok(row.bytesMax > 0 && row.bytesMax <= 16384, row.name);
		}
		check.equal(paths.size, names);
	});

	t.test(
		"what an older image or the recovery program reads too keeps its format for good (T10, T12, I5)",
		() => {
			const codecs: readonly Pick<RecordCodec<unknown>, "row" | "format">[] = [
				DEVICE_CODEC,
				CERTIFICATE_CODEC,
				SEAL_CODEC,
				LINE_CODEC,
				TRUST_CODEC,
				TIME_CODEC,
				FLOORS_CODEC,
				PLAN_CODEC,
				TRIAL_CODEC,
				HISTORY_CODEC,
				FRESHNESS_CODEC,
				HEAD_CODEC,
				SETTLED_CODEC,
			];
			for (const { row, format } of codecs) check.equal(format, 1, `${row.domain}/${row.name}`);
			const named = new Set(codecs.map(({ row }) => row));
			for (const row of RECORD_ROWS)
				if (row.domain === "update") check.ok(named.has(row), `update/${row.name} is not looked at`);
		},
	);

	t.test(
		"keys, certificates, trust, the seal and the floor outlive a reset, access and the log do not (T20, I3)",
		() => {
			const survivors = RECORD_ROWS.filter((row) => row.survivesReset).map(
				(row) => `${row.domain}/${row.name}`,
			);
			check.deepEqual(survivors, [
				"identity/device",
				"identity/certificate",
				"keys/device",
				"keys/noise",
				"keys/setup",
				"entropy/seed",
				"identity/seal",
				"identity/line",
				"identity/operational",
				"keys/op-0",
				"keys/op-1",
				"trust/bundle",
				"time/floor",
				"update/floors",
				"update/plan",
				"update/trial",
				"update/history",
				"update/freshness",
				"update/head",
				"update/settled",
				"app/notice-counter",
				"app/kept-notices",
				"app/health",
			]);
			for (const row of RECORD_ROWS)
				check.equal(
					row.survivesReset,
					["replacement", "sending", "sealing"].includes(row.erasedBy),
					row.name,
				);
		},
	);
}
