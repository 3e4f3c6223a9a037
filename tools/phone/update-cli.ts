/** `latchkey phone update`: how a lock's update stands, what it attests, and an owner's word that a parked release may be tried again. */
import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { toHex } from "../../modules/base/bytes.ts";
import { ATTESTATION_NONCE_BYTES, type Attestation } from "../../modules/wire/attestation.ts";
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import { plainText } from "../cli/plain-text.ts";
import { addCommand, type Way, withPhone, withWay } from "./way.ts";

export function registerPhoneUpdate(phone: Command): void {
	const update = phone
		.command("update")
		.description("Show how the lock's update stands; let it try a parked one again");
	withWay(update.command("status"), true)
		.description("Show what the lock runs, what it downloads and how its last update ended")
		.option("--attest", "also which image it attests to run, as the lock's own word")
		.action((way: Way & { readonly attest?: true }) =>
			withPhone(way, async (lock) => {
				show(reportRows((await lock.update.status()).report));
				if (way.attest !== true) return;
				show(attestationRows(await lock.update.attest(randomBytes(ATTESTATION_NONCE_BYTES))));
			}),
		);
	addCommand(update, "retry", "Let the lock try again what it reverted and parked", async (lock) => {
		await lock.update.retry();
		console.log("what was parked may be tried again");
	});
}

type Row = readonly [string, string];

function show(rows: readonly Row[]): void {
	for (const [name, value] of rows) console.log(`${name}\t${value}`);
}

function reportRows(report: UpdateReport): readonly Row[] {
	const { result, resultSequence, freshUntilUnixSeconds } = report;
	const offered: readonly Row[] =
		report.offered === undefined ? [] : [["offered", `sequence ${report.offered}`]];
	const fresh =
		freshUntilUnixSeconds === undefined
			? ""
			: `until ${new Date(freshUntilUnixSeconds * 1_000).toISOString()}`;
	return [
		["state", report.state],
		["version", plainText(report.version)],
		["sequence", `${report.sequence}, floor ${report.sequenceFloor}`],
		["security", `${report.securityVersion}, floor ${report.securityFloor}`],
		["trust", `version ${report.trustVersion}`],
		...offered,
		["progress", `${report.goodBytes} of ${report.totalBytes} bytes${report.viaDelta ? ", by a delta" : ""}`],
		["last result", resultSequence === undefined ? result : `${result}, sequence ${resultSequence}`],
		["reverts", String(report.reverts)],
		["fresh", report.stale ? `no${fresh === "" ? "" : `: ${fresh}`}` : fresh],
	];
}

function attestationRows(attestation: Attestation): readonly Row[] {
	const { runningDigest, runningSlot, runningState } = attestation;
	return [
		["attested image", runningDigest === undefined ? "not measured" : toHex(runningDigest)],
		["attested slot", runningSlot === undefined ? "none" : `${runningSlot}, ${runningState}`],
		["attested board", plainText(attestation.board)],
		["sealed", attestation.sealed ? "yes" : "no"],
	];
}
