/** A failure that the person at the terminal can act on: printed as one line, without a stack. */
export class CliFault extends Error {
	readonly status: number;

	constructor(message: string, status = 1) {
		super(message);
		this.name = "CliFault";
		this.status = status;
	}
}

/** `text` as one line, so that whatever somebody typed cannot make a message look like two. */
export function oneLine(text: string): string {
	return text.replace(/\s+/g, " ").trim();
}
