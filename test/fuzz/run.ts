/**
 * The short run of `npm test`: each C target goes a fixed number of runs from the kept corpus and the regressions, or as many
 * as SHORT_SECONDS allow on a busy machine (both numbers are printed), and then must find the fault that is planted in a copy of its source. Last line: N passed, N failed.
 *
 *   node build/js/test/fuzz/run.js [--seed N] [--only TARGET]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildPlanted, buildTargets, makefileTargets } from "./build.ts";
import {
	BUILD,
	CORPUS,
	CORPUS_BYTES_MAX,
	corpusFolders,
	type FuzzEnd,
	fileCount,
	folderBytes,
	REGRESSIONS,
	runFuzzer,
} from "./libfuzzer.ts";
import { findingOf, summaryOf } from "./report.ts";
import { FUZZ_TARGETS, type FuzzTarget } from "./targets.ts";

/** Bounds of one target on a slow machine, whatever its runs are. */
const SHORT_SECONDS = 6;
const PLANTED_SECONDS = 30;
const AT_ONCE = 2;

const { values } = parseArgs({
	options: { seed: { type: "string" }, only: { type: "string" }, slow: { type: "boolean" } },
});
const given = values.seed ?? process.env.LATCHKEY_SEED;
const seed = given === undefined ? 1 + Math.floor(Math.random() * 4294967294) : Number(given) >>> 0;
const scratch = mkdtempSync(join(tmpdir(), "latchkey-fuzz-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
let passed = 0;
let failed = 0;

function say(ok: boolean, name: string, notes: readonly string[]): void {
	if (ok) passed++;
	else failed++;
	const lines = [`${ok ? "ok" : "not ok"} - ${name}`, ...notes.map((note) => `#   ${note}`)];
	process.stdout.write(`${lines.join("\n")}\n`);
}

function fuzz(target: FuzzTarget, binary: string, seconds: number, artifacts: string): Promise<FuzzEnd> {
	return runFuzzer({
		binary,
		seed,
		maxBytes: target.maxBytes,
		runs: target.runs,
		seconds,
		corpus: [mkdtempSync(join(scratch, `${target.name}-`)), ...corpusFolders(target.name)],
		artifacts,
	});
}

async function runTarget(target: FuzzTarget): Promise<void> {
	const end = await fuzz(target, join(BUILD, target.name), SHORT_SECONDS, join(BUILD, "found"));
	const regressions = fileCount(join(REGRESSIONS, target.name));
	const kept = fileCount(join(CORPUS, target.name));
	const notes = [
		`${summaryOf(target.name, seed, end)}; ${target.runs} planned`,
		`${regressions} inputs of former faults`,
	];
	if (kept === 0) notes.push("no corpus is kept");
	say(
		end.finding === undefined && kept > 0,
		`fuzz ${target.name}: no input breaks it (I9, T15)`,
		end.finding === undefined ? notes : [...notes, ...findingOf(target.name, end)],
	);
}

async function runPlanted(target: FuzzTarget): Promise<void> {
	const name = `fuzz ${target.name}: a fault planted in ${target.planted.source} is found`;
	try {
		const end = await fuzz(target, await buildPlanted(target), PLANTED_SECONDS, scratch);
		// Breaking at all is not enough: it must be an expectation or a sanitizer that says so.
		const found = end.finding?.some((line) => /expected |ERROR: |runtime error/.test(line)) === true;
		say(found, name, found ? [] : [summaryOf(target.name, seed, end), ...(end.finding ?? [])]);
	} catch (error) {
		say(false, name, [error instanceof Error ? error.message : String(error)]);
	}
}

async function inTurn(jobs: (() => Promise<void>)[]): Promise<void> {
	const worker = async (): Promise<void> => {
		for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
	};
	await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

process.stdout.write(`# seed ${seed}\n`);
const known = await makefileTargets();
const missing = known.filter((name) => FUZZ_TARGETS.every((target) => target.name !== name));
say(missing.length === 0, "fuzz: every target of the Makefile is run", missing);
const bytes = folderBytes(CORPUS);
say(bytes > 0 && bytes <= CORPUS_BYTES_MAX, `fuzz: the kept corpus has at most ${CORPUS_BYTES_MAX} bytes`, [
	`${bytes}`,
]);
const chosen = FUZZ_TARGETS.filter(({ name }) => values.only === undefined || name === values.only);
await buildTargets(chosen.map(({ name }) => name));
await inTurn(chosen.flatMap((target) => [() => runTarget(target), () => runPlanted(target)]));
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && chosen.length > 0 ? 0 : 1;
