/** Text that somebody else wrote, for a terminal: nothing of it moves the cursor, hides a line or looks like another. */

/** Printable ASCII as it is, everything else by its number. */
export function plainText(text: string): string {
	return text.replace(/[^ -~]/gu, numbered);
}

/** For names that people choose: letters of any script stay; what is no character, or cannot be seen, is shown by its number. */
export function plainName(text: string): string {
	return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, numbered);
}

/** What a command made out of many texts: its lines and tabs stay, and JSON stays JSON, since it is by JSON's own escapes. */
export function plainLines(text: string): string {
	return text.replace(/[^ -~\n\t]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A line of columns between tabs: it stays one line, whatever somebody else wrote into it. */
export function plainColumns(line: string): string {
	return line.split("\t").map(plainText).join("\t");
}

/** JSON of ASCII alone. */
export function plainJson(value: unknown, indent?: string): string {
	return plainLines(JSON.stringify(value, null, indent));
}

function numbered(character: string): string {
	return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
