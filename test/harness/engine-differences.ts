/** What makes the runs of two engines different: tests that only one of them has, and too many exceptions. */
import { type EngineException, EXCEPTIONS_MAX_PERCENT } from "./engine-exceptions.ts";

export interface Differences {
	readonly lines: readonly string[];
	/** All names, and those of them that an exception excuses. */
	readonly tests: number;
	readonly excepted: number;
}

export function engineDifferences(
	node: readonly string[],
	xs: readonly string[],
	exceptions: readonly EngineException[],
): Differences {
	const lines: string[] = [];
	const isExcepted = (name: string) => exceptions.some(({ file }) => name.startsWith(`${file}: `));
	for (const [here, there, engine] of [
		[node, xs, "node"],
		[xs, node, "xs"],
	] as const) {
		const others = new Set(there);
		for (const name of here) {
			if (!others.has(name) && !isExcepted(name)) lines.push(`only on ${engine}: ${name}`);
		}
	}
	const all = new Set([...node, ...xs]);
	const excepted = [...all].filter(isExcepted).length;
	if (all.size === 0) lines.push("no tests");
	if (excepted * 100 > all.size * EXCEPTIONS_MAX_PERCENT) {
		lines.push(`${excepted} of ${all.size} tests are exceptions, more than ${EXCEPTIONS_MAX_PERCENT} %`);
	}
	return { lines, tests: all.size, excepted };
}
