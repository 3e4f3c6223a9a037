/**
 * Tests of the Linux host itself, on Node: `node build/js/test/host/run.js [--only TEXT] [--slow]`. Builds the
 * variants of the host that they need first. Prints `ok - name` or `not ok - name`, and at the end the counts.
 */
import { buildVariant, canBuild32 } from "./board.ts";
import { bootTests } from "./boot-tests.ts";
import { cutTests } from "./cut-tests.ts";
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

export interface HostTest {
	readonly name: string;
	run(): void | Promise<void>;
}

const SUITES: readonly (readonly HostTest[])[] = [
	imageTests,
	engineTests,
	portTests,
	drivePinTests,
	serialTests,
	tcpTests,
	recordTests,
	cutTests,
	bootTests,
	slotCutTests,
	watchdogTests,
	trialDeadlineTests,
	turnTests,
	supervisorTests,
	stressTests,
];

async function main(): Promise<number> {
	const words = process.argv.slice(2);
	const only = words.includes("--only") ? words[words.indexOf("--only") + 1] : undefined;
	let passed = 0;
	let failed = 0;
	for (const variant of ["plain", "recorder", "sanitize", "debug", "meter"] as const) buildVariant(variant);
	if (canBuild32()) buildVariant("32");
	const tests = [...SUITES.flat(), ...(words.includes("--slow") ? slowStressTests : [])];
	for (const { name, run } of tests) {
		if (only !== undefined && !name.includes(only)) continue;
		try {
			await run();
			passed++;
			process.stdout.write(`ok - ${name}\n`);
		} catch (error) {
			failed++;
			const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
			process.stdout.write(`not ok - ${name}\n${reason.replace(/^/gm, "#   ")}\n`);
		}
	}
	process.stdout.write(`${passed} passed, ${failed} failed\n`);
	return failed === 0 && passed > 0 ? 0 : 1;
}

process.exit(await main());
