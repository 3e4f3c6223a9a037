/**
 * Tests of hosts/bindings on Node: `node build/js/test/bindings/run.js [--only TEXT] [--slow]`. Prints `ok - name` or
 * `not ok - name`, and at the end the counts.
 */
import { boardTests } from "./board-tests.ts";
import { buildVariants } from "./boards.ts";
import { chainTests } from "./chain-tests.ts";
import { commandTests } from "./command-tests.ts";
import { nativeTests } from "./native-tests.ts";
import { streamTests } from "./stream-tests.ts";
import { tlsTests } from "./tls-tests.ts";
import { wireTests } from "./wire-tests.ts";

export interface BindingTest {
	readonly name: string;
	run(): void | Promise<void>;
}

const SUITES: readonly (readonly BindingTest[])[] = [
	boardTests,
	chainTests,
	tlsTests,
	wireTests,
	streamTests,
	commandTests,
	nativeTests,
];

async function main(): Promise<number> {
	const words = process.argv.slice(2);
	const only = words.includes("--only") ? words[words.indexOf("--only") + 1] : undefined;
	buildVariants();
	let passed = 0;
	let failed = 0;
	for (const { name, run } of SUITES.flat()) {
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
