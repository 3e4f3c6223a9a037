/**
 * The parts of a TypeScript source that the tidy rules look at: its imports, and its code with comments and templates
 * blanked out. A scanner, not a parser: it relies on the formatter's layout, which the lint step enforces.
 */

export interface SourceImport {
	readonly specifier: string;
	readonly line: number;
	/** `import type` or `export type`: nothing of it is left when the program runs. */
	readonly typeOnly: boolean;
	/** `export ... from`. */
	readonly reexport: boolean;
}

/** Where a slash begins a regular expression rather than a division: behind these, or at the start. */
const BEFORE_EXPRESSION = /(?:[(,=:[!&|?{};+\-*%<>~^]|\breturn|\bcase|=>)\s*$/;

function blank(text: string): string {
	return text.replace(/[^\n]/g, " ");
}

/** The end of what begins at `from` and ends with an unescaped `close`, on one line unless it is a template. */
function endOf(text: string, from: number, close: string): number {
	let inClass = false;
	for (let index = from + 1; index < text.length; index++) {
		const character = text[index]!;
		if (character === "\\") index++;
		else if (close === "/" && character === "[") inClass = true;
		else if (close === "/" && character === "]") inClass = false;
		else if (character === close && !inClass) return index + 1;
		else if (character === "\n" && close !== "`") return index;
	}
	return text.length;
}

/** text with comments, templates and regular expressions as blanks; lines and columns stay. */
export function codeOf(text: string): string {
	let code = "";
	let index = 0;
	while (index < text.length) {
		const two = text.slice(index, index + 2);
		let end = index + 1;
		let keep = true;
		if (two === "//") {
			end = text.indexOf("\n", index);
			keep = false;
		} else if (two === "/*") {
			end = text.indexOf("*/", index) + 2;
			if (end === 1) end = -1;
			keep = false;
		} else if (text[index] === '"' || text[index] === "'") end = endOf(text, index, text[index]!);
		else if (
			text[index] === "`" ||
			(text[index] === "/" && (BEFORE_EXPRESSION.test(code) || code.trim() === ""))
		) {
			end = endOf(text, index, text[index]!);
			keep = false;
		}
		if (end < 0) end = text.length;
		const piece = text.slice(index, end);
		code += keep ? piece : blank(piece);
		index = end;
	}
	return code;
}

function lineAt(text: string, offset: number): number {
	return text.slice(0, offset).split("\n").length;
}

const STATIC = /^(import|export)\s+(type\s+)?(?:[^;"'()]*?\bfrom\s*)?["']([^"']+)["']/gm;
const DYNAMIC = /\bimport\s*\(\s*["']([^"']+)["']/g;

/** Every import of code (as codeOf gives it), `import()` and `import("x").Type` too. */
export function importsOf(code: string): SourceImport[] {
	const imports: SourceImport[] = [];
	for (const match of code.matchAll(STATIC)) {
		imports.push({
			specifier: match[3]!,
			line: lineAt(code, match.index),
			typeOnly: match[2] !== undefined,
			reexport: match[1] === "export",
		});
	}
	for (const match of code.matchAll(DYNAMIC)) {
		const line = lineAt(code, match.index);
		imports.push({ specifier: match[1]!, line, typeOnly: false, reexport: false });
	}
	return imports;
}

/** The path from the root that a relative specifier means in the file at `path`; undefined when it leaves the root. */
export function resolveFrom(path: string, specifier: string): string | undefined {
	const parts = path.split("/").slice(0, -1);
	for (const part of specifier.split("/")) {
		if (part === ".") continue;
		if (part !== "..") parts.push(part);
		else if (parts.pop() === undefined) return undefined;
	}
	return parts.join("/");
}
