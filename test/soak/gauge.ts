/** The library by which a board loses what only C can lose (test/link/gauge.c), for the 32-bit build. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gaugeWords } from "../link/gauge-build.ts";

const BUILD_MS = 60_000;

let built: string | undefined;

/** Its path; built once. */
export function buildSmallGauge(): string {
	if (built !== undefined) return built;
	const folder = mkdtempSync(join(tmpdir(), "latchkey-gauge-"));
	process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
	built = join(folder, "gauge.so");
	execFileSync("gcc", ["-m32", ...gaugeWords(built)], {
		stdio: ["ignore", "ignore", "inherit"],
		timeout: BUILD_MS,
	});
	return built;
}
