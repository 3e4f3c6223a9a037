/**
 * Runs suites in order and prints one line a test; runs on both engines. It knows no engine: what it needs is
 * in the Environment.
 *
 *   ok - <file>: <name>
 *   not ok - <file>: <name>          (the reason follows on lines that begin with "#   ")
 *   skip - <file>: <name> # <reason>
 *   # <file>: <a note of the test>
 *   N passed, N failed[, N skipped]
 */
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import { Random } from "./random.ts";
import { SkipTest, type SuiteFunction, type TestContext } from "./test.ts";

export interface Environment {
	readonly seed: number;
	/** 1 when absent. */
	readonly effort?: number;
	/** How long one test may take; 120,000 when absent. */
	readonly testMs?: number;
	print(line: string): void;
	/** The provider under test; throws when there is none. */
	crypto(): TestCrypto;
	/** A vector file's text by its path below the vectors' folder; undefined when it is absent. */
	readVectors(path: string): string | undefined;
	/** Calls back once after delayMs, unless cancelled by the returned function. */
	after(delayMs: number, callback: () => void): () => void;
}

export interface SuiteFile {
	/** The path of the source file, from the root of the repository. */
	readonly file: string;
	/** A thrown error means that the file cannot be loaded. */
	load(): Promise<SuiteFunction>;
}

export interface Totals {
	readonly passed: number;
	readonly failed: number;
	readonly skipped: number;
}

type Outcome = "passed" | "failed" | "skipped";
type TestBody = (context: TestContext) => void | Promise<void>;

const TEST_MS = 120000;

function reasonOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const headline = `${error.name}: ${error.message}`;
	const stack = error.stack ?? "";
	return stack.startsWith(headline) ? stack : `${headline}\n${stack}`;
}

/** Rejects when the body is not done in time. It cannot end it: what it still does goes on beside the tests behind it. */
export async function within(
	body: Promise<void>,
	testMs: number,
	after: Environment["after"],
): Promise<void> {
	let cancel = () => {};
	const late = new Promise<never>((_resolve, reject) => {
		cancel = after(testMs, () => reject(new Error(`not done after ${testMs} ms`)));
	});
	try {
		await Promise.race([body, late]);
	} finally {
		cancel();
	}
}

function contextFor(file: string, name: string, environment: Environment): TestContext {
	const skip = (reason: string): never => {
		throw new SkipTest(reason);
	};
	return {
		get crypto(): TestCrypto {
			return environment.crypto();
		},
		random: new Random(environment.seed, `${file}: ${name}`),
		effort: environment.effort ?? 1,
		vectors(path: string): unknown {
			const text = environment.readVectors(path);
			return text === undefined ? skip(`no vector file ${path}`) : JSON.parse(text);
		},
		skip,
		note: (line) => environment.print(`# ${file}: ${line}`),
	};
}

async function runTest(
	file: string,
	name: string,
	body: TestBody,
	environment: Environment,
): Promise<Outcome> {
	try {
		const pending = body(contextFor(file, name, environment));
		if (pending !== undefined) await within(pending, environment.testMs ?? TEST_MS, environment.after);
		environment.print(`ok - ${file}: ${name}`);
		return "passed";
	} catch (error) {
		if (error instanceof SkipTest) {
			environment.print(`skip - ${file}: ${name} # ${error.message}`);
			return "skipped";
		}
		environment.print(`not ok - ${file}: ${name}`);
		for (const line of reasonOf(error).split("\n").slice(0, 12)) environment.print(`#   ${line}`);
		return "failed";
	}
}

async function collect(entry: SuiteFile): Promise<Map<string, TestBody>> {
	const tests = new Map<string, TestBody>();
	const suite = await entry.load();
	if (typeof suite !== "function") throw new Error("the file exports no suite function as its default");
	suite({
		test(name, run) {
			if (tests.has(name)) throw new Error(`two tests are named "${name}"`);
			if (name.includes("\n")) throw new Error(`a test's name is one line: ${name}`);
			tests.set(name, run);
		},
	});
	if (tests.size === 0) throw new Error("the file has no tests");
	return tests;
}

export async function runSuites(files: readonly SuiteFile[], environment: Environment): Promise<Totals> {
	const totals = { passed: 0, failed: 0, skipped: 0 };
	environment.print(`# seed ${environment.seed}`);
	for (const entry of files) {
		let tests = new Map<string, TestBody>();
		try {
			tests = await collect(entry);
		} catch (error) {
			totals.failed++;
			environment.print(`not ok - ${entry.file}: (the file itself)`);
			for (const line of reasonOf(error).split("\n").slice(0, 12)) environment.print(`#   ${line}`);
		}
		for (const [name, body] of tests) totals[await runTest(entry.file, name, body, environment)]++;
	}
	environment.print(formatTotals(totals));
	return totals;
}

export function formatTotals(totals: Totals): string {
	const skips = totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
	return `${totals.passed} passed, ${totals.failed} failed${skips}`;
}
