import { plainName } from "./plain-text.ts";

/** A failure that the person at the terminal can act on: printed as one line, without a stack. */
export class CliFault extends Error {
	readonly status: number;

	constructor(message: string, status = 1) {
		super(message);
		this.name = "CliFault";
		this.status = status;
	}
}

/** Runs `work`; failures of these classes are the user's to act on, any other is a bug. */
export async function explaining<Value>(
	classes: readonly (abstract new (...values: never[]) => Error)[],
	work: () => Promise<Value>,
): Promise<Value> {
	try {
		return await work();
	} catch (error) {
		const isExpected = classes.some((each) => error instanceof each);
		throw isExpected ? new CliFault((error as Error).message) : error;
	}
}

/** `text` as one line, so that whatever somebody typed or answered cannot make a message look like two. */
export function oneLine(text: string): string {
	return plainName(text.replace(/\s+/g, " ").trim());
}
