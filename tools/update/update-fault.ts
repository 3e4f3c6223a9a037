/** What the person at the terminal did, or a file says, that cannot be: one line, without a stack. */
export class UpdateFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "UpdateFault";
	}
}
