/** What a configuration names cannot be used; the message is for the person at the line. */
export class LineFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "LineFault";
	}
}
