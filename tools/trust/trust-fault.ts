/** What the person at the terminal did, or a file says, that cannot be: one line, without a stack. */
export class TrustFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "TrustFault";
	}
}
