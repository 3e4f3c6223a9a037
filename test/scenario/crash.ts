/** Ways in which firmware breaks, for a board that is told to (board-main.ts). Only test images have it. */
export type CrashKind = "exception" | "rejection" | "memory" | "stack";

/** `message`: what an error says, and what a program computed: neither may outlive it. */
export function crashNow(kind: string, message: string): void {
	switch (kind) {
		case "exception":
			throwDeep(message);
			return;
		case "rejection":
			void rejectDeep(message);
			return;
		case "memory":
			fillHeap(message);
			return;
		case "stack":
			void overflowStack(message, 0);
			return;
		default:
			return;
	}
}

function throwDeep(message: string): void {
	// The message tries to look like a frame.
	throw new RangeError(`${message}\n at ${message} (${message}:1)`);
}

async function rejectDeep(message: string): Promise<void> {
	await Promise.resolve();
	throwDeep(message);
}

function fillHeap(message: string): void {
	const kept: string[] = [];
	for (;;) kept.push(message + String(kept.length));
}

function overflowStack(message: string, depth: number): number {
	return overflowStack(message, depth + 1) + message.length;
}
