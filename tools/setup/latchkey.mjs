#!/usr/bin/env node
/**
 * The `latchkey` program from a checkout: builds what is out of date, then hands over to tools/cli. What it prints
 * itself goes to standard error, because standard output belongs to the subcommand.
 */
import { join } from "node:path";
import { installSignalHandlers, runForeground } from "./children.mjs";
import { prepare, ROOT } from "./prepare.mjs";

async function main() {
	installSignalHandlers();
	await prepare("latchkey");
	return await runForeground(
		join(ROOT, "build", "js", "tools", "cli", "latchkey.js"),
		process.argv.slice(2),
		process.cwd(),
	);
}

main().then(
	(status) => process.exit(status),
	(error) => {
		process.stderr.write(`${error.message}\n`);
		process.exit(1);
	},
);
