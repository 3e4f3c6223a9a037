/**
 * Runs the test files on XS with the PSA provider: builds the board's test variant and an image, and runs it.
 *
 *   node build/js/test/harness/run-xs.js [--seed N] [--only PART-OF-PATH] [--stress]
 *
 * --stress collects garbage at every allocation: slow, for finding what C lets go too early.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runsOn } from "./engine-exceptions.ts";
import { ROOT, testFiles } from "./files.ts";
import { buildXsImage } from "./xs-image.ts";

const BUILD_MS = 600000;
const RUN_MS = 600000;
const HEAP_KB = 256 * 1024;
const STACK_SLOTS = 32768;

const { values } = parseArgs({
	options: { seed: { type: "string" }, only: { type: "string" }, stress: { type: "boolean" } },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 4294967296) : Number(values.seed) >>> 0;

const make = ["--silent", "-C", join(ROOT, "hosts/linux"), "TESTKEYS=1", "board", "tool"];
execFileSync("make", make, { timeout: BUILD_MS, stdio: ["ignore", "ignore", "inherit"] });
const { image, main } = buildXsImage(
	testFiles(values.only).filter((file) => runsOn("xs", file)),
	seed,
);

const state = mkdtempSync(join(tmpdir(), "latchkey-xs-"));
const board = spawn(
	join(ROOT, "build/host/testkeys/latchkey-board"),
	["--image", image, "--main", main, "--state", state, "--heap-kb", String(HEAP_KB)].concat(
		["--stack", String(STACK_SLOTS)],
		values.stress ? ["--stress"] : [],
	),
	{ stdio: ["ignore", "inherit", "inherit"], timeout: RUN_MS, killSignal: "SIGKILL" },
);
board.on("close", (status, signal) => {
	rmSync(state, { recursive: true, force: true });
	if (status === null || status > 1)
		process.stderr.write(`# the board ended by ${signal ?? `status ${status}`}\n`);
	process.exitCode = status ?? 1;
});
