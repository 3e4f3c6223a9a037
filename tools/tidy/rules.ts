/**
 * The shape of the repository (DESIGN 3, STYLE) as checks over source texts: who may import whom, no barrels, no
 * module-level mutable state in what a board preloads. Pure: texts in, violations out.
 */
import { codeOf, importsOf, resolveFrom, type SourceImport } from "./source-text.ts";

export interface Violation {
	readonly path: string;
	readonly line: number;
	readonly message: string;
}

/** A folder of modules/ imports itself and the folders before it. */
export const MODULE_ORDER: readonly string[] = Object.freeze([
	"base",
	"platform",
	"wire",
	"crypto",
	"cose",
	"noise",
	"store",
	"log",
	"time",
	"trust",
	"identity",
	"access",
	"link",
	"session",
	"pairing",
	"lock",
	"update",
	"app",
]);

/** What the phone's library takes of modules/, besides initiator files and types of platform. */
const PHONE_FOLDERS: readonly string[] = Object.freeze(["base", "wire", "crypto", "cose", "noise"]);

/** The files of tools/phone that are a program, not the library. */
const PHONE_COMMANDS: readonly string[] = Object.freeze([
	"tools/phone/cli.ts",
	"tools/phone/local-cli.ts",
	"tools/phone/log-text.ts",
	"tools/phone/update-cli.ts",
	"tools/phone/upkeep-cli.ts",
	"tools/phone/way.ts",
]);

/** Folders whose test files run on both engines. */
const ENGINE_TESTS = /^test\/(unit|vectors|property)\/.*\.test\.ts$/;

function moduleFolder(path: string): string | undefined {
	const [top, folder, rest] = path.split("/");
	return top === "modules" && rest !== undefined ? folder : undefined;
}

function isInitiator(path: string): boolean {
	return /(^|[/-])initiator(-[a-z0-9-]+)?\.ts$/.test(path);
}

/** Why the module file at `path` may not import `target` (a path, or a bare specifier). */
function moduleImport(path: string, target: string, bare: boolean): string | undefined {
	if (bare) return `a module imports "${target}"`;
	const own = MODULE_ORDER.indexOf(moduleFolder(path) ?? "");
	const other = MODULE_ORDER.indexOf(moduleFolder(target) ?? "");
	if (other < 0) return `a module imports ${target}, outside modules/`;
	if (own < 0) return `${path} lies in no folder of the import order`;
	return other > own
		? `${MODULE_ORDER[own]} imports ${MODULE_ORDER[other]}, which comes after it`
		: undefined;
}

function hostImport(target: string, bare: boolean): string | undefined {
	if (bare || target.startsWith("hosts/")) return undefined;
	const folder = moduleFolder(target);
	if (folder === "base" || folder === "platform") return undefined;
	return `a host imports ${target}; of modules/ it takes base and platform only`;
}

function phoneImport(path: string, target: string, bare: boolean, typeOnly: boolean): string | undefined {
	const isCommand = PHONE_COMMANDS.includes(path);
	if (isCommand && (target.startsWith("tools/cli/") || PHONE_COMMANDS.includes(target))) return undefined;
	if (PHONE_COMMANDS.includes(target)) return "the phone's library imports its commands";
	if (bare || target.startsWith("tools/phone/") || target.startsWith("tools/crypto/")) return undefined;
	const folder = moduleFolder(target);
	if (folder === undefined) return `the phone's library imports ${target}`;
	if (PHONE_FOLDERS.includes(folder) || isInitiator(target)) return undefined;
	if (folder === "platform" && typeOnly) return undefined;
	return `the phone's library imports ${target}, which is no initiator file`;
}

function engineTestImport(target: string, bare: boolean): string | undefined {
	if (bare) return `a test of both engines imports "${target}"`;
	if (target.startsWith("hosts/")) return `a test of both engines imports a host, ${target}`;
	return undefined;
}

function forbiddenImport(
	path: string,
	target: string,
	bare: boolean,
	{ typeOnly }: SourceImport,
): string | undefined {
	if (path.startsWith("modules/")) return moduleImport(path, target, bare);
	if (path.startsWith("hosts/")) return hostImport(target, bare);
	if (path.startsWith("tools/phone/")) return phoneImport(path, target, bare, typeOnly);
	if (ENGINE_TESTS.test(path)) return engineTestImport(target, bare);
	return undefined;
}

function checkImport(path: string, found: SourceImport): string | undefined {
	const { specifier, reexport } = found;
	// A host may give a module a second name (its manifest's alias), by the first name.
	if (reexport && !(path.startsWith("hosts/") && specifier.startsWith("hosts/")))
		return `re-exports "${specifier}": no barrels`;
	const bare = !specifier.startsWith(".");
	if (!bare && !/\.(ts|mjs|json)$/.test(specifier))
		return `relative import "${specifier}" does not spell its extension`;
	const target = bare ? specifier : resolveFrom(path, specifier);
	if (target === undefined) return `import "${specifier}" leaves the repository`;
	return forbiddenImport(path, target, bare, found);
}

/** Module-level state that a preloaded module cannot have: variables, and containers that are not frozen. */
const MUTABLE: readonly (readonly [RegExp, string])[] = Object.freeze([
	[/^(?:export )?(?:let|var)\b/, "a module-level variable"],
	[
		/^(?:export )?const \w+[^=]*= new (?:Map|Set|WeakMap|WeakSet|WeakRef|Date|\w*Array|ArrayBuffer|DataView)\b/,
		"a module-level container",
	],
	[/^(?:export )?const \w+[^=]*= (?:\[|\{)/, "a module-level table that is not frozen"],
	[/^(?:export )?const \w+[^=]*= \w*Array\.(?:of|from)\(/, "a module-level container"],
] as const);

function checkState(path: string, lines: readonly string[]): Violation[] {
	const violations: Violation[] = [];
	lines.forEach((text, index) => {
		for (const [pattern, what] of MUTABLE) {
			if (pattern.test(text)) violations.push({ path, line: index + 1, message: `${what}: ${text.trim()}` });
		}
	});
	return violations;
}

/** Every violation of one source file; `path` is from the root. */
export function checkSource(path: string, text: string): Violation[] {
	const code = codeOf(text);
	const violations: Violation[] = [];
	if (/(^|\/)index\.ts$/.test(path))
		violations.push({ path, line: 1, message: "named index.ts: no barrels" });
	for (const found of importsOf(code)) {
		const message = checkImport(path, found);
		if (message !== undefined) violations.push({ path, line: found.line, message });
	}
	if (path.startsWith("modules/")) violations.push(...checkState(path, code.split("\n")));
	return violations;
}
