/**
 * Text of others (locks, phones, relays, files) on its way to a terminal: printable ASCII stays, and the rest is written as `\uXXXX`, which JSON
 * reads back. What a lock calls its version must not move a cursor over another lock's alarm.
 */

export function printable(text: string): string {
	return escaped(text, /[^ -~]/g);
}

/** The same with its lines and tabs left, for what a command made. */
export function printableLines(text: string): string {
	return escaped(text, /[^ -~\n\t]/g);
}

/** By UTF-16 unit. */
function escaped(text: string, other: RegExp): string {
	return text.replace(other, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
