/**
 * Tests of the Linux host itself, on Node: `node build/js/test/host/run.js [--only TEXT] [--slow]`. Builds the
 * variants of the host that they need first. Prints `ok - name` or `not ok - name`, and at the end the counts.
 */
import { fileURLToPath } from "node:url";
import { type NamedTest, runNamed } from "../harness/named-tests.ts";
import { buildHostVariants } from "./board.ts";
import { bootTests } from "./boot-tests.ts";
import { cutTests } from "./cut-tests.ts";
import { cutoffTests } from "./cutoff-tests.ts";
import { engineTests } from "./engine-tests.ts";
import { imageTests } from "./image-tests.ts";
import { drivePinTests } from "./pin-tests.ts";
import { portTests } from "./port-tests.ts";
import { recordTests } from "./record-tests.ts";
import { serialTests } from "./serial-tests.ts";
import { slotCutTests } from "./slot-cut-tests.ts";
import { slowStressTests, stressTests } from "./stress-tests.ts";
import { supervisorTests } from "./supervisor-tests.ts";
import { tcpTests } from "./tcp-tests.ts";
import { trialDeadlineTests } from "./trial-deadline-tests.ts";
import { turnTests } from "./turn-tests.ts";
import { watchdogTests } from "./watchdog-tests.ts";

export type HostTest = NamedTest;

const SHARD_MINUTES = 30;

const SUITES: readonly (readonly HostTest[])[] = [
	imageTests,
	engineTests,
	portTests,
	drivePinTests,
	serialTests,
	tcpTests,
	recordTests,
	cutTests,
	cutoffTests,
	bootTests,
	slotCutTests,
	watchdogTests,
	trialDeadlineTests,
	turnTests,
	supervisorTests,
	stressTests,
];

await runNamed({
	file: fileURLToPath(import.meta.url),
	suites: (slow) => (slow ? [...SUITES, ...slowStressTests.map((test) => [test])] : SUITES),
	prepare: buildHostVariants,
	shards: 6,
	atOnce: 2,
	minutes: SHARD_MINUTES,
});
