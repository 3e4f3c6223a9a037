/** Tests that run side by side: each runs once, and what they print comes in one piece and in order. */

import { shardOf } from "../../harness/shard.ts";
import { check, type Suite } from "../../harness/test.ts";
import { OrderedOutput, sideBySide } from "../../ordered-output.ts";

export default function suite(t: Suite): void {
	t.test("the shards of any items together have each item once", ({ random }) => {
		for (let round = 0; round < 50; round++) {
			const items = Array.from({ length: random.below(40) }, (_, index) => index);
			const count = random.between(1, 9);
			const all = Array.from({ length: count }, (_, index) => shardOf(items, `${index}/${count}`)).flat();
			check.deepEqual(
				all.sort((a, b) => a - b),
				items,
			);
		}
		check.deepEqual(shardOf([1, 2], undefined), [1, 2]);
	});

	t.test("a shard that does not exist is a mistake, not an empty run", () => {
		for (const text of ["2/2", "0/0", "1", "-1/2", "0/2x", ""])
			check.throws(() => shardOf([1], text), "no shard");
	});

	t.test("the first that runs is seen at once, the others in their order when it has ended", () => {
		let seen = "";
		const output = new OrderedOutput((text) => {
			seen += text;
		}, 3);
		output.write(1, "b1\n");
		output.write(0, "a1\n");
		output.write(2, "c1\n");
		output.end(2);
		check.equal(seen, "a1\n");
		output.write(1, "b2\n");
		output.end(0);
		check.equal(seen, "a1\nb1\nb2\n");
		output.write(1, "b3\n");
		check.equal(seen, "a1\nb1\nb2\nb3\n");
		output.end(1);
		check.equal(seen, "a1\nb1\nb2\nb3\nc1\n");
	});

	t.test("what waits for its turn is bounded, and says that something is missing", () => {
		let seen = "";
		const output = new OrderedOutput((text) => {
			seen += text;
		}, 2);
		for (let count = 0; count < 100; count++) output.write(1, "x".repeat(100_000));
		output.end(0);
		check.ok(
			seen.length <= 4_200_000 && seen.endsWith("# more was printed than is kept\n"),
			`${seen.length}`,
		);
	});

	t.test(
		"no more run at once than may, each runs once, and results keep the order of the items",
		async () => {
			let now = 0;
			let most = 0;
			const begun: number[] = [];
			const results = await sideBySide([3, 1, 2, 0, 5], 2, async (turns, index) => {
				begun.push(index);
				most = Math.max(most, ++now);
				for (let turn = 0; turn < turns; turn++) await Promise.resolve();
				now--;
				return turns * 10;
			});
			check.deepEqual(results, [30, 10, 20, 0, 50]);
			check.deepEqual(begun, [0, 1, 2, 3, 4]);
			check.equal(most, 2);
		},
	);
}
