/** Hands at a kit: a person at the terminal, who is told which button to hold and says when it is done. */
import { createInterface } from "node:readline/promises";
import { HilFault } from "./hil-fault.ts";

const PATIENCE_MS = 180_000;
const BUTTONS = Object.freeze({ button: "button inside", exit: "exit button" } as const);

/** Rejects with HilFault when nobody answers. */
export async function handAtTerminal(role: "button" | "exit", holdMs: number): Promise<void> {
	const terminal = createInterface({ input: process.stdin, output: process.stdout });
	const patience = AbortSignal.timeout(PATIENCE_MS);
	try {
		const seconds = (holdMs / 1_000).toFixed(1);
		const question = `Hold the ${BUTTONS[role]} for ${seconds} s, then press Enter: `;
		await terminal.question(question, { signal: patience });
	} catch {
		throw new HilFault("nobody pressed the button");
	} finally {
		terminal.close();
	}
}
