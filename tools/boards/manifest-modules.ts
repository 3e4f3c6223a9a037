/**
 * The modules that a board's image has, by the SDK's manifests, and what its programs import of them. `include`, `platforms` and the
 * patterns are followed as the SDK's tools do; a path with $(...) is the SDK's, whose modules are listed here by name.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, posix, relative, resolve } from "node:path";
import { PATHS } from "../setup/paths.ts";
import { codeOf, importsOf } from "../tidy/source-text.ts";

/** What the SDK's own manifests bring, as far as our sources import it (SDK 8.2; check:sdk looks). */
export const SDK_MODULES: Readonly<Record<string, readonly string[]>> = Object.freeze({
	"$(MODDABLE)/examples/manifest_base.json": Object.freeze(["timer"]),
	"$(IO)/digital/manifest.json": Object.freeze(["embedded:io/digital"]),
	"$(IO)/serial/manifest.json": Object.freeze(["embedded:io/serial"]),
	"$(IO)/storage/manifest.json": Object.freeze(["embedded:storage/key-value"]),
	"$(MODULES)/data/text/decoder/manifest.json": Object.freeze(["text/decoder"]),
	"$(MODULES)/data/text/encoder/manifest.json": Object.freeze(["text/encoder"]),
});

interface Manifest {
	readonly include?: string | readonly string[];
	readonly modules?: Readonly<Record<string, string | readonly string[]>>;
	readonly preload?: readonly string[];
	readonly platforms?: Readonly<Record<string, Manifest>>;
}

export interface BoardModules {
	/** Name -> source in the tree; undefined: the SDK's. */
	readonly modules: ReadonlyMap<string, string | undefined>;
	readonly preload: readonly string[];
	readonly flaws: readonly string[];
	/** C files that are compiled, as paths of the tree. */
	readonly native: ReadonlySet<string>;
}

function list(value: string | readonly string[] | undefined): readonly string[] {
	return value === undefined ? [] : typeof value === "string" ? [value] : value;
}

class Collector {
	readonly modules = new Map<string, string | undefined>();
	readonly preload: string[] = [];
	readonly flaws: string[] = [];
	readonly native = new Set<string>();
	readonly #platform: string;

	constructor(platform: string) {
		this.#platform = platform;
	}

	read(manifest: Manifest, folder: string): void {
		const platforms = manifest.platforms ?? {};
		const platform = platforms[`${this.#platform}/*`] ?? platforms[this.#platform] ?? platforms["..."];
		for (const part of [manifest, platform ?? {}]) {
			for (const include of list(part.include)) this.#include(include, folder);
			this.#modules(part.modules ?? {}, folder);
			this.preload.push(...(part.preload ?? []));
		}
	}

	#include(include: string, folder: string): void {
		if (include.includes("$(")) {
			const names = SDK_MODULES[include];
			if (names === undefined) this.flaws.push(`${include}: nobody says what the SDK has there`);
			for (const name of names ?? []) this.modules.set(name, undefined);
			return;
		}
		const path = resolve(folder, include);
		if (!existsSync(path)) {
			this.flaws.push(`${relative(PATHS.root, path)}: is included, and not there`);
			return;
		}
		this.read(JSON.parse(readFileSync(path, "utf8")) as Manifest, dirname(path));
	}

	#modules(modules: Readonly<Record<string, string | readonly string[]>>, folder: string): void {
		const excluded = new Set(list(modules["~"]).map((source) => resolve(folder, source)));
		for (const [name, sources] of Object.entries(modules)) {
			if (name === "~") continue;
			for (const source of list(sources)) {
				if (source.includes("$(")) this.modules.set(name, undefined);
				else this.#source(name, resolve(folder, source), excluded);
			}
		}
	}

	#source(name: string, source: string, excluded: ReadonlySet<string>): void {
		const matches = source.endsWith("/*")
			? [
					...new Set(
						readdirSync(dirname(source)).map((file) =>
							join(dirname(source), file.replace(/\.(ts|c|h)$/, "")),
						),
					),
				]
			: [source];
		for (const match of matches) {
			if (excluded.has(match)) continue;
			if (existsSync(`${match}.c`)) this.native.add(relative(PATHS.root, `${match}.c`));
			const script = `${match}.ts`;
			if (existsSync(script)) {
				const named = name === "*" ? basename(match) : name.replace("*", basename(match));
				const before = this.modules.get(named);
				const path = relative(PATHS.root, script);
				if (before !== undefined && before !== path) this.flaws.push(`${named}: is ${before} and ${path}`);
				this.modules.set(named, path);
			} else if (!existsSync(`${match}.c`) && !existsSync(`${match}.h`) && !source.endsWith("/*")) {
				this.flaws.push(`${name}: there is no ${relative(PATHS.root, match)}`);
			}
		}
	}
}

/** Of one manifest file and a target's manifest beside it, which brings the board. */
export function boardModules(manifest: string, target: unknown): BoardModules {
	const collector = new Collector("esp32");
	const path = resolve(PATHS.root, manifest);
	collector.read(JSON.parse(readFileSync(path, "utf8")) as Manifest, dirname(path));
	collector.read(target as Manifest, PATHS.root);
	return collector;
}

/** What the programs `entries` import, one by one, that no module of the board is; and modules that are preloaded and not there. */
export function importFlaws(board: BoardModules, entries: readonly string[]): string[] {
	const flaws = [...board.flaws];
	const seen = new Set<string>();
	const visit = (name: string, from: string): void => {
		if (seen.has(name)) return;
		seen.add(name);
		if (!board.modules.has(name)) {
			flaws.push(`${from} imports ${name}, which no manifest has`);
			return;
		}
		const path = board.modules.get(name);
		if (path === undefined) return;
		for (const { specifier, typeOnly } of importsOf(codeOf(readFileSync(join(PATHS.root, path), "utf8")))) {
			if (typeOnly) continue;
			const target = specifier.startsWith(".")
				? posix.join(posix.dirname(name), specifier).replace(/\.(ts|js)$/, "")
				: specifier;
			visit(target, name);
		}
	};
	for (const entry of entries) visit(entry, "the SDK");
	for (const name of board.preload) {
		if (!board.modules.has(name)) flaws.push(`preload: there is no module ${name}`);
	}
	return flaws;
}
