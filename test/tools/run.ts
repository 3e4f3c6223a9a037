/**
 * Tests of the host-side programs. They run on Node alone, with real TLS, real files and real processes on loopback.
 *
 *   node build/js/test/tools/run.js [--seed N] [--only PART-OF-PATH]
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { compiledPath, ROOT, readVectors } from "../harness/files.ts";
import { runSuites } from "../harness/runner.ts";
import type { SuiteFunction } from "../harness/test.ts";

const FOLDER = "test/tools";

const { values } = parseArgs({
	options: { seed: { type: "string" }, only: { type: "string" }, slow: { type: "boolean" } },
});
const crypto = new NobleCrypto();
const seed = values.seed === undefined ? Math.floor(Math.random() * 4294967296) : Number(values.seed) >>> 0;
const files = readdirSync(join(ROOT, FOLDER))
	.filter((file) => file.endsWith(".test.ts"))
	.map((file) => `${FOLDER}/${file}`)
	.filter((file) => values.only === undefined || file.includes(values.only))
	.sort();

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
		print: (line) => process.stdout.write(`${line}\n`),
		crypto: () => crypto,
		readVectors: (path) => readVectors(path, seed),
		after(delayMs, callback) {
			const timer = setTimeout(callback, delayMs);
			return () => clearTimeout(timer);
		},
	},
);
process.exit(totals.failed === 0 ? 0 : 1);
