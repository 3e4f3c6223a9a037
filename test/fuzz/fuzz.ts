/**
 * `npm run fuzz`: each C target for as long as it is told, from the kept corpus; what it learns is merged into the corpus,
 * as few inputs as reach the same. An input that breaks a target is kept under build/fuzz/found and said.
 *
 *   npm run fuzz [-- --target NAME] [--seconds N] [--seed N] [--no-keep]
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildTargets } from "./build.ts";
import { BUILD, CORPUS, corpusFolders, fileCount, runFuzzer, runLogged } from "./libfuzzer.ts";
import { findingOf, summaryOf } from "./report.ts";
import { seedsOf } from "./seeds.ts";
import { FUZZ_TARGETS, type FuzzTarget } from "./targets.ts";

const DEFAULT_SECONDS = 600;
const MERGE_SECONDS = 600;

const { values } = parseArgs({
	options: {
		target: { type: "string", multiple: true },
		seconds: { type: "string" },
		seed: { type: "string" },
		"no-keep": { type: "boolean" },
	},
});
const given = values.seed ?? process.env.LATCHKEY_SEED;
const seed = given === undefined ? 1 + Math.floor(Math.random() * 4294967294) : Number(given) >>> 0;
const seconds = values.seconds === undefined ? DEFAULT_SECONDS : Number(values.seconds);
const chosen = FUZZ_TARGETS.filter(({ name }) => values.target?.includes(name) ?? true);

function writeSeeds(target: string, folder: string): void {
	seedsOf(target).forEach((bytes, index) => {
		writeFileSync(join(folder, `seed-${index}`), bytes);
	});
}

/** The fewest inputs of `folders` that reach all that they reach, in the place of the kept corpus. */
async function keep(target: FuzzTarget, folders: readonly string[]): Promise<void> {
	const fresh = mkdtempSync(join(BUILD, `merged-${target.name}-`));
	const { status } = await runLogged(
		join(BUILD, target.name),
		["-merge=1", "-use_counters=0", `-max_len=${target.maxBytes}`, fresh, ...folders],
		MERGE_SECONDS,
	);
	const kept = join(CORPUS, target.name);
	if (status !== 0 || fileCount(fresh) === 0) {
		process.stdout.write(`${target.name}: the corpus could not be merged and stays as it was\n`);
		rmSync(fresh, { recursive: true });
		return;
	}
	const before = fileCount(kept);
	rmSync(kept, { recursive: true, force: true });
	mkdirSync(CORPUS, { recursive: true });
	renameSync(fresh, kept);
	process.stdout.write(`${target.name}: ${before} kept inputs became ${fileCount(kept)}\n`);
}

/** False when an input broke the target. */
async function fuzz(target: FuzzTarget): Promise<boolean> {
	const learnt = mkdtempSync(join(BUILD, `learnt-${target.name}-`));
	try {
		writeSeeds(target.name, learnt);
		const end = await runFuzzer({
			binary: join(BUILD, target.name),
			seed,
			maxBytes: target.maxBytes,
			seconds,
			corpus: [learnt, ...corpusFolders(target.name)],
			artifacts: join(BUILD, "found"),
		});
		process.stdout.write(`${summaryOf(target.name, seed, end)}\n`);
		if (end.finding !== undefined) {
			for (const line of findingOf(target.name, end)) process.stdout.write(`  ${line}\n`);
			return false;
		}
		if (!values["no-keep"]) await keep(target, [...corpusFolders(target.name), learnt]);
		return true;
	} finally {
		if (existsSync(learnt)) rmSync(learnt, { recursive: true });
	}
}

async function main(): Promise<number> {
	if (chosen.length === 0 || !(seconds > 0)) {
		const names = FUZZ_TARGETS.map(({ name }) => name).join(", ");
		process.stderr.write(
			`usage: npm run fuzz [-- --target NAME] [--seconds N] [--seed N]; targets: ${names}\n`,
		);
		return 2;
	}
	await buildTargets(chosen.map(({ name }) => name));
	let sound = true;
	for (const target of chosen) sound = (await fuzz(target)) && sound;
	return sound ? 0 : 1;
}

process.exitCode = await main();
