/** The harness about itself: every assertion can fail. */
import { accept, refuse } from "../../../modules/base/result.ts";
import { Random } from "../../harness/random.ts";
import { runSuites } from "../../harness/runner.ts";
import { check, type Suite, type SuiteFunction } from "../../harness/test.ts";

function fails(run: () => void): void {
	let failed = false;
	try {
		run();
	} catch {
		failed = true;
	}
	if (!failed) throw new Error("an assertion that had to fail passed");
}

async function linesOf(suite: SuiteFunction): Promise<string[]> {
	const lines: string[] = [];
	await runSuites([{ file: "x.test.ts", load: async () => suite }], {
		seed: 1,
		print: (line) => lines.push(line),
		crypto: () => check.fail("not used"),
		readVectors: () => undefined,
		after: () => () => {},
	});
	return lines;
}

export default function suite(t: Suite): void {
	t.test("each assertion passes what is right and fails what is wrong", () => {
		check.ok(1);
		fails(() => check.ok(0));
		check.equal(2, 2);
		fails(() => check.equal(2, 3));
		fails(() => check.equal(0, -0));
		check.notEqual(1, 2);
		fails(() => check.notEqual(2, 2));
		check.deepEqual(
			new Map([[1, [new Uint8Array([1]), { a: null }]]]),
			new Map([[1, [new Uint8Array([1]), { a: null }]]]),
		);
		fails(() => check.deepEqual(new Map([[1, 2]]), new Map([[1, 3]])));
		fails(() => check.deepEqual([1, 2], [1]));
		fails(() => check.deepEqual({ a: 1 }, { a: 1, b: undefined }));
		fails(() => check.deepEqual(new Uint8Array([1]), [1]));
		check.bytes(new Uint8Array([1, 0xab]), "01ab");
		fails(() => check.bytes(new Uint8Array([1, 0xab]), "01ac"));
		fails(() => check.bytes(undefined, ""));
		check.equal(check.accepted(accept(5)), 5);
		fails(() => check.accepted(refuse("stale")));
		check.refused(refuse("stale"), "stale");
		fails(() => check.refused(refuse("stale"), "busy" as "stale"));
		fails(() => check.refused(accept(1)));
		check.throws(() => {
			throw new TypeError("no such thing");
		}, "no such");
		fails(() => check.throws(() => 1));
		fails(() =>
			check.throws(() => {
				throw new TypeError("other");
			}, "no such"),
		);
		fails(() => check.fail("always"));
	});

	t.test("a rejected promise satisfies rejects, a fulfilled one does not", async () => {
		await check.rejects(Promise.reject(new Error("gone")), "gone");
		let failed = false;
		await check.rejects(Promise.resolve(1)).catch(() => {
			failed = true;
		});
		check.ok(failed);
	});

	t.test("the runner counts passes, failures and skips, and never a skip as a pass", async () => {
		const lines = await linesOf((inner) => {
			inner.test("passes", () => {});
			inner.test("passes later", async () => {});
			inner.test("fails", () => check.equal(1, 2));
			inner.test("fails later", async () => check.equal(1, 2));
			inner.test("has no vectors", ({ vectors }) => {
				vectors("nothing.json");
			});
		});
		check.deepEqual(
			lines.filter((line) => !line.startsWith("#")),
			[
				"ok - x.test.ts: passes",
				"ok - x.test.ts: passes later",
				"not ok - x.test.ts: fails",
				"not ok - x.test.ts: fails later",
				"skip - x.test.ts: has no vectors # no vector file nothing.json",
				"2 passed, 2 failed, 1 skipped",
			],
		);
	});

	t.test("a file without tests, or with two of one name, fails", async () => {
		const empty = await linesOf(() => {});
		check.equal(empty.at(-1), "0 passed, 1 failed");
		const twice = await linesOf((inner) => {
			inner.test("a", () => {});
			inner.test("a", () => {});
		});
		check.equal(twice.at(-1), "0 passed, 1 failed");
	});

	t.test("the seeded generator gives every engine the same sequence", () => {
		const random = new Random(7, "label");
		const drawn = [random.uint32(), random.uint32(), random.below(1000), random.between(5, 9)];
		check.deepEqual(drawn, [4210455293, 3682468332, 966, 5]);
	});
}
