/**
 * Applies each fault of this folder alone to a copy of the tree, and demands that every test it names fails there, and
 * passes without it. A patch that no longer applies or does not build has failed: it proves nothing.
 *
 *   node build/js/test/faults/run.js [--only PART-OF-NAME] [--jobs 2] [--verbose]
 *
 * --verbose lists under each patch every other test that failed: for choosing what a new fault must name. Prints
 * `ok - <patch>` or `not ok - <patch>: why`, at the end `N passed, N failed`. Leaves nothing behind, also on Ctrl-C.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PATHS } from "../../tools/setup/paths.ts";
import { Commands } from "./command.ts";
import { type Fault, readFaults } from "./fault-file.ts";
import { killMarked } from "./processes.ts";
import { parseRun, type Run } from "./runners.ts";
import { MARK, type Outcomes, Tree } from "./tree.ts";

const JOBS_MAX = 8;
/** What runs in a tree has this long to end in good order when this run is told to stop. */
const STOP_MS = 3_000;
const FOLDER_PREFIX = "latchkey-faults-";

const { values } = parseArgs({
	options: {
		only: { type: "string" },
		jobs: { type: "string", default: "2" },
		verbose: { type: "boolean", default: false },
		/** Given by `npm run test:slow` to every part. */
		slow: { type: "boolean" },
	},
});
const jobs = Number(values.jobs);
if (!Number.isInteger(jobs) || jobs < 1 || jobs > JOBS_MAX) {
	process.stderr.write(`--jobs takes a number from 1 to ${JOBS_MAX}\n`);
	process.exit(2);
}

/** Copies that a killed run could not take away, and what still runs in them: their names hold its process id. */
function removeStaleFolders(): void {
	for (const name of readdirSync(tmpdir())) {
		const owner = name.startsWith(FOLDER_PREFIX) ? Number(name.slice(FOLDER_PREFIX.length).split("-")[0]) : 0;
		if (!Number.isInteger(owner) || owner <= 0) continue;
		try {
			process.kill(owner, 0);
		} catch {
			removeFolder(join(tmpdir(), name));
		}
	}
}

/** A folder with one tree each in "1", "2" ..., and what runs in them. */
function removeFolder(path: string): void {
	for (let number = 1; number <= JOBS_MAX; number++) killMarked(MARK, join(path, String(number)));
	rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

const commands = new Commands();
removeStaleFolders();
const folder = mkdtempSync(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
process.on("exit", () => removeFolder(folder));
for (const [signal, status] of [
	["SIGINT", 130],
	["SIGTERM", 143],
	["SIGHUP", 129],
] as const) {
	process.on(signal, () => {
		commands.stopAll();
		setTimeout(() => process.exit(status), STOP_MS);
		void commands.idle().then(() => process.exit(status));
	});
}

interface Job {
	readonly fault: Fault;
	readonly runs: readonly Run[];
}

const baselines = new Map<string, Outcomes | string>();
const trees: Tree[] = [];
let passed = 0;
let failed = 0;

function report(file: string, why: string | undefined): void {
	if (why === undefined) {
		passed++;
		process.stdout.write(`ok - ${file}\n`);
		return;
	}
	failed++;
	const [first, ...rest] = why.split("\n");
	process.stdout.write(`not ok - ${file}: ${first}\n`);
	for (const line of rest) process.stdout.write(`#   ${line}\n`);
}

function readJobs(): Job[] {
	const chosen: Job[] = [];
	for (const [file, fault] of readFaults(PATHS.root)) {
		if (values.only !== undefined && !file.includes(values.only)) continue;
		try {
			if (fault instanceof Error) throw fault;
			chosen.push({ fault, runs: fault.runs.map(parseRun) });
		} catch (error) {
			report(file, (error as Error).message);
		}
	}
	return chosen;
}

/** Every item once, in order, by as many workers as there are trees. */
async function share<Item>(
	items: readonly Item[],
	work: (item: Item, tree: Tree) => Promise<void>,
): Promise<void> {
	const queue = [...items];
	await Promise.all(
		trees.map(async (tree) => {
			for (let item = queue.shift(); item !== undefined && !commands.stopped; item = queue.shift())
				await work(item, tree);
		}),
	);
}

function keyOf(run: Run): string {
	return [run.name, ...run.words].join(" ");
}

function needsOf(runs: readonly Run[]): "typescript" | "all" {
	return runs.some(({ runner }) => runner.needs === "all") ? "all" : "typescript";
}

/** Why the fault proves nothing, from what happened with it and without it; undefined when it does. */
function judge(
	fault: Fault,
	runs: readonly Run[],
	outcomes: readonly (Outcomes | string)[],
): string | undefined {
	for (const name of fault.mustFail) {
		const before = runs.map((run) => baselines.get(keyOf(run))).filter((found) => typeof found === "object");
		const known = before.map((found) => found.get(name)).find((outcome) => outcome !== undefined);
		if (known === undefined) return `no run of it has the test "${name}"`;
		if (known !== "ok") return `without the fault the test does not pass: "${name}"`;
	}
	const broken = outcomes.find((found) => typeof found === "string");
	if (broken !== undefined) return broken;
	for (const name of fault.mustFail) {
		if (!outcomes.some((found) => typeof found === "object" && found.get(name) === "not ok")) {
			return `nobody noticed: this passed with the fault: "${name}"`;
		}
	}
	return undefined;
}

async function tryFault({ fault, runs }: Job, tree: Tree): Promise<void> {
	const started = performance.now();
	const outcomes: (Outcomes | string)[] = [];
	let why = await tree.apply(fault);
	if (why === undefined) {
		why = await tree.build(needsOf(runs));
		if (why === undefined) {
			for (const run of runs) outcomes.push(await tree.test(run));
			why = judge(fault, runs, outcomes);
		}
	}
	tree.restore();
	if (commands.stopped) return;
	report(fault.file, why);
	if (!values.verbose) return;
	for (const found of outcomes) {
		for (const [name, outcome] of typeof found === "object" ? found : []) {
			if (outcome === "not ok" && !fault.mustFail.includes(name)) process.stdout.write(`#   also: ${name}\n`);
		}
	}
	process.stdout.write(`#   ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Until the handler of the signal that stopped this run ends it. */
function forever(): Promise<never> {
	return new Promise(() => undefined);
}

const chosen = readJobs();
if (chosen.length > 0) {
	const count = Math.min(jobs, chosen.length);
	for (let number = 1; number <= count; number++) {
		mkdirSync(join(folder, String(number)));
		trees.push(new Tree(PATHS.root, join(folder, String(number)), commands));
	}
	const all = chosen.flatMap(({ runs }) => runs);
	const builds = await Promise.all(trees.map((tree) => tree.build(needsOf(all))));
	const broken = builds.find((why) => why !== undefined);
	if (commands.stopped) await forever();
	else if (broken !== undefined) report("the tree without any fault", broken);
	else {
		await share([...new Map(all.map((run) => [keyOf(run), run])).values()], async (run, tree) => {
			baselines.set(keyOf(run), await tree.test(run));
		});
		for (const [key, found] of baselines) {
			if (typeof found === "string") process.stdout.write(`# without any fault: ${key}: ${found}\n`);
		}
		await share(chosen, tryFault);
	}
}
if (commands.stopped) await forever();
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
