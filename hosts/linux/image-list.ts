/**
 * Writes the list that latchkey-image compiles, from the same manifests that the Moddable SDK builds a board from,
 * so that the two never differ. It reads `include`, `modules` (with `*` in names and paths) and `preload`; what
 * names a variable, `$(MODDABLE)/...`, is the SDK's business and is left out.
 *
 *   node build/js/hosts/linux/image-list.js [--manifest FILE]... [--add NAME=FILE.js]... > list
 *
 * The default manifest is hosts/linux/manifest.json. A manifest names sources; the list names what tsc made of
 * them in build/js.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");
const COMPILED = join(ROOT, "build/js");

interface Manifest {
	readonly include?: string | readonly string[];
	readonly modules?: Readonly<Record<string, string | readonly string[]>>;
	readonly preload?: string | readonly string[];
}

export interface ImageModule {
	readonly name: string;
	/** The JavaScript to compile. */
	readonly path: string;
	readonly preload: boolean;
}

/** A manifest names what is not there. */
export class ImageListFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "ImageListFault";
	}
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
	if (value === undefined) return [];
	return typeof value === "string" ? [value] : value;
}

function isOfTheSdk(path: string): boolean {
	return path.includes("$(");
}

/** The JavaScript for a source named without its extension: what tsc made of it, or the source itself. */
function scriptFor(source: string): string | undefined {
	if (existsSync(`${source}.ts`)) return join(COMPILED, `${relative(ROOT, source)}.js`);
	if (existsSync(`${source}.js`)) return `${source}.js`;
	return undefined;
}

/** Names (without extension) of the modules in a folder. */
function modulesIn(folder: string): string[] {
	return readdirSync(folder)
		.filter((file) => /\.(ts|js)$/.test(file) && !/\.(d|test)\.ts$/.test(file))
		.map((file) => file.replace(/\.(ts|js)$/, ""))
		.sort();
}

class ModuleList {
	readonly #paths = new Map<string, string>();
	readonly #preload: string[] = [];
	readonly #seen = new Set<string>();

	read(path: string): void {
		if (this.#seen.has(path)) return;
		this.#seen.add(path);
		const folder = dirname(path);
		const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
		for (const include of listOf(manifest.include)) {
			if (!isOfTheSdk(include)) this.read(resolve(folder, include));
		}
		const modules = manifest.modules ?? {};
		const excluded = new Set(listOf(modules["~"]).map((source) => resolve(folder, source)));
		for (const [name, sources] of Object.entries(modules)) {
			if (name === "~") continue;
			for (const source of listOf(sources)) {
				if (!isOfTheSdk(source)) this.#addSource(name, resolve(folder, source), excluded, path);
			}
		}
		this.#preload.push(...listOf(manifest.preload));
	}

	add(name: string, path: string): void {
		this.#paths.set(name, path);
	}

	modules(): ImageModule[] {
		const preloaded = new Set<string>();
		for (const pattern of this.#preload) {
			const names = this.#matching(pattern);
			if (names.length === 0) throw new ImageListFault(`preload: there is no module ${pattern}`);
			for (const name of names) preloaded.add(name);
		}
		const modules = [...preloaded].map((name) => ({ name, path: this.#paths.get(name)!, preload: true }));
		for (const [name, path] of this.#paths) {
			if (!preloaded.has(name)) modules.push({ name, path, preload: false });
		}
		return modules;
	}

	#addSource(name: string, source: string, excluded: ReadonlySet<string>, manifest: string): void {
		if (!source.endsWith("/*")) {
			if (excluded.has(source)) return;
			const path = scriptFor(source);
			if (path === undefined) throw new ImageListFault(`${manifest}: there is no ${source}.ts`);
			this.#paths.set(name === "*" ? basename(source) : name, path);
			return;
		}
		const folder = source.slice(0, -2);
		for (const file of modulesIn(folder)) {
			if (excluded.has(join(folder, file))) continue;
			this.#paths.set(name.replace("*", file), scriptFor(join(folder, file))!);
		}
	}

	#matching(pattern: string): string[] {
		if (!pattern.endsWith("*")) return this.#paths.has(pattern) ? [pattern] : [];
		const prefix = pattern.slice(0, -1);
		const inFolder = (name: string): boolean =>
			name.startsWith(prefix) && !name.slice(prefix.length).includes("/");
		return [...this.#paths.keys()].filter(inFolder).sort();
	}
}

/** The modules that manifests name, preloaded ones first in their order, and any `additional` ones (name -> script). */
export function imageModules(
	manifests: readonly string[],
	additional: ReadonlyMap<string, string> = new Map(),
): ImageModule[] {
	const list = new ModuleList();
	for (const manifest of manifests) list.read(resolve(manifest));
	for (const [name, path] of additional) list.add(name, resolve(path));
	return list.modules();
}

/** The list as latchkey-image reads it. */
export function imageListText(modules: readonly ImageModule[]): string {
	return modules
		.map(({ name, path, preload }) => `${name}\t${path}\t${preload ? "preload" : "load"}\n`)
		.join("");
}

function main(words: readonly string[]): void {
	const manifests: string[] = [];
	const additional = new Map<string, string>();
	for (let index = 0; index < words.length; index += 2) {
		const value = words[index + 1];
		const equals = value?.indexOf("=") ?? -1;
		if (words[index] === "--manifest" && value !== undefined) manifests.push(value);
		else if (words[index] === "--add" && value !== undefined && equals > 0) {
			additional.set(value.slice(0, equals), value.slice(equals + 1));
		} else {
			process.stderr.write("usage: image-list [--manifest FILE]... [--add NAME=FILE.js]...\n");
			process.exit(2);
		}
	}
	if (manifests.length === 0) manifests.push(join(ROOT, "hosts/linux/manifest.json"));
	try {
		process.stdout.write(imageListText(imageModules(manifests, additional)));
	} catch (error) {
		if (!(error instanceof ImageListFault)) throw error;
		process.stderr.write(`image-list: ${error.message}\n`);
		process.exitCode = 1;
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
