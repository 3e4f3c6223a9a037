/**
 * What a run may claim (docs/RIG.md 6). "hardware": the lock attests a board of boards/ that is none of an emulator, and the instrument,
 * where there is one, says "hardware" too; nothing that the operator types raises it. A driver is proven when a whole run of it on
 * hardware is on record: a report.json of such a run, which somebody put into the folder of records.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { boardNames, readBoard } from "../boards/board-list.ts";
import { PATHS } from "../setup/paths.ts";
import type { DriverName, Instrument } from "./driver.ts";
import { decodeRunReport, isWhole, type Proof, type RunReport } from "./run-report.ts";

export const RECORDS_FOLDER = join(PATHS.root, "docs", "hil-records");
const RECORDS_MAX = 256;

/** Whether a board of this name is a chip, by the files of boards/. */
export function isChip(board: string): boolean {
	return boardNames().includes(board) && !readBoard(board).emulated;
}

export function proofOf(driver: DriverName, isBoardAChip: boolean, instrument: Instrument): Proof {
	if (driver === "virtual") return "virtual";
	return isBoardAChip && instrument.target !== "virtual" ? "hardware" : "emulated";
}

/** A report that makes its driver a proven one. */
export function isRecord(report: RunReport, driver: DriverName): boolean {
	return report.driver === driver && report.proof === "hardware" && isWhole(report.scenarios);
}

/** Whether a run of this driver on hardware is in the folder. What is no report there counts for nothing. */
export function isProven(driver: DriverName, folder: string): boolean {
	if (!existsSync(folder)) return false;
	const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
	return files.slice(0, RECORDS_MAX).some((name) => {
		const report = decodeRunReport(new Uint8Array(readFileSync(join(folder, name))));
		return report.ok && isRecord(report.value, driver);
	});
}

/** How the driver is called in a report. */
export function proofText({ driver, proof, proven }: Pick<RunReport, "driver" | "proof" | "proven">): string {
	if (driver === "virtual") return "virtual";
	return proven ? proof : `${proof}, unproven`;
}
