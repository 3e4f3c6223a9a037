/**
 * The manifests name what the tree has. The Moddable SDK matches a pattern in `preload` with JavaScript files only,
 * and leaves TypeScript modules in RAM without a word, so every module is spelled out there.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { PATHS } from "../../tools/setup/paths.ts";
import { MODULE_ORDER } from "../../tools/tidy/rules.ts";
import { check, type Suite } from "../harness/test.ts";

interface Manifest {
	readonly modules: Readonly<Record<string, string | readonly string[]>>;
	readonly preload: readonly string[];
}

/**
 * Run on phones and in tests only, or types alone: of the platform only the slots have constants. The recovery program is an image
 * of its own.
 */
const NOT_ON_A_BOARD =
	/(\/initiator|^hosts\/bindings\/test-crypto|^modules\/app\/recovery|^modules\/platform\/(?!slots$).*)$/;

function readManifest(path: string): Manifest {
	return JSON.parse(readFileSync(join(PATHS.root, path), "utf8")) as Manifest;
}

function modulesIn(folder: string): string[] {
	const path = join(PATHS.root, folder);
	if (!existsSync(path)) return [];
	return readdirSync(path)
		.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
		.map((file) => `${folder}/${file.slice(0, -3)}`);
}

const FOLDERS = [...MODULE_ORDER.map((folder) => `modules/${folder}`), "hosts/bindings", "hosts/ecma419"];

const IMPORT = /(?:import|export)[^"';]*?from "([^"]+)"/g;

/** Of the portable modules and the bindings, by what the compiled program loads; what a host names is passed through. */
function importedFrom(program: string): string[] {
	const found = new Set<string>();
	const visit = (name: string): void => {
		if (found.has(name)) return;
		found.add(name);
		const script = readFileSync(join(PATHS.javascript, `${name}.js`), "utf8");
		for (const [, target] of script.matchAll(IMPORT)) {
			if (target === "latchkey:recovery-host") visit("hosts/linux/recovery-platform");
			else if (target?.startsWith(".")) visit(posix.join(posix.dirname(name), target).replace(/\.js$/, ""));
		}
	};
	visit(program);
	return [...found].filter((name) => !name.startsWith("hosts/linux/"));
}

/** A literal or a constructor; comments are not code. */
const REGULAR_EXPRESSION = /[=(,!&|?:[]\s*\/[^/*\s][^\n]*?\/[a-z]*\s*[;,.)\]]|\bRegExp\b/;

function withoutComments(text: string): string {
	return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

export default function suite(t: Suite): void {
	t.test(
		"no module of a board has a regular expression: frozen, it ends the engine (base/characters.ts)",
		() => {
			for (const sample of [
				"x = /^a$/;",
				"if (!/^[0-9]*$/.test(a)) b",
				'f(a.replace(/[^ -~]/g, "?"))',
				"new RegExp(a)",
			])
				check.ok(REGULAR_EXPRESSION.test(withoutComments(sample)), sample);
			check.ok(!REGULAR_EXPRESSION.test("a = (b / 2) * c / d;"), "a quotient is none");
			for (const name of [...FOLDERS, "hosts/esp32", "hosts/radio"].flatMap(modulesIn)) {
				const found = REGULAR_EXPRESSION.exec(
					withoutComments(readFileSync(join(PATHS.root, `${name}.ts`), "utf8")),
				);
				check.equal(found?.[0], undefined, name);
			}
		},
	);

	t.test("every module of a board is preloaded by name, and nothing else is", () => {
		const expected = FOLDERS.flatMap(modulesIn).filter((name) => !NOT_ON_A_BOARD.test(name));
		check.deepEqual([...readManifest("manifest.json").preload].sort(), expected.sort());
	});

	t.test("names of modules mirror the tree", () => {
		for (const [name, source] of Object.entries(readManifest("manifest.json").modules)) {
			if (name !== "~") check.equal(source, `./${name}`);
		}
	});

	t.test("the recovery program's manifest names what the program imports, and nothing else", () => {
		const { modules, preload } = readManifest("recovery.json");
		const needed = importedFrom("recovery");
		check.deepEqual([...preload].sort(), needed.filter((name) => name !== "recovery").sort());
		check.deepEqual(Object.keys(modules).sort(), needed.sort());
		for (const [name, source] of Object.entries(modules)) check.equal(source, `./${name}`);
		check.ok(
			!needed.some((name) => /^modules\/(link|session|pairing|lock)\/|tls|drive/.test(name)),
			"a network or an output",
		);
	});

	t.test(
		"no module of a board has a regular expression with a Unicode property, which the SDK's compiler refuses",
		() => {
			for (const name of readManifest("manifest.json").preload) {
				check.ok(!/\\p\{/.test(readFileSync(join(PATHS.root, `${name}.ts`), "utf8")), name);
			}
		},
	);

	t.test("no host preloads by a pattern, and both bind the same program", () => {
		for (const host of ["linux", "esp32"]) {
			const { modules, preload } = readManifest(`hosts/${host}/manifest.json`);
			check.ok(!preload.some((name) => name.includes("*")), `${host}: a pattern`);
			check.equal(modules["latchkey:host"], "./host");
			check.equal(modules[`hosts/${host}/platform`], "./platform");
		}
	});
}
