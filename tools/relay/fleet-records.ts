/**
 * What a relay knows of its fleet, out of its database, and as a file (JSON) that can be judged elsewhere: attestations are in it
 * as they were signed, each with the nonce that it answers. The keys in such a file are the relay's word; whoever does not take
 * it brings a registry of his own, such as the factory line's.
 */
import { fromHex, toHex } from "../../modules/base/bytes.ts";
import { asSerial } from "../../modules/wire/names.ts";
import { AttestationTable, type StoredAttestation } from "./attestation-table.ts";
import type { RelayDatabase } from "./database.ts";
import type { FleetRecord } from "./fleet.ts";
import { ATTESTATION_RANKS } from "./update-schema.ts";

const FORMAT = "latchkey-fleet-1";

export async function readFleet(db: RelayDatabase): Promise<readonly FleetRecord[]> {
	const devices = await db.selectFrom("devices").selectAll().execute();
	const reports = new Map(
		(await db.selectFrom("update_reports").selectAll().execute()).map((row) => [row.serial, row]),
	);
	const attestations = await new AttestationTable(db).all();
	return devices.map(({ serial, public_key, status }) => {
		const report = reports.get(serial);
		return {
			serial,
			publicKey: public_key,
			revoked: status === "revoked",
			report: report && {
				bytes: fromHex(report.report) ?? new Uint8Array(0),
				receivedAt: report.received_at,
			},
			attestations: attestations.get(serial) ?? [],
		};
	});
}

export function encodeFleet(records: readonly FleetRecord[]): string {
	const locks = records.map(({ serial, publicKey, revoked, report, attestations }) => ({
		serial,
		publicKey,
		revoked,
		...(report && { report: toHex(report.bytes), reportedAt: report.receivedAt }),
		attestations: attestations.map((each) => ({
			rank: each.rank,
			statement: toHex(each.statement),
			nonce: toHex(each.nonce),
			receivedAt: each.receivedAt,
			...(each.reason === undefined ? {} : { reason: each.reason }),
		})),
	}));
	return `${JSON.stringify({ format: FORMAT, locks }, null, "\t")}\n`;
}

/** Undefined for what is no such file. */
export function decodeFleet(text: string): readonly FleetRecord[] | undefined {
	let file: unknown;
	try {
		file = JSON.parse(text);
	} catch {
		return undefined;
	}
	if (!isObject(file) || file.format !== FORMAT || !Array.isArray(file.locks)) return undefined;
	const records = file.locks.map(readRecord);
	if (!records.every((record) => record !== undefined)) return undefined;
	// A second row of one lock could stand for the first.
	return new Set(records.map(({ serial }) => serial)).size === records.length ? records : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === "object" && value !== null;
}

/** As toISOString writes it. */
function isDate(text: string): boolean {
	return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

function readRecord(value: unknown): FleetRecord | undefined {
	if (!isObject(value) || !Array.isArray(value.attestations)) return undefined;
	const { publicKey, revoked, report, reportedAt } = value;
	const serial = typeof value.serial === "string" ? asSerial(value.serial) : undefined;
	if (serial === undefined || typeof publicKey !== "string" || typeof revoked !== "boolean") return undefined;
	const bytes = typeof report === "string" ? fromHex(report) : undefined;
	const attestations = value.attestations.map(readAttestation);
	if (!attestations.every((each) => each !== undefined)) return undefined;
	return {
		serial,
		publicKey,
		revoked,
		report:
			bytes && typeof reportedAt === "string" && isDate(reportedAt)
				? { bytes, receivedAt: reportedAt }
				: undefined,
		attestations,
	};
}

function readAttestation(value: unknown): StoredAttestation | undefined {
	if (!isObject(value)) return undefined;
	const { statement, nonce, receivedAt, reason } = value;
	const rank = ATTESTATION_RANKS.find((each) => each === value.rank);
	if (rank === undefined || typeof statement !== "string" || typeof nonce !== "string") return undefined;
	const [statementBytes, nonceBytes] = [fromHex(statement), fromHex(nonce)];
	if (statementBytes === undefined || nonceBytes === undefined) return undefined;
	if (typeof receivedAt !== "string" || !isDate(receivedAt)) return undefined;
	return {
		rank,
		statement: statementBytes,
		nonce: nonceBytes,
		reason: typeof reason === "string" ? reason : undefined,
		receivedAt,
	};
}
