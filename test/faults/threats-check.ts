/**
 * Holds docs/THREATS.md and the faults to each other and to the tests, without running a fault: what either names
 * exists, and every patch still applies.
 *
 *   node build/js/test/faults/threats-check.js [--write]
 *
 * --write first brings the page's lists of faults up to date, and nothing else of it.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PATHS } from "../../tools/setup/paths.ts";
import { runSuites } from "../harness/runner.ts";
import { check, type Suite } from "../harness/test.ts";
import { FAULTS_FOLDER, type Fault, readFaults } from "./fault-file.ts";
import { parseRun } from "./runners.ts";
import { TestNames } from "./test-names.ts";
import { type PageSection, parseThreatsPage, withFaults } from "./threats-page.ts";

const PAGE = join(PATHS.root, "docs/THREATS.md");
const FAULTS_MIN = 2;
const APPLY_MS = 20_000;
const IDS = [
	...Array.from({ length: 20 }, (_, index) => `T${index + 1}`),
	...Array.from({ length: 10 }, (_, index) => `I${index + 1}`),
];

function faults(): readonly Fault[] {
	return [...readFaults(PATHS.root)].map(([file, fault]) => {
		if (fault instanceof Error) return check.fail(`${file} ${fault.message}`);
		return fault;
	});
}

function page(): readonly PageSection[] {
	return parseThreatsPage(readFileSync(PAGE, "utf8"));
}

/** Name and sentence of each fault that serves the id, as the page lists them. */
function listOf(id: string): [string, string][] {
	return faults()
		.filter(({ ids }) => ids.includes(id))
		.map(({ file, sentence }) => [file.slice(FAULTS_FOLDER.length + 1), sentence]);
}

/** "test/unit/a.test.ts: name", "test/contract: name", or a bare name of one of the fault's runners. */
function findsTest(names: TestNames, fault: Fault, test: string): boolean {
	const named = /^(test\/[^\s:]+): (.+)$/.exec(test);
	if (named !== null) return names.has(named[1]!, named[2]!);
	return fault.runs.some((run) => {
		const { name, runner } = parseRun(run);
		// Two runners may be one program: a sweep's tests are those of test/sweep.
		const program = /^build\/js\/(test\/\w+)\/run\.js$/.exec(runner.file);
		return names.has(program?.[1] ?? `test/${name}`, test);
	});
}

function suite(t: Suite): void {
	t.test("every fault says what it takes away, whom it serves, what runs and what must fail", () => {
		for (const fault of faults()) for (const run of fault.runs) parseRun(run);
		check.ok(faults().length > 0);
	});

	t.test("every fault still applies to the tree", () => {
		const broken: string[] = [];
		for (const { file } of faults()) {
			try {
				execFileSync("git", ["apply", "--check", file], {
					cwd: PATHS.root,
					timeout: APPLY_MS,
					stdio: "pipe",
				});
			} catch {
				broken.push(file);
			}
		}
		check.deepEqual(broken, []);
	});

	t.test("every test that a fault names is in the sources, and one that is not would be missed", () => {
		const names = new TestNames(PATHS.root);
		const missing = faults().flatMap((fault) =>
			fault.mustFail.filter((test) => !findsTest(names, fault, test)).map((test) => `${fault.file}: ${test}`),
		);
		check.deepEqual(missing, []);
		check.ok(!names.has("test/unit/access/delay.test.ts", "an act is always fresh"));
		check.ok(!names.has("test/unit/access/none.test.ts", "an act is always fresh"));
		// `relay listens, logs JSON lines and stops in good order at ${signal}` is a template there.
		const ending = "listens, logs JSON lines and stops in good order at";
		check.ok(names.has("test/tools", `relay ${ending} SIGTERM`));
		check.ok(!names.has("test/tools", `relay ${ending} any signal that nobody sends`));
		check.ok(!names.has("test/tools", `a lock that ${ending} SIGTERM`));
	});

	t.test("the page has one section for each threat and invariant, in their order", () => {
		check.deepEqual(
			page().map(({ id }) => id),
			IDS,
		);
	});

	t.test(
		"each threat and invariant of this version has two faults or more, and the page lists them all",
		() => {
			for (const { id, faults: listed, isLater } of page()) {
				const serving = listOf(id);
				if (isLater) {
					check.equal(listed.size, 0, `${id} is said not to be in this version`);
					continue;
				}
				check.ok(serving.length >= FAULTS_MIN, `${id} has ${serving.length} faults`);
				check.deepEqual([...listed], serving, `${id}: --write brings the page up to date`);
			}
		},
	);

	t.test("every file and test that the page names exists, and each section names some", () => {
		const names = new TestNames(PATHS.root);
		for (const { id, code, tests, isLater } of page()) {
			for (const file of code) check.ok(existsSync(join(PATHS.root, file)), `${id}: no file ${file}`);
			for (const { file, name } of tests)
				check.ok(names.has(file, name), `${id}: no test "${name}" in ${file}`);
			check.ok(isLater || (code.length > 0 && tests.length > 0), `${id} names no code or no test`);
		}
	});
}

const { values } = parseArgs({ options: { write: { type: "boolean" }, slow: { type: "boolean" } } });
if (values.write) {
	const text = readFileSync(PAGE, "utf8");
	writeFileSync(PAGE, withFaults(text, new Map(IDS.map((id) => [id, listOf(id)]))));
}

const totals = await runSuites([{ file: "test/faults/threats-check.ts", load: async () => suite }], {
	seed: 1,
	print: (line) => process.stdout.write(`${line}\n`),
	crypto: () => check.fail("no provider is needed here"),
	readVectors: () => undefined,
	after(delayMs, callback) {
		const timer = setTimeout(callback, delayMs);
		return () => clearTimeout(timer);
	},
});
process.exit(totals.failed === 0 ? 0 : 1);
