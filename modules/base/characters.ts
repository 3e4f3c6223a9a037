/**
 * Which characters a text is made of. The firmware has no regular expressions: one that is frozen in flash takes memory at each use
 * that nobody gives back, and ends the engine when a collection meets it (Moddable SDK 8.2.3, fxAllocateRegExpData); without any, the
 * engine is 33 KB smaller. test/tools/manifest.test.ts looks for them.
 */

export const DIGITS = "0123456789";
export const LOWER = "abcdefghijklmnopqrstuvwxyz";
export const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
export const ALPHANUMERIC: string = DIGITS + UPPER + LOWER;
export const HEX_DIGITS: string = `${DIGITS}ABCDEFabcdef`;

/** Whether each character of `text` is one of `characters`; of an empty text it is. */
export function hasOnly(text: string, characters: string): boolean {
	for (let index = 0; index < text.length; index++)
		if (!characters.includes(text.charAt(index))) return false;
	return true;
}

/** `hasOnly`, and from `least` to `most` characters. */
export function isMadeOf(text: string, characters: string, least: number, most: number): boolean {
	return text.length >= least && text.length <= most && hasOnly(text, characters);
}

/** Each character is one of ASCII that shows, or a space. */
export function isPrintable(text: string): boolean {
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		if (code < 0x20 || code > 0x7e) return false;
	}
	return true;
}

/** `text` with a question mark for each character that is not printable. */
export function printable(text: string): string {
	let shown = "";
	for (let index = 0; index < text.length; index++) {
		const character = text.charAt(index);
		shown += isPrintable(character) ? character : "?";
	}
	return shown;
}
