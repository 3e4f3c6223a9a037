/** Programmer's errors: they throw past every handler, the host logs the stack and reboots with the motor unpowered. */
export class AssertionFault extends Error {
	/** Defined, not assigned: on a board Error.prototype is frozen and its name cannot be assigned over. */
	override readonly name = "AssertionFault";
}

export function assert(condition: boolean, message: string): asserts condition {
	if (!condition) throw new AssertionFault(message);
}

/** Closes a switch over a union: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
	throw new AssertionFault(`unreachable: ${String(value)}`);
}
