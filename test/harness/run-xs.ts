/**
 * Runs the test files on XS with the PSA provider: builds the board's test variant and an image, and runs it.
 *
 *   node build/js/test/harness/run-xs.js [--seed N] [--only PART-OF-PATH] [--shard I/N] [--stress] [--slow]
 *
 * --stress collects garbage at every allocation: slow, for finding what C lets go too early.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runsOn } from "./engine-exceptions.ts";
import { ROOT, testFiles } from "./files.ts";
import { seedOf } from "./seed.ts";
import { shardOf } from "./shard.ts";
import { SLOW_EFFORT } from "./test.ts";
import { buildTestBoard, buildXsImage } from "./xs-image.ts";

const RUN_MS = 1500000;
const HEAP_KB = 256 * 1024;
const STACK_SLOTS = 32768;

const { values } = parseArgs({
	options: {
		seed: { type: "string" },
		only: { type: "string" },
		shard: { type: "string" },
		stress: { type: "boolean" },
		slow: { type: "boolean" },
	},
});
const seed = seedOf(values.seed);

buildTestBoard();
// Of this process alone: several runs may go on at once. What a killed one left goes now.
const folders = join(ROOT, "build/test-xs");
for (const owner of existsSync(folders) ? readdirSync(folders) : []) {
	if (!existsSync(join("/proc", owner))) rmSync(join(folders, owner), { recursive: true, force: true });
}
const scratch = join(folders, String(process.pid));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
const files = shardOf(
	testFiles(values.only).filter((file) => runsOn("xs", file)),
	values.shard,
);
const { image, main } = buildXsImage(join(scratch, "image"), files, seed, values.slow ? SLOW_EFFORT : 1);

const board = spawn(
	join(ROOT, "build/host/testkeys/latchkey-board"),
	["--image", image, "--main", main, "--state", join(scratch, "state"), "--heap-kb", String(HEAP_KB)].concat(
		// A test is one turn, however long it takes.
		["--stack", String(STACK_SLOTS), "--watchdog-ms", "0"],
		values.stress ? ["--stress"] : [],
	),
	{ stdio: ["ignore", "inherit", "inherit"], timeout: RUN_MS, killSignal: "SIGKILL" },
);
board.on("close", (status, signal) => {
	if (status === null || status > 1)
		process.stderr.write(`# the board ended by ${signal ?? `status ${status}`}\n`);
	process.exitCode = status ?? 1;
});
