/** Text inside XML and HTML: nothing of it is markup, whatever it says, and no character that XML 1.0 (2.2) does not have is left. */
const ENTITIES: Readonly<Record<string, string>> = Object.freeze({
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"'": "&#39;",
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that XML does not have
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu;

export function escapeMarkup(text: string): string {
	return text.replace(FORBIDDEN, "\ufffd").replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
