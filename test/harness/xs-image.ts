/**
 * Builds the image that runs the tests on XS: every module that the test files reach, preloaded and frozen where the
 * manifest has it so for a board, and the vectors as modules of text. Node only.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { type ImageModule, imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import { COMPILED, compiledPath, generatedVectors, ROOT, vectorsFolder } from "./files.ts";

const ENTRY = "test/harness/xs-entry";
/** Well below what the engine's parser takes for one literal. */
const PIECE_CHARACTERS = 32768;
const TOOL_MS = 120000;
const BUILD_MS = 600000;

export interface XsImage {
	readonly image: string;
	readonly main: string;
}

function moduleName(script: string): string {
	return relative(COMPILED, script).split(sep).join("/").replace(/\.js$/, "");
}

/** The scripts that some script reaches by relative imports, itself included. */
function closure(first: readonly string[]): Set<string> {
	const reached = new Set<string>();
	const open = [...first];
	for (let script = open.pop(); script !== undefined; script = open.pop()) {
		if (reached.has(script)) continue;
		reached.add(script);
		if (!existsSync(script)) throw new Error(`${relative(ROOT, script)} is not compiled`);
		const text = readFileSync(script, "utf8");
		for (const [, specifier] of text.matchAll(/^(?:import|export)\b[^;]*?["'](\.[^"']+)["'];$/gm)) {
			open.push(resolve(dirname(script), specifier!));
		}
	}
	return reached;
}

function pieces(text: string): string[] {
	const parts: string[] = [];
	for (let from = 0; from < text.length; from += PIECE_CHARACTERS) {
		parts.push(text.slice(from, from + PIECE_CHARACTERS));
	}
	return parts;
}

/** Every vector file by its path, and how its text is had. */
function vectorFiles(seed: number): ReadonlyMap<string, () => string> {
	const texts = new Map<string, () => string>();
	const folder = vectorsFolder();
	if (folder !== undefined) {
		for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
			if (entry.endsWith(".json"))
				texts.set(entry.split(sep).join("/"), () => readFileSync(join(folder, entry), "utf8"));
		}
	}
	for (const [path, generate] of generatedVectors(seed)) texts.set(path, generate);
	return texts;
}

/** Whether a test file names the folder of that vector file: only then it is made a part of the image. */
function isNamed(path: string, sources: readonly string[]): boolean {
	const folder = new RegExp(`["'\`]${path.split("/")[0]}/`);
	return sources.some((source) => folder.test(source));
}

/** Writes the modules of text and the entry; returns their scripts by module name. */
function writeGenerated(
	folder: string,
	files: readonly string[],
	seed: number,
	effort: number,
): Map<string, string> {
	const scripts = new Map<string, string>();
	const lines = [`import { runOnXs } from "test/harness/xs-main";`];
	const names: string[] = [];
	files.forEach((file, index) => {
		lines.push(`import suite${index} from "${moduleName(compiledPath(file))}";`);
	});
	const sources = files.map((file) => readFileSync(compiledPath(file), "utf8"));
	const left: string[] = [];
	[...vectorFiles(seed)].forEach(([path, read], index) => {
		if (!isNamed(path, sources)) {
			left.push(path);
			return;
		}
		const script = join(folder, `vectors-${index}.js`);
		const literals = pieces(read()).map((piece) => JSON.stringify(piece));
		writeFileSync(script, `export default [\n${literals.join(",\n")}\n];\n`);
		scripts.set(`vectors/${index}`, script);
		lines.push(`import vectors${index} from "vectors/${index}";`);
		names.push(`${JSON.stringify(path)}: vectors${index}`);
	});
	const suites = files.map((file, index) => `["${file}", suite${index}]`);
	lines.push(
		`runOnXs({ seed: ${seed}, effort: ${effort}, files: [${suites.join(", ")}], vectors: { ${names.join(", ")} },`,
		`\tleft: ${JSON.stringify(left)} });`,
	);
	const entry = join(folder, "xs-entry.js");
	writeFileSync(entry, `${lines.join("\n")}\n`);
	return scripts.set(ENTRY, entry);
}

/** Every module that the tests reach; what a board preloads is preloaded here too. */
function modulesFor(files: readonly string[], generated: ReadonlyMap<string, string>): ImageModule[] {
	const firmware = imageModules([join(ROOT, "hosts/linux/manifest.json")]);
	const preloaded = new Set(firmware.filter(({ preload }) => preload).map(({ path }) => path));
	const scripts = closure([...files.map(compiledPath), join(COMPILED, "test/harness/xs-main.js")]);
	const reached = [...scripts].map((path) => ({
		name: moduleName(path),
		path,
		preload: preloaded.has(path),
	}));
	const texts = [...generated].map(([name, path]) => ({ name, path, preload: false }));
	return [
		...reached.filter(({ preload }) => preload),
		...reached.filter(({ preload }) => !preload),
		...texts,
	];
}

/** The board of the tests, with the bindings' test keys, and the image tool. */
export function buildTestBoard(): void {
	const make = ["--silent", "-j2", "-C", join(ROOT, "hosts/linux"), "TESTKEYS=1", "board", "tool"];
	execFileSync("make", make, { timeout: BUILD_MS, stdio: ["ignore", "ignore", "inherit"] });
}

/** Builds in `folder`, which is the caller's to remove. */
export function buildXsImage(folder: string, files: readonly string[], seed: number, effort = 1): XsImage {
	mkdirSync(folder, { recursive: true });
	const list = join(folder, "list");
	const image = join(folder, "tests.image");
	writeFileSync(list, imageListText(modulesFor(files, writeGenerated(folder, files, seed, effort))));
	const words = ["--lines", "--list", list, "--output", image];
	execFileSync(join(ROOT, "build/host/latchkey-image"), words, { timeout: TOOL_MS, stdio: "inherit" });
	return { image, main: ENTRY };
}
