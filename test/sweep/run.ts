/**
 * The power-cut sweep of updates (docs/UPDATE.md 11): on the simulator every cut point, on the files of the Linux host every distinct
 * (file, operation) and a seeded choice, with --slow every cut point there, too. And images that break while they are on trial there.
 *
 *   node build/js/test/sweep/run.js [--slow] [--seed N] [--only sim|host|trials] [--scenario NAME]
 */
import { parseArgs } from "node:util";
import { seedOf } from "../harness/seed.ts";
import { sweepHost, sweepUnsynced } from "./host-tests.ts";
import { Report } from "./report.ts";
import { sweepSim } from "./sim-tests.ts";
import { testTrials } from "./trial-tests.ts";

const { values } = parseArgs({
	options: {
		slow: { type: "boolean", default: false },
		seed: { type: "string" },
		only: { type: "string" },
		scenario: { type: "string" },
	},
});
const seed = seedOf(values.seed);
const { slow, only, scenario } = values;
const report = new Report();
report.note(`seed ${seed}`);
if (only === undefined || only === "sim") await sweepSim({ seed, slow, only: scenario }, report);
if (only === undefined || only === "trials") await testTrials({ seed, only: scenario }, report);
if (only === undefined || only === "host") {
	await sweepHost({ seed, slow, only: scenario }, report);
	if (scenario === undefined) await sweepUnsynced({ seed, slow }, report);
}
process.exit(report.end());
