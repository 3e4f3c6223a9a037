import { checkSource, MODULE_ORDER } from "../../../tools/tidy/rules.ts";
import { codeOf, importsOf } from "../../../tools/tidy/source-text.ts";
import { check, type Suite } from "../../harness/test.ts";

function messages(path: string, text: string): string[] {
	return checkSource(path, text).map(({ line, message }) => `${line}: ${message}`);
}

function importing(path: string, specifier: string, kind = "import { x }"): string[] {
	return messages(path, `/** A file. */\n${kind} from "${specifier}";\n`);
}

export default function suite(t: Suite): void {
	t.test("a module may import its own folder and every folder before it", () => {
		MODULE_ORDER.forEach((folder, index) => {
			for (const earlier of MODULE_ORDER.slice(0, index)) {
				check.deepEqual(importing(`modules/${folder}/a.ts`, `../${earlier}/b.ts`), []);
			}
			check.deepEqual(importing(`modules/${folder}/a.ts`, "./b.ts"), []);
		});
	});

	t.test("a planted import against the order is caught, for every pair of folders", () => {
		MODULE_ORDER.forEach((folder, index) => {
			for (const later of MODULE_ORDER.slice(index + 1)) {
				check.deepEqual(importing(`modules/${folder}/a.ts`, `../${later}/b.ts`), [
					`2: ${folder} imports ${later}, which comes after it`,
				]);
			}
		});
	});

	t.test("types, side effects and dynamic imports are imports too", () => {
		check.equal(importing("modules/wire/a.ts", "../app/b.ts", "import type { X }").length, 1);
		check.equal(messages("modules/wire/a.ts", 'import "../app/b.ts";\n').length, 1);
		check.equal(messages("modules/wire/a.ts", 'export const x = () => import("../app/b.ts");\n').length, 1);
		check.equal(messages("modules/wire/a.ts", 'type X = import("../app/b.ts").X;\n').length, 1);
		check.equal(messages("modules/wire/a.ts", 'import {\n\ta,\n\tb,\n} from "../app/b.ts";\n').length, 1);
	});

	t.test("a module imports no host, no tool, no test, no package and nothing of Node", () => {
		for (const specifier of [
			"../../hosts/linux/a.ts",
			"../../tools/a.ts",
			"../../test/a.ts",
			"node:fs",
			"ws",
			"timer",
		]) {
			check.equal(importing("modules/app/a.ts", specifier).length, 1, specifier);
		}
		check.equal(importing("modules/unheard/a.ts", "../base/b.ts").length, 1);
		check.equal(importing("modules/base/a.ts", "../unheard/b.ts").length, 1);
	});

	t.test("a host imports base and platform only", () => {
		for (const folder of MODULE_ORDER) {
			const allowed = folder === "base" || folder === "platform";
			check.equal(
				importing("hosts/linux/a.ts", `../../modules/${folder}/b.ts`).length,
				allowed ? 0 : 1,
				folder,
			);
		}
		check.deepEqual(importing("hosts/linux/a.ts", "../bindings/b.ts"), []);
		check.deepEqual(importing("hosts/linux/a.ts", "embedded:io/digital"), []);
		check.equal(importing("hosts/linux/a.ts", "../../tools/b.ts").length, 1);
	});

	t.test("the phone's library imports the shared folders and initiator files only", () => {
		for (const path of ["session/initiator.ts", "pairing/initiator.ts", "wire/a.ts", "noise/one-way.ts"]) {
			check.deepEqual(importing("tools/phone/a.ts", `../../modules/${path}`), [], path);
		}
		for (const path of ["session/responder.ts", "session/session.ts", "pairing/window.ts", "store/a.ts"]) {
			check.equal(importing("tools/phone/a.ts", `../../modules/${path}`).length, 1, path);
		}
		check.deepEqual(importing("tools/phone/a.ts", "../crypto/noble.ts"), []);
		check.deepEqual(importing("tools/phone/a.ts", "../../modules/platform/a.ts", "import type { X }"), []);
		check.equal(importing("tools/phone/a.ts", "../../modules/platform/a.ts").length, 1);
		check.equal(importing("tools/phone/a.ts", "../relay/a.ts").length, 1);
		check.equal(importing("tools/phone/a.ts", "../cli/a.ts").length, 1);
		check.deepEqual(importing("tools/phone/cli.ts", "../cli/a.ts"), []);
		check.equal(importing("tools/phone/a.ts", "./cli.ts").length, 1);
	});

	t.test("a test file of both engines imports neither Node nor a host", () => {
		check.equal(importing("test/unit/a.test.ts", "node:fs").length, 1);
		check.equal(importing("test/vectors/a.test.ts", "../../hosts/bindings/crypto.ts").length, 1);
		check.deepEqual(importing("test/unit/a.test.ts", "../../modules/app/a.ts"), []);
		check.deepEqual(importing("test/tools/a.ts", "node:fs"), []);
	});

	t.test("barrels, and relative imports without their extension, are caught anywhere", () => {
		check.equal(importing("tools/relay/a.ts", "./b.ts", "export *").length, 1);
		check.equal(importing("tools/relay/a.ts", "./b.ts", "export { x }").length, 1);
		check.equal(importing("tools/relay/a.ts", "./b.ts", "export type { X }").length, 1);
		check.equal(messages("tools/relay/index.ts", "export const x = 1;\n").length, 1);
		check.equal(importing("tools/relay/a.ts", "./b").length, 1);
		check.equal(importing("tools/relay/a.ts", "./b.js").length, 1);
	});

	t.test("module-level mutable state in a module is caught, frozen tables and functions are not", () => {
		for (const text of [
			"let count = 0;",
			"export let count = 0;",
			"var count = 0;",
			"const cache = new Map<string, number>();",
			"const zeros = new Uint8Array(16);",
			"const bytes = Uint8Array.of(1);",
			"const table = [1, 2];",
			"const table: readonly number[] = [1, 2];",
			"export const table = { a: 1 };",
		]) {
			check.equal(messages("modules/base/a.ts", `${text}\n`).length, 1, text);
		}
		for (const text of [
			"const LIMIT = 5;",
			"const TABLE = Object.freeze([1, 2]);",
			"export const f = (a: number) => [a];",
			"function f() {\n\tlet x = 0;\n\tconst m = new Map();\n}",
		]) {
			check.deepEqual(messages("modules/base/a.ts", `${text}\n`), [], text);
		}
		check.deepEqual(messages("tools/relay/a.ts", "let count = 0;\n"), []);
	});

	t.test("what stands in comments, strings, templates and regular expressions is not code", () => {
		const text = [
			'/* import { a } from "../app/a.ts";\nlet x = 1; */',
			'// import "../app/a.ts";',
			'const a = `\nimport { b } from "../app/b.ts";\nlet y = 1;\n`;',
			"const b = /[\"'/]/.test(a) ? 1 / 2 : 3;",
			'import { c } from "../base/c.ts";',
		].join("\n");
		check.deepEqual(messages("modules/wire/a.ts", text), []);
		check.deepEqual(
			importsOf(codeOf(text)).map(({ specifier, line }) => `${line} ${specifier}`),
			["9 ../base/c.ts"],
		);
	});
}
