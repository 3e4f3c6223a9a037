/** Runs that collect garbage at every allocation: nothing that is in use may go. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { PATHS } from "../../tools/setup/paths.ts";
import { SkipTest } from "../harness/test.ts";
import { canBuild32, fixtureImage, runBoard, type Variant } from "./board.ts";
import type { HostTest } from "./run.ts";

const MODULES = ["stress", "frozen"] as const;
const MINUTES = 15 * 60_000;

async function output(variant: Variant, words: readonly string[]): Promise<string> {
	const end = await runBoard({
		variant,
		main: "test/host/firmware/stress",
		image: fixtureImage("stress", MODULES, ["frozen"]),
		words: ["--heap-kb", "256", "--stack", "512", "--watchdog-ms", "0", ...words],
		limitMs: 120_000,
	});
	assert.equal(end.status, 80, `${end.signal} ${end.stdout.slice(-200)} ${end.stderr.slice(-2000)}`);
	return end.stdout;
}

/** What a board's flash would refuse faults here: the frozen part is read-only memory. */
const mutation: HostTest = {
	name: "nothing that a program does to what it can reach writes to the frozen part",
	run: async () => {
		for (const [variant, ...words] of [["plain"], ["plain", "--stress"], ["debug", "--stress"]] as const) {
			const end = await runBoard({
				variant,
				main: "test/host/firmware/mutate",
				image: fixtureImage("mutate", ["mutate", "frozen"], ["frozen"]),
				words: ["--heap-kb", "1024", "--watchdog-ms", "0", ...words],
				limitMs: 120_000,
			});
			assert.equal(end.status, 80, `${end.signal} ${end.stdout.slice(-200)} ${end.stderr.slice(-2000)}`);
			assert.match(end.stdout, /^[5-9]\d\d objects$/m);
		}
	},
};

export const stressTests: readonly HostTest[] = [
	...(["plain", "debug", "sanitize", "32"] as const).map(
		(variant): HostTest => ({
			name: `a substantial program prints the same when every allocation collects (${variant})`,
			run: async () => {
				// The others are built, or the run has failed by now.
				if (variant === "32" && !canBuild32())
					throw new SkipTest("the packages of the 32-bit build are missing");
				const calm = await output(variant, []);
				assert.equal(calm.split("\n").length, 34);
				assert.equal(await output(variant, ["--stress"]), calm);
				assert.equal(await output(variant, ["--stress", "--plain"]), calm);
			},
		}),
	),
	mutation,
];

/** Every test of the host again, on a build that checks itself; it prints its own lines. */
const checkedBuilds = (["sanitize", "debug"] as const).map(
	(variant): HostTest => ({
		name: `the tests of the host pass on the ${variant} build`,
		run: () => {
			const said = execFileSync(process.execPath, [join(PATHS.javascript, "test/host/run.js")], {
				encoding: "utf8",
				timeout: MINUTES,
				env: { ...process.env, LATCHKEY_HOST_VARIANT: variant },
			});
			assert.match(said, /\n[1-9]\d* passed, 0 failed/);
		},
	}),
);

/** Whole folders of unit tests, each minutes long. */
const unitTests = ["wire", "base", "session", "noise", "store", "log", "access"].map(
	(folder): HostTest => ({
		name: `the unit tests of ${folder} pass when every allocation collects`,
		run: () => {
			const runner = join(PATHS.javascript, "test/harness/run-xs.js");
			const said = execFileSync(
				process.execPath,
				[runner, "--stress", "--seed", "1", "--only", `unit/${folder}`],
				{
					encoding: "utf8",
					timeout: MINUTES,
					env: { ...process.env, LATCHKEY_VECTORS: "/nonexistent" },
				},
			);
			assert.match(said, /\n[1-9]\d* passed, 0 failed/);
		},
	}),
);

export const slowStressTests: readonly HostTest[] = [...checkedBuilds, ...unitTests];
