/**
 * The natives that TypeScript names and the ones that C defines, on each host: a name without C fails at the link of a board, and C
 * that nobody names is dead weight in flash. Pure over texts.
 */
import { codeOf } from "../tidy/source-text.ts";

/** The SDK's compiler takes one string literal, so each name stands in the source as one. */
const NAMED = /"(xs_\w+)"/g;
/** A definition, not a declaration: the line after the head is a brace. */
const DEFINED = /^(?:PORT_CUT_CODE\s+)?void\s+(xs_\w+)\s*\([^;{)]*\)\s*\n\{/gm;

export function nativesNamed(source: string): string[] {
	return [...codeOf(source).matchAll(NAMED)].map(([, name]) => name!);
}

export function nativesDefined(source: string): string[] {
	return [...source.matchAll(DEFINED)].map(([, name]) => name!);
}

export interface NativeSource {
	readonly path: string;
	readonly text: string;
}

/** Each names the native and where it is missing or comes twice. */
export function nativeFlaws(
	scripts: readonly NativeSource[],
	sources: readonly NativeSource[],
	unnamed: readonly string[] = [],
): string[] {
	const named = new Map<string, string>();
	const defined = new Map<string, string>();
	const flaws: string[] = [];
	for (const { path, text } of scripts) for (const name of nativesNamed(text)) named.set(name, path);
	for (const { path, text } of sources) {
		for (const name of nativesDefined(text)) {
			const other = defined.get(name);
			if (other !== undefined) flaws.push(`${name}: in ${other} and in ${path}`);
			defined.set(name, path);
		}
	}
	for (const [name, path] of named)
		if (!defined.has(name)) flaws.push(`${name}: ${path} names it, and no C defines it`);
	for (const [name, path] of defined) {
		if (!named.has(name) && !unnamed.includes(name))
			flaws.push(`${name}: ${path} defines it, and nobody names it`);
	}
	return flaws;
}
