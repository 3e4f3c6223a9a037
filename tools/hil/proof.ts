/**
 * What a run may claim (docs/RIG.md 6). "hardware": the lock attests a board of boards/ that is none of an emulator, and the instrument,
 * where there is one, says "hardware" too; nothing that the operator types raises it. A scenario by a driver is proven when a whole run
 * on hardware that has it is on record: a report.json of such a run, which somebody put into the folder of records.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { boardNames, readBoard } from "../boards/board-list.ts";
import { PATHS } from "../setup/paths.ts";
import type { DriverName, Instrument } from "./driver.ts";
import { decodeRunReport, isWhole, type Proof, REPORT_BYTES_MAX, type RunReport } from "./run-report.ts";

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

/** A report that proves what it has. */
export function isRecord(report: RunReport, driver: DriverName): boolean {
	return report.driver === driver && report.proof === "hardware" && isWhole(report.scenarios);
}

/** Names of the scenarios that runs of this driver on hardware passed, by the folder. What is no report there counts for nothing. */
export function provenScenarios(driver: DriverName, folder: string): ReadonlySet<string> {
	const proven = new Set<string>();
	for (const name of recordNames(folder)) {
		const report = readRecord(join(folder, name));
		if (report !== undefined && isRecord(report, driver))
			for (const scenario of report.scenarios) proven.add(scenario.name);
	}
	return proven;
}

/** Each of these is proven, and there is one. */
export function isProven(scenarios: readonly string[], proven: ReadonlySet<string>): boolean {
	return scenarios.length > 0 && scenarios.every((name) => proven.has(name));
}

function recordNames(folder: string): readonly string[] {
	try {
		return readdirSync(folder)
			.filter((name) => name.endsWith(".json"))
			.slice(0, RECORDS_MAX);
	} catch {
		return [];
	}
}

/** Undefined: what is there cannot be read, is too large or no report. */
function readRecord(path: string): RunReport | undefined {
	try {
		const stat = statSync(path);
		if (!stat.isFile() || stat.size > REPORT_BYTES_MAX) return undefined;
		const report = decodeRunReport(new Uint8Array(readFileSync(path)));
		return report.ok ? report.value : undefined;
	} catch {
		return undefined;
	}
}

/** How the driver is called in a report. */
export function proofText({ driver, proof, proven }: Pick<RunReport, "driver" | "proof" | "proven">): string {
	if (driver === "virtual") return "virtual";
	return proven ? proof : `${proof}, unproven`;
}
