/** Which test files there are. The sources decide: what a deleted source left in build/ is not run. Node only. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { xxPsk0Transcripts } from "../vectors/second-noise.ts";

/** The root of the repository, from build/js/test/harness. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");
export const COMPILED = join(ROOT, "build/js");

const FOLDERS = Object.freeze(["test/unit", "test/vectors", "test/property"]);

const XXPSK0_RUNS = 1000;

/** Sources of the tests by path from the root, sorted; `only` keeps those whose path contains it. */
export function testFiles(only?: string): string[] {
	const files: string[] = [];
	for (const folder of FOLDERS) {
		if (!existsSync(join(ROOT, folder))) continue;
		for (const entry of readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })) {
			if (entry.endsWith(".test.ts")) files.push(`${folder}/${entry.split(sep).join("/")}`);
		}
	}
	return files.filter((file) => only === undefined || file.includes(only)).sort();
}

/** The compiled file of a source. */
export function compiledPath(file: string): string {
	return join(COMPILED, file.replace(/\.ts$/, ".js"));
}

/** Where the published vectors are; undefined when they are absent. */
export function vectorsFolder(): string | undefined {
	const named = process.env.LATCHKEY_VECTORS;
	const folder = resolve(ROOT, named ?? "../shared/vectors");
	return existsSync(folder) ? folder : undefined;
}

/** Files that are made for each run from its seed, under the folder "generated/" of the vectors. */
export function generatedVectors(seed: number): ReadonlyMap<string, () => string> {
	return new Map([["generated/xxpsk0.json", () => JSON.stringify(xxPsk0Transcripts(seed, XXPSK0_RUNS))]]);
}

export function readVectors(path: string, seed: number): string | undefined {
	const generate = generatedVectors(seed).get(path);
	if (generate !== undefined) return generate();
	const folder = vectorsFolder();
	if (folder === undefined) return undefined;
	const file = resolve(folder, path);
	if (relative(folder, file).startsWith("..") || !existsSync(file)) return undefined;
	return readFileSync(file, "utf8");
}
