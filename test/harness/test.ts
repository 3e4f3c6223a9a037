/**
 * What a test file sees. A file `*.test.ts` under test/unit, test/vectors or test/property exports one function:
 *
 *   import { check, type Suite } from "../../harness/test.ts";
 *
 *   export default function suite(t: Suite): void {
 *     t.test("a frame that does not open is refused (T2)", ({ crypto, random }) => {
 *       check.refused(decodeFrame(random.bytes(20)), "unauthentic");
 *     });
 *   }
 *
 * The same file runs on Node and on XS, so it imports neither Node nor a host, and keeps no module-level state:
 * what it needs comes with the context. A test passes when its function returns (or its promise resolves) and
 * fails when it throws; `context.skip` ends it as a skip, which is never a pass.
 */
import { toHex } from "../../modules/base/bytes.ts";
import type { Refused, Result } from "../../modules/base/result.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import { describe, sameValue } from "./compare.ts";
import type { Random } from "./random.ts";

export interface Suite {
	/** Names are sentences, and unique in their file. */
	test(name: string, run: (context: TestContext) => void | Promise<void>): void;
}

export type SuiteFunction = (suite: Suite) => void;

/** The effort of a run with --slow. */
export const SLOW_EFFORT = 30;

export interface TestContext {
	/** @noble on Node, PSA through hosts/bindings on XS. */
	readonly crypto: TestCrypto;
	/** Seeded from the run's printed seed, the file and the test's name: the same on both engines. */
	readonly random: Random;
	/** How many times as long random tests go: 1, more with --slow. */
	readonly effort: number;
	/** A JSON file of the published vectors, by its path below their folder. Skips the test when it is absent. */
	vectors(path: string): unknown;
	/** Ends this test as skipped. */
	skip(reason: string): never;
	/** One line of report under the test's own ("# ..."): counts, figures. */
	note(line: string): void;
}

export class CheckFailure extends Error {
	/** Defined, not assigned: on a board Error.prototype is frozen. */
	override readonly name = "CheckFailure";
}

export class SkipTest extends Error {
	/** Defined, not assigned: on a board Error.prototype is frozen. */
	override readonly name = "SkipTest";
}

export interface Check {
	ok(condition: unknown, message?: string): asserts condition;
	/** Object.is. */
	equal<Value>(actual: Value, expected: Value, message?: string): void;
	notEqual(actual: unknown, unexpected: unknown, message?: string): void;
	/** Structure: arrays, maps, sets, byte strings, plain objects; numbers by Object.is. */
	deepEqual(actual: unknown, expected: unknown, message?: string): void;
	/** Byte strings; expected may be hexadecimal. */
	bytes(actual: Uint8Array | undefined, expected: Uint8Array | string, message?: string): void;
	/** The value of an accepted result; fails with its reason when it was refused. */
	accepted<Value>(result: Result<Value, string>, message?: string): Value;
	/** The result is a refusal, for this reason. Without a reason: for any. */
	refused<Reason extends string>(
		result: Result<unknown, Reason>,
		reason?: Reason,
		message?: string,
	): asserts result is Refused<Reason>;
	/** run throws; when given, the error's name, code or message contains `expected`. */
	throws(run: () => unknown, expected?: string): void;
	rejects(promise: Promise<unknown>, expected?: string): Promise<void>;
	fail(message: string): never;
}

function fail(message: string): never {
	throw new CheckFailure(message);
}

function prefix(message: string | undefined): string {
	return message === undefined ? "" : `${message}: `;
}

function checkError(error: unknown, expected: string | undefined): void {
	if (error instanceof CheckFailure || error instanceof SkipTest) throw error;
	if (expected === undefined) return;
	const { name, code, message } = error as { name?: unknown; code?: unknown; message?: unknown };
	const said = `${String(name)} ${String(code ?? "")} ${String(message)}`;
	if (!said.includes(expected)) fail(`threw "${said}", not ${expected}`);
}

export const check: Check = Object.freeze({
	ok(condition: unknown, message?: string): asserts condition {
		if (!condition) fail(message ?? `${describe(condition)} is not truthy`);
	},
	equal(actual: unknown, expected: unknown, message?: string): void {
		if (!Object.is(actual, expected)) {
			fail(`${prefix(message)}got ${describe(actual)}, expected ${describe(expected)}`);
		}
	},
	notEqual(actual: unknown, unexpected: unknown, message?: string): void {
		if (Object.is(actual, unexpected)) fail(`${prefix(message)}got ${describe(actual)}`);
	},
	deepEqual(actual: unknown, expected: unknown, message?: string): void {
		if (!sameValue(actual, expected)) {
			fail(`${prefix(message)}got ${describe(actual)}, expected ${describe(expected)}`);
		}
	},
	bytes(actual: Uint8Array | undefined, expected: Uint8Array | string, message?: string): void {
		if (!(actual instanceof Uint8Array)) fail(`${prefix(message)}${describe(actual)} is no byte string`);
		const want = typeof expected === "string" ? expected : toHex(expected);
		if (toHex(actual) !== want) fail(`${prefix(message)}got ${toHex(actual)}, expected ${want}`);
	},
	accepted<Value>(result: Result<Value, string>, message?: string): Value {
		if (!result.ok) fail(`${prefix(message)}refused: ${result.reason}`);
		return result.value;
	},
	refused<Reason extends string>(
		result: Result<unknown, Reason>,
		reason?: Reason,
		message?: string,
	): asserts result is Refused<Reason> {
		if (result.ok) fail(`${prefix(message)}accepted as ${describe(result.value)}`);
		if (reason !== undefined && result.reason !== reason) {
			fail(`${prefix(message)}refused for ${result.reason}, not for ${reason}`);
		}
	},
	throws(run: () => unknown, expected?: string): void {
		try {
			run();
		} catch (error) {
			checkError(error, expected);
			return;
		}
		fail("did not throw");
	},
	async rejects(promise: Promise<unknown>, expected?: string): Promise<void> {
		try {
			await promise;
		} catch (error) {
			checkError(error, expected);
			return;
		}
		fail("did not reject");
	},
	fail,
});
