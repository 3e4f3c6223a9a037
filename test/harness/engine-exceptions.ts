/**
 * Test files that run on one engine only, each with its reason. Every other file runs on both, and both must
 * print the same names. The orchestrator fails when these tests are more than 5 % of all.
 */
export type Engine = "node" | "xs";

export interface EngineException {
	/** Path of the test file from the root. */
	readonly file: string;
	/** The engine that does run it. */
	readonly only: Engine;
	readonly reason: string;
}

export const ENGINE_EXCEPTIONS: readonly EngineException[] = Object.freeze([]);

export const EXCEPTIONS_MAX_PERCENT = 5;

export function runsOn(engine: Engine, file: string): boolean {
	return ENGINE_EXCEPTIONS.every((exception) => exception.file !== file || exception.only === engine);
}
