/**
 * Which tests there are, read from the sources without running them: every literal is a name, or half of one that a
 * table puts together. What stands in a template's ${…} is a literal of the same folder, two of them, or one
 * word (or a file and a name in it); so a name is not there because it ends as some template does.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const LITERAL = /"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g;
/** What tables put between two halves of a name. */
const BETWEEN = ["", " ", ": "];
/** A half that says something: tables hold many a comma and article. */
const HALF = /[A-Za-z0-9].*[A-Za-z0-9]/;
/** One word, or a file and a name in it. */
const WORD = /^(\S*|[\w/.-]+\.ts \w+)$/;

/** What stands around each ${…}. */
function partsOf(template: string): readonly string[] {
	return template.split(/\$\{[^}]*\}/).map((part) => part.replace(/\\(.)/g, "$1"));
}

/** Whether `text` is these parts with something that may stand in a template between each two; every split is tried. */
function isFilled(parts: readonly string[], text: string, may: (filling: string) => boolean): boolean {
	const [first, next] = parts;
	if (first === undefined || !text.startsWith(first)) return false;
	const rest = text.slice(first.length);
	if (next === undefined) return rest === "";
	for (let at = rest.indexOf(next); at >= 0; at = rest.indexOf(next, at + 1)) {
		if (may(rest.slice(0, at)) && isFilled(parts.slice(1), rest.slice(at), may)) return true;
		if (at >= rest.length) break;
	}
	return false;
}

interface Literals {
	readonly texts: ReadonlySet<string>;
	readonly templates: readonly (readonly string[])[];
}

function literalsOf(source: string): Literals {
	const texts = new Set<string>();
	const templates: (readonly string[])[] = [];
	for (const [, double, single, template] of source.matchAll(LITERAL)) {
		const text = double ?? single;
		if (text !== undefined) texts.add(text.replace(/\\(.)/g, "$1"));
		// A template that is nothing but one ${…} would be any name at all.
		else if (template !== undefined && /[a-z]{3}/.test(template.replace(/\$\{[^}]*\}/g, "")))
			templates.push(partsOf(template));
	}
	return { texts, templates };
}

/** Two literals side by side. */
function isPair(name: string, texts: ReadonlySet<string>): boolean {
	for (let at = 1; at < name.length; at++) {
		for (const between of BETWEEN) {
			if (!name.startsWith(between, at)) continue;
			const [first, second] = [name.slice(0, at), name.slice(at + between.length)];
			if (HALF.test(first) && HALF.test(second) && texts.has(first) && texts.has(second)) return true;
		}
	}
	return false;
}

/** `around` is what the templates of the file may be filled with. */
function isName({ texts, templates }: Literals, name: string, around: ReadonlySet<string>): boolean {
	if (texts.has(name) || isPair(name, texts)) return true;
	const may = (filling: string): boolean => {
		const text = filling.replace(/^"(.*)"$/, "$1");
		return WORD.test(text) || around.has(text) || isPair(text, around);
	};
	return templates.some((parts) => isFilled(parts, name, may));
}

/** Finds tests by name in one checkout. */
export class TestNames {
	readonly #root: string;
	readonly #files = new Map<string, Literals>();
	readonly #folders = new Map<string, Literals>();

	constructor(root: string) {
		this.#root = root;
	}

	/** `file` is a test's source, or a folder of them; from the root of the repository. */
	has(file: string, name: string): boolean {
		if (!existsSync(join(this.#root, file))) return false;
		const isFile = file.endsWith(".ts");
		const around = this.#readFolder(isFile ? dirname(file) : file).texts;
		if (isFile) return isName(this.#read(file), name, around);
		// A table of cases may be in one file and the words around them in another.
		return isName(this.#readFolder(file), name, around);
	}

	#readFolder(folder: string): Literals {
		const known = this.#folders.get(folder);
		if (known !== undefined) return known;
		const entries = readdirSync(join(this.#root, folder), { recursive: true, encoding: "utf8" });
		const all = entries
			.filter((entry) => entry.endsWith(".ts"))
			.map((entry) => this.#read(`${folder}/${entry}`));
		const literals = {
			texts: new Set(all.flatMap(({ texts }) => [...texts])),
			templates: all.flatMap(({ templates }) => templates),
		};
		this.#folders.set(folder, literals);
		return literals;
	}

	#read(file: string): Literals {
		const known = this.#files.get(file);
		if (known !== undefined) return known;
		const literals = literalsOf(readFileSync(join(this.#root, file), "utf8"));
		this.#files.set(file, literals);
		return literals;
	}
}
