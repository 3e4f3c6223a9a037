/**
 * Which tests there are, read from the sources without running them: every literal is a name, or half of one that a
 * table puts together; what stands in a template's ${…} may be anything.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LITERAL = /"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g;
/** What tables put between two halves of a name. */
const BETWEEN = ["", " ", ": "];

function patternOf(literal: string, isTemplate: boolean): RegExp {
	const parts = isTemplate ? literal.split(/\$\{[^}]*\}/) : [literal];
	const escaped = parts.map((part) =>
		part.replace(/\\(.)/g, "$1").replace(/[.*+?^${}()|[\]\\]/g, (character) => `\\${character}`),
	);
	return new RegExp(`^${escaped.join(".*")}$`);
}

interface Literals {
	readonly texts: ReadonlySet<string>;
	readonly patterns: readonly RegExp[];
}

function literalsOf(source: string): Literals {
	const texts = new Set<string>();
	const patterns: RegExp[] = [];
	for (const [, double, single, template] of source.matchAll(LITERAL)) {
		const text = double ?? single;
		if (text !== undefined) texts.add(text.replace(/\\(.)/g, "$1"));
		// A template that is nothing but one ${…} would be any name at all.
		else if (template !== undefined && /[a-z]{3}/.test(template.replace(/\$\{[^}]*\}/g, "")))
			patterns.push(patternOf(template, true));
	}
	return { texts, patterns };
}

function isName({ texts, patterns }: Literals, name: string): boolean {
	if (texts.has(name) || patterns.some((pattern) => pattern.test(name))) return true;
	for (let at = 1; at < name.length; at++) {
		for (const between of BETWEEN) {
			if (!name.startsWith(between, at)) continue;
			if (texts.has(name.slice(0, at)) && texts.has(name.slice(at + between.length))) return true;
		}
	}
	return false;
}

/** Finds tests by name in one checkout. */
export class TestNames {
	readonly #root: string;
	readonly #files = new Map<string, Literals>();

	constructor(root: string) {
		this.#root = root;
	}

	/** `file` is a test's source, or a folder of them; from the root of the repository. */
	has(file: string, name: string): boolean {
		const path = join(this.#root, file);
		if (!existsSync(path)) return false;
		if (file.endsWith(".ts")) return isName(this.#read(file), name);
		const entries = readdirSync(path, { recursive: true, encoding: "utf8" });
		const sources = entries.filter((entry) => entry.endsWith(".ts"));
		if (sources.some((entry) => isName(this.#read(`${file}/${entry}`), name))) return true;
		// A table of cases in one file and the words around them in another.
		const all = sources.map((entry) => this.#read(`${file}/${entry}`));
		const texts = new Set(all.flatMap((literals) => [...literals.texts]));
		return isName({ texts, patterns: [] }, name);
	}

	#read(file: string): Literals {
		const known = this.#files.get(file);
		if (known !== undefined) return known;
		const literals = literalsOf(readFileSync(join(this.#root, file), "utf8"));
		this.#files.set(file, literals);
		return literals;
	}
}
