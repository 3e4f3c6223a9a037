/** The test programs that a fault may name in its `Runs:` lines, and what each needs built. */
export interface Runner {
	readonly file: string;
	/** Words that make its outcome repeatable, before those of the fault. */
	readonly words: readonly string[];
	/** "typescript": the compiled JavaScript; "all": also the C host and the firmware image, as `npm run build`. */
	readonly needs: "typescript" | "all";
	readonly deadlineMs: number;
}

const MINUTE_MS = 60_000;

function runner(
	file: string,
	needs: Runner["needs"],
	minutes: number,
	words: readonly string[] = [],
): Runner {
	return Object.freeze({ file, words, needs, deadlineMs: minutes * MINUTE_MS });
}

export const RUNNERS: Readonly<Record<string, Runner>> = Object.freeze({
	unit: runner("build/js/test/harness/run-node.js", "typescript", 5, ["--seed", "1"]),
	xs: runner("build/js/test/harness/run-xs.js", "typescript", 15, ["--seed", "1"]),
	host: runner("build/js/test/host/run.js", "typescript", 15),
	contract: runner("build/js/test/contract/run.js", "typescript", 10, ["--seed", "1"]),
	bindings: runner("build/js/test/bindings/run.js", "all", 15),
	tools: runner("build/js/test/tools/run.js", "all", 10, ["--seed", "1"]),
	fuzz: runner("build/js/test/fuzz/run.js", "typescript", 10, ["--seed", "1"]),
	ws: runner("build/js/test/ws/run.js", "all", 10),
	link: runner("build/js/test/link/run.js", "all", 10),
	sweep: runner("build/js/test/sweep/run.js", "all", 20, ["--seed", "1"]),
	hil: runner("build/js/test/hil/run.js", "all", 10, ["--seed", "1"]),
	scenario: runner("build/js/test/scenario/run.js", "all", 20),
	soak: runner("build/js/test/soak/run.js", "all", 20, ["--seed", "1"]),
});

export interface Run {
	readonly name: string;
	readonly runner: Runner;
	readonly words: readonly string[];
}

/** Splits a `Runs:` line, with double quotes around words that hold spaces. Throws what is wrong with it. */
export function parseRun(line: string): Run {
	const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
	const [name, ...rest] = words;
	if (name === undefined || !Object.hasOwn(RUNNERS, name)) throw new Error(`names no runner: ${line}`);
	return { name, runner: RUNNERS[name]!, words: rest };
}
