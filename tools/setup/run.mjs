/**
 * What `npm run` calls: sets everything up for one verb, then runs it. Usage: node tools/setup/run.mjs VERB [arguments]
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { installSignalHandlers, runForeground } from "./children.mjs";
import { prepare, ROOT } from "./prepare.mjs";

/** Verb -> compiled entry; `build` ends with the set-up. */
const ENTRIES = Object.freeze({
	start: "tools/start/start.js",
	test: "test/run.js",
	fuzz: "test/fuzz/fuzz.js",
	bench: "tools/bench/bench.js",
	tidy: "tools/tidy/tidy.js",
	sdk: "test/sdk/run.js",
	mbedtls: "test/bindings/check-mbedtls.js",
	boards: "tools/boards/cli.js",
	size: "tools/boards/cli.js",
	build: undefined,
});

async function main() {
	const [verb, ...words] = process.argv.slice(2);
	if (verb === undefined || !Object.hasOwn(ENTRIES, verb)) {
		process.stderr.write(`usage: node tools/setup/run.mjs ${Object.keys(ENTRIES).join("|")} [arguments]\n`);
		return 2;
	}
	installSignalHandlers();
	await prepare(verb);
	if (ENTRIES[verb] === undefined) return 0;
	const entry = join(ROOT, "build", "js", ENTRIES[verb]);
	if (!existsSync(entry)) {
		process.stderr.write(`nothing to run for "${verb}": ${entry} is missing\n`);
		return 1;
	}
	return await runForeground(entry, words, ROOT);
}

main().then(
	(status) => process.exit(status),
	(error) => {
		process.stderr.write(`${error.message}\n`);
		process.exit(1);
	},
);
