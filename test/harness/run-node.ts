/**
 * Runs the test files on Node with the @noble provider.
 *
 *   node build/js/test/harness/run-node.js [--seed N] [--only PART-OF-PATH] [--shard I/N] [--slow]
 */
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { runsOn } from "./engine-exceptions.ts";
import { compiledPath, readVectors, testFiles } from "./files.ts";
import { after } from "./node-timer.ts";
import { runSuites } from "./runner.ts";
import { seedOf } from "./seed.ts";
import { shardOf } from "./shard.ts";
import { SLOW_EFFORT, type SuiteFunction } from "./test.ts";

const { values } = parseArgs({
	options: {
		seed: { type: "string" },
		only: { type: "string" },
		shard: { type: "string" },
		slow: { type: "boolean" },
	},
});
const crypto = new NobleCrypto();
const seed = seedOf(values.seed);

const totals = await runSuites(
	shardOf(
		testFiles(values.only).filter((file) => runsOn("node", file)),
		values.shard,
	).map((file) => ({
		file,
		load: async () => {
			const module = (await import(pathToFileURL(compiledPath(file)).href)) as { default?: SuiteFunction };
			return module.default as SuiteFunction;
		},
	})),
	{
		seed,
		effort: values.slow ? SLOW_EFFORT : 1,
		print: (line) => process.stdout.write(`${line}\n`),
		crypto: () => crypto,
		readVectors: (path) => readVectors(path, seed),
		after,
	},
);
process.exitCode = totals.failed === 0 ? 0 : 1;
