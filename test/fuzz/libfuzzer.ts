/** One libFuzzer process: what it is told, and what its output says of the run. */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../../tools/setup/paths.ts";

export interface FuzzCall {
	readonly binary: string;
	readonly seed: number;
	readonly maxBytes: number;
	/** Runs beyond those of the corpus; undefined: until the time is over. */
	readonly runs?: number;
	readonly seconds: number;
	/** New inputs go to the first folder; the others are read. */
	readonly corpus: readonly string[];
	/** An input that breaks the target goes here, its name in front. */
	readonly artifacts: string;
}

export interface FuzzEnd {
	readonly runs: number;
	/** Edges of control flow that were reached, and libFuzzer's finer features. */
	readonly edges: number;
	readonly features: number;
	/** Inputs in use at the end. */
	readonly corpus: number;
	readonly seconds: number;
	/** Undefined when nothing was found: else the lines that say what. */
	readonly finding?: readonly string[];
	/** The input that was kept. */
	readonly artifact?: string;
}

/** For start and stop of a process that was asked to take `seconds`. */
const GRACE_SECONDS = 60;
const OUTPUT_MAX = 1_000_000;
const RESIDENT_MEGABYTES = 1024;
/** One input that takes longer is a finding. */
const INPUT_SECONDS = 10;
const FINDING = /expected |ERROR: |runtime error|SUMMARY|#\d+ 0x[0-9a-f]+ in /;
const FINDING_LINES = 14;

export const CORPUS = join(PATHS.root, "test/fuzz/corpus");
export const REGRESSIONS = join(PATHS.root, "test/fuzz/regressions");
/** Of all targets together: the corpus is part of the repository. */
export const CORPUS_BYTES_MAX = 400 * 1024;
export const BUILD = join(PATHS.root, "build/fuzz");

export function corpusFolders(target: string): string[] {
	return [join(CORPUS, target), join(REGRESSIONS, target)].filter(
		(folder) => statSync(folder, { throwIfNoEntry: false }) !== undefined,
	);
}

export function fileCount(folder: string): number {
	return statSync(folder, { throwIfNoEntry: false }) === undefined ? 0 : readdirSync(folder).length;
}

export function folderBytes(folder: string): number {
	if (statSync(folder, { throwIfNoEntry: false }) === undefined) return 0;
	return readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce((sum, entry) => {
		const status = statSync(join(folder, entry));
		return status.isFile() ? sum + status.size : sum;
	}, 0);
}

/** Runs a program to its end; resolves to its status and what it wrote on standard error. */
export function runLogged(
	binary: string,
	words: readonly string[],
	seconds: number,
): Promise<{ status: number | null; log: string }> {
	return new Promise((resolve, reject) => {
		const child = spawn(binary, words, {
			cwd: BUILD,
			stdio: ["ignore", "ignore", "pipe"],
			// Leaks are findings; a call that throws past an allocation is a leak.
			env: { ...process.env, ASAN_OPTIONS: "detect_leaks=1", UBSAN_OPTIONS: "print_stacktrace=1" },
			timeout: seconds * 1000,
			killSignal: "SIGKILL",
		});
		let log = "";
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			log = (log + text).slice(-OUTPUT_MAX);
		});
		child.on("error", reject);
		child.on("close", (status) => resolve({ status, log }));
	});
}

function numberIn(log: string, pattern: RegExp): number {
	return Number([...log.matchAll(pattern)].at(-1)?.[1] ?? 0);
}

export async function runFuzzer(call: FuzzCall): Promise<FuzzEnd> {
	for (const folder of [call.artifacts, call.corpus[0]!]) mkdirSync(folder, { recursive: true });
	const started = performance.now();
	const { status, log } = await runLogged(
		call.binary,
		[
			`-seed=${call.seed}`,
			`-max_len=${call.maxBytes}`,
			`-max_total_time=${call.seconds}`,
			...(call.runs === undefined ? [] : [`-runs=${call.runs}`]),
			`-timeout=${INPUT_SECONDS}`,
			`-rss_limit_mb=${RESIDENT_MEGABYTES}`,
			`-artifact_prefix=${call.artifacts}/`,
			"-reload=0",
			...call.corpus,
		],
		call.seconds + GRACE_SECONDS,
	);
	const end = {
		runs: numberIn(log, /^#(\d+)\s/gm),
		edges: numberIn(log, /\bcov: (\d+)/g),
		features: numberIn(log, /\bft: (\d+)/g),
		corpus: numberIn(log, /\bcorp: (\d+)/g),
		seconds: (performance.now() - started) / 1000,
	};
	if (status === 0 && end.runs > 0) return end;
	const lines = log.split("\n");
	const told = lines.filter((line) => FINDING.test(line)).slice(0, FINDING_LINES);
	const artifact = /Test unit written to (\S+)/.exec(log)?.[1];
	return {
		...end,
		finding: told.length > 0 ? told : [`status ${status}`, ...lines.slice(-FINDING_LINES)],
		...(artifact === undefined ? {} : { artifact }),
	};
}
