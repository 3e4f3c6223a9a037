import { engineDifferences } from "../../harness/engine-differences.ts";
import { ENGINE_EXCEPTIONS } from "../../harness/engine-exceptions.ts";
import { check, type Suite } from "../../harness/test.ts";

const NAMES = Object.freeze(Array.from({ length: 40 }, (_, index) => `a.test.ts: number ${index}`));

export default function suite(t: Suite): void {
	t.test("two engines that ran the same tests do not differ", () => {
		check.deepEqual(engineDifferences(NAMES, NAMES, []), { lines: [], tests: 40, excepted: 0 });
	});

	t.test("a test that one engine lacks is found, on either side", () => {
		check.deepEqual(engineDifferences(NAMES, NAMES.slice(1), []).lines, [
			"only on node: a.test.ts: number 0",
		]);
		check.deepEqual(engineDifferences(NAMES.slice(1), NAMES, []).lines, ["only on xs: a.test.ts: number 0"]);
		check.equal(engineDifferences([], [], []).lines.length, 1);
	});

	t.test("a listed exception excuses its file, up to 5 % of all tests", () => {
		const exceptions = [{ file: "b.test.ts", only: "node", reason: "opens a socket" }] as const;
		const two = [...NAMES, "b.test.ts: one", "b.test.ts: two"];
		check.deepEqual(engineDifferences(two, NAMES, exceptions), { lines: [], tests: 42, excepted: 2 });
		check.equal(engineDifferences([...two, "b.test.ts: three"], NAMES, exceptions).lines.length, 1);
	});

	t.test("every exception of this repository has a reason", () => {
		for (const { file, reason } of ENGINE_EXCEPTIONS) check.ok(reason.length > 10, file);
	});
}
