/** Temporary folders that are gone when the test run ends, whatever happened in between. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = mkdtempSync(join(tmpdir(), "latchkey-tools-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));

/** A new, empty folder. Its path is short enough for a Unix socket. */
export function temporaryFolder(): string {
	return mkdtempSync(join(root, "t-"));
}

/** Polls until condition holds; false when it does not within `withinMs`. */
export async function eventually(
	condition: () => boolean | Promise<boolean>,
	withinMs = 5_000,
): Promise<boolean> {
	const deadline = performance.now() + withinMs;
	while (!(await condition())) {
		if (performance.now() > deadline) return false;
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
	return true;
}

export function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
