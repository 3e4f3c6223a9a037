/**
 * Compares what the line has on record in its places: journal, registry, issued certificates, labels' folder. It changes
 * nothing and asks no board. A finding is a sentence; a line in order has none.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual } from "../../../modules/base/bytes.ts";
import { decodeCertificate } from "../../../modules/trust/certificate.ts";
import type { Registry } from "../../relay/registry.ts";
import { readCertificate } from "../pki.ts";
import type { LineConfig } from "./config.ts";
import type { Journal } from "./journal.ts";
import type { BoardRow } from "./journal-rows.ts";
import { isBefore } from "./steps.ts";

export interface Audit {
	readonly boards: { readonly done: number; readonly open: number; readonly scrapped: number };
	/** Boards that nobody finished yet: serial or MAC, and what is next. */
	readonly open: readonly string[];
	readonly findings: readonly string[];
}

export async function audit(config: LineConfig, journal: Journal, registry: Registry): Promise<Audit> {
	const boards = journal.boards();
	const findings: string[] = [];
	for (const board of boards) findings.push(...(await findingsOf(board, config, registry)));
	findings.push(...twice("serial", boards, ({ serial }) => serial));
	findings.push(...twice("key", boards, ({ publicKeyHex }) => publicKeyHex));
	findings.push(...foreignCertificates(config, boards), ...openLabels(config));
	const count = (...states: readonly BoardRow["state"][]): number =>
		boards.filter(({ state }) => states.includes(state)).length;
	const open = boards.filter(({ state }) => state === "open");
	return {
		boards: {
			done: count("done"),
			open: count("open"),
			scrapped: count("scrapping", "scrapped", "unrevoked"),
		},
		open: open.map(({ serial, mac, next }) => `${serial ?? mac}\t${next}`),
		findings,
	};
}

async function findingsOf(
	board: BoardRow,
	config: LineConfig,
	registry: Registry,
): Promise<readonly string[]> {
	const { serial, publicKeyHex, certificate, state, next } = board;
	const who = serial ?? board.mac;
	const found: string[] = [];
	if (state === "scrapping")
		found.push(`${who}: its scrapping was interrupted; latchkey factory scrap ends it`);
	if (state === "unrevoked") found.push(`${who}: it is scrapped, and the registry would not revoke it`);
	if (serial === undefined || publicKeyHex === undefined) {
		if (state === "done") found.push(`${who} is done and has no serial or key`);
		return found;
	}
	const row = await registry.find(serial);
	const isRecorded = state === "done" || (state === "open" && isBefore("record", next));
	if (isRecorded && row === undefined) found.push(`${who} is not in the registry`);
	if (row !== undefined && row.public_key !== publicKeyHex && state !== "unrevoked")
		found.push(`${who} has another key in the registry`);
	if (state === "scrapped" && row?.status !== "revoked") found.push(`${who} is scrapped and not revoked`);
	if (certificate === undefined) {
		if (state === "done") found.push(`${who} is done and has no certificate on record`);
		return found;
	}
	const read = decodeCertificate(certificate);
	const key = Uint8Array.from(Buffer.from(publicKeyHex, "hex"));
	if (read?.subjectSerial !== serial || read.keyP256 === undefined || !bytesEqual(read.keyP256, key))
		found.push(`${who}: its certificate is of another serial or key`);
	const path = join(config.pki, "issued", `${serial}.pem`);
	const issued = existsSync(path) ? readCertificate(path) : undefined;
	if (issued === undefined || !bytesEqual(new Uint8Array(issued.rawData), certificate))
		found.push(`${who}: ${path} is not the certificate on record`);
	return found;
}

function twice(
	what: string,
	boards: readonly BoardRow[],
	of: (board: BoardRow) => string | undefined,
): readonly string[] {
	const seen = new Set<string>();
	return boards.flatMap((board) => {
		const value = of(board);
		if (value === undefined) return [];
		if (seen.has(value)) return [`the ${what} ${value} is there twice`];
		seen.add(value);
		return [];
	});
}

/** Certificates with a serial of this line's and no board. */
function foreignCertificates(config: LineConfig, boards: readonly BoardRow[]): readonly string[] {
	const folder = join(config.pki, "issued");
	if (!existsSync(folder)) return [];
	const known = new Set(boards.flatMap(({ serial, publicKeyHex }) => (publicKeyHex ? [serial] : [])));
	return readdirSync(folder)
		.filter((name) => name.endsWith(".pem") && name.startsWith(config.serials.prefix))
		.filter((name) => !known.has(name.slice(0, -".pem".length)))
		.map((name) => `${name} was issued to no board of this journal`);
}

function openLabels({ labels }: LineConfig): readonly string[] {
	const { folder } = labels;
	if (folder === undefined || !existsSync(folder)) return [];
	return (statSync(folder).mode & 0o077) === 0 ? [] : [`others may enter ${folder}`];
}
