/** What keeps a hardware-in-the-loop run from being one, for the person at the bench: said in one line. */
export class HilFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "HilFault";
	}
}
