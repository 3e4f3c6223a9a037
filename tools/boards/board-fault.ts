/** What a person can mend, printed as it is: several lines, each one flaw. */
export class BoardFault extends Error {
	override name = "BoardFault";
}
