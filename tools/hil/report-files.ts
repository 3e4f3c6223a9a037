/** The three files of a run: for people, for continuous integration, and to be put on record. Each is replaced whole. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../update/whole-file.ts";
import { htmlOf } from "./html-report.ts";
import { junitOf } from "./junit.ts";
import { encodeRunReport, type RunReport } from "./run-report.ts";

export function writeReports(folder: string, report: RunReport): void {
	mkdirSync(folder, { recursive: true });
	for (const [name, text] of [
		["report.json", encodeRunReport(report)],
		["junit.xml", junitOf(report)],
		["report.html", htmlOf(report)],
	] as const)
		writeWhole(join(folder, name), Buffer.from(text, "utf8"));
}
