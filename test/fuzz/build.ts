/** Builds the C targets, and one of them with a fault planted in a copy of its source. */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { PATHS } from "../../tools/setup/paths.ts";
import { BUILD } from "./libfuzzer.ts";
import type { FuzzTarget } from "./targets.ts";

const BUILD_MS = 600_000;
const run = promisify(execFile);

async function make(...words: readonly string[]): Promise<string> {
	const { stdout } = await run(
		"make",
		["--silent", "--no-print-directory", "-C", join(PATHS.root, "test/fuzz"), ...words],
		{ timeout: BUILD_MS },
	);
	return stdout;
}

export async function buildTargets(names: readonly string[]): Promise<void> {
	await make("-j2", ...names.map((name) => join(BUILD, name)));
}

/** The names that the Makefile knows. */
export async function makefileTargets(): Promise<readonly string[]> {
	return (await make("list")).trim().split(" ");
}

/** The target's program with its fault planted; throws when the source does not hold the text once. */
export async function buildPlanted({ name, planted }: FuzzTarget): Promise<string> {
	const source = join(PATHS.root, planted.source);
	const parts = readFileSync(source, "utf8").split(planted.from);
	if (parts.length !== 2) {
		throw new Error(`${planted.source} holds the text of the planted fault ${parts.length - 1} times`);
	}
	const folder = join(BUILD, "planted", name);
	const file = join(folder, basename(planted.source));
	mkdirSync(folder, { recursive: true });
	writeFileSync(file, parts.join(planted.to));
	await make("planted", `TARGET=${name}`, `PLANT=${basename(planted.source, ".c")}`, `FILE=${file}`);
	return join(folder, name);
}
