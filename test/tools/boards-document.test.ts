/** Holds docs/BOARDS.md 7 to the boards of this checkout: the engine's block, its stack, and the sum of what lies beside it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { boardNames, readBoard } from "../../tools/boards/board-list.ts";
import { STACK_SLOTS } from "../../tools/boards/board-output.ts";
import { ROOT } from "../harness/files.ts";
import { check, type Suite } from "../harness/test.ts";

const SLOT_BYTES = 16;
const BLOCK_ROW = 1;
const DELTA_ROW = 5;
/** "| -48 | one TLS connection | ...", "| **-1** | left for ... |" */
const SUM_ROW = /^\| (\*\*)?(-?\d+)(?:\*\*)? \|/;

function heapSection(): string {
	const text = readFileSync(join(ROOT, "docs/BOARDS.md"), "utf8");
	return text.split(/^## /m).find((each) => each.startsWith("7. Heap")) ?? "";
}

/** Its groups, as numbers. */
function figures(pattern: RegExp): readonly number[] {
	const match = pattern.exec(heapSection());
	check.ok(match !== null, `docs/BOARDS.md 7 has no ${pattern}`);
	return match.slice(1).map(Number);
}

function heapKbOfAll(): number {
	const sizes = new Set(boardNames().map((name) => readBoard(name).heapKb));
	check.equal(sizes.size, 1, "docs/BOARDS.md 7 speaks of one block for all boards");
	return [...sizes][0]!;
}

interface Budget {
	readonly terms: readonly number[];
	readonly left: number;
}

function budget(): Budget {
	const rows = heapSection()
		.split("\n")
		.map((line) => SUM_ROW.exec(line))
		.filter((match) => match !== null)
		.map(([, isBold, figure]) => ({ isLeft: isBold !== undefined, figure: Number(figure) }));
	const left = rows.filter(({ isLeft }) => isLeft);
	check.equal(left.length, 1);
	return { terms: rows.filter(({ isLeft }) => !isLeft).map(({ figure }) => figure), left: left[0]!.figure };
}

export default function suite(t: Suite): void {
	t.test("docs/BOARDS.md 7 names the engine's block and its stack as the boards have them", () => {
		const [heapKb, stackKb, stackSlots] = figures(
			/`heapKb` is (\d+): [^.]*?, (\d+) KiB of it the stack \((\d+) slots\)/,
		);
		check.equal(heapKb, heapKbOfAll());
		check.equal(stackSlots, STACK_SLOTS);
		check.equal(stackKb, (STACK_SLOTS * SLOT_BYTES) / 1024);
	});

	t.test("docs/BOARDS.md 7 says how much the block has beyond the least in which the soak passed", () => {
		const [least, heapKb, more] = figures(/In (\d+) KiB both do; (\d+) leave (\d+) more\./);
		check.equal(heapKb, heapKbOfAll());
		check.equal(more, heapKb! - least!);
	});

	t.test("docs/BOARDS.md 7 takes the engine's block from what is free, and its sum is one", () => {
		const { terms, left } = budget();
		check.ok(terms.length >= 6, `${terms.length} rows`);
		check.equal(terms[BLOCK_ROW], -heapKbOfAll());
		check.equal(
			terms.reduce((sum, each) => sum + each, 0),
			left,
		);
	});

	t.test("docs/BOARDS.md 7 says of Wi-Fi what its sum leaves", () => {
		const [wifi, missing, leftWithout] = figures(
			/With Wi-Fi some (\d+) KB less[^.]*?: by this sum (\d+) KB are missing while a delta update runs, and (\d+) are left without one/,
		);
		const { terms, left } = budget();
		check.equal(missing, wifi! - left);
		check.equal(leftWithout, left - wifi! - terms[DELTA_ROW]!);
	});
}
