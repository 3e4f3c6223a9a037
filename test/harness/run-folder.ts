/**
 * Runs the `*.test.ts` of one folder on Node alone: tests of host-side programs and of whole processes, which have
 * real sockets and files and cannot run on XS. Arguments: [--seed N] [--only PART-OF-PATH] [--shard I/N] [--slow]. A
 * folder of many files runs in several processes side by side: most of their time is waiting.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { compiledPath, ROOT, readVectors } from "./files.ts";
import { after } from "./node-timer.ts";
import { runSuites } from "./runner.ts";
import { seedOf } from "./seed.ts";
import { shardOf } from "./shard.ts";
import { runShards } from "./shards.ts";
import type { SuiteFunction } from "./test.ts";

export interface FolderOptions {
	/** How long one test may take, where it is not the usual time. */
	readonly testMs?: number;
	/** In how many processes a run of the whole folder goes, and how many at once. */
	readonly shards?: number;
	readonly atOnce?: number;
}

const SHARD_MINUTES = 30;
/** Whole processes, of which other tests start some at the same time. */
const TEST_MS = 300_000;

/** Ends the process with the outcome. */
export async function runFolder(folder: string, options: FolderOptions = {}): Promise<never> {
	const { testMs = TEST_MS, shards = 1, atOnce = 2 } = options;
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
	const all = readdirSync(join(ROOT, folder))
		.filter((file) => file.endsWith(".test.ts"))
		.map((file) => `${folder}/${file}`)
		.filter((file) => values.only === undefined || file.includes(values.only))
		.sort();
	if (shards > 1 && values.only === undefined && values.shard === undefined) {
		const words = ["--seed", String(seed), ...(values.slow ? ["--slow"] : [])];
		const file = compiledPath(`${folder}/run.ts`);
		const count = Math.min(shards, all.length);
		return await runShards({ file, count, atOnce, minutes: SHARD_MINUTES, words });
	}
	const files = shardOf(all, values.shard);
	const totals = await runSuites(
		files.map((file) => ({
			file,
			load: async () => {
				const module = (await import(pathToFileURL(compiledPath(file)).href)) as { default?: SuiteFunction };
				return module.default as SuiteFunction;
			},
		})),
		{
			seed,
			testMs,
			print: (line) => process.stdout.write(`${line}\n`),
			crypto: () => crypto,
			readVectors: (path) => readVectors(path, seed),
			after,
		},
	);
	process.exit(totals.failed === 0 ? 0 : 1);
}
