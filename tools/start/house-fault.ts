/** A house cannot be made, or does not do what it is asked: the message says what to look at. */
export class HouseFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "HouseFault";
	}
}
