/**
 * Tests of hosts/bindings on Node: `node build/js/test/bindings/run.js [--only TEXT] [--slow]`. Prints `ok - name` or
 * `not ok - name`, and at the end the counts.
 */
import { fileURLToPath } from "node:url";
import { type NamedTest, runNamed } from "../harness/named-tests.ts";
import { boardTests } from "./board-tests.ts";
import { buildVariants } from "./boards.ts";
import { chainTests } from "./chain-tests.ts";
import { commandTests } from "./command-tests.ts";
import { nativeTests } from "./native-tests.ts";
import { streamTests } from "./stream-tests.ts";
import { tlsTests } from "./tls-tests.ts";
import { wireTests } from "./wire-tests.ts";

export type BindingTest = NamedTest;

const SHARD_MINUTES = 30;

const SUITES: readonly (readonly BindingTest[])[] = [
	boardTests,
	chainTests,
	tlsTests,
	wireTests,
	streamTests,
	commandTests,
	nativeTests,
];

await runNamed({
	file: fileURLToPath(import.meta.url),
	suites: () => SUITES,
	prepare: buildVariants,
	shards: 3,
	atOnce: 2,
	minutes: SHARD_MINUTES,
});
