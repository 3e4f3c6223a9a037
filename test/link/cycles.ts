/**
 * What failing costs: a link that fails at every stage in turn, thousands of times, holds afterwards what it held
 * before (I8, I10). Measured on the engine with the real TLS and real servers, after a full collection each time.
 */
import { expect, same } from "../ws/cases.ts";
import { type BoardEnd, type Gauge, runBoard } from "./board.ts";
import type { LinkCase } from "./cases.ts";
import { STAGES } from "./stages.ts";

/** What may be more between two measurements. */
const ALLOWED: Readonly<Record<keyof Gauge | "heap", number>> = Object.freeze({
	descriptors: 0,
	slots: 1024,
	chunks: 1024,
	heap: 1024,
	malloc: 4096,
	keys: 0,
});

function show({ descriptors, slots, chunks, malloc, keys }: Gauge): string {
	return `${descriptors} descriptors, ${slots} B slots, ${chunks} B chunks, ${malloc} B malloc, ${keys} keys`;
}

/** What is more at the last measurement than is allowed. */
function grown(first: Gauge, last: Gauge): string[] {
	const heap = (gauge: Gauge): number => gauge.slots + gauge.chunks;
	const growths = {
		descriptors: last.descriptors - first.descriptors,
		heap: heap(last) - heap(first),
		malloc: last.malloc - first.malloc,
		keys: last.keys - first.keys,
	};
	return Object.entries(growths).flatMap(([what, more]) =>
		more > ALLOWED[what as keyof typeof growths] ? [`${what} grew by ${more}`] : [],
	);
}

/** Every stage failed as often as its turn came, and mostly as it must: a loaded machine may be late. */
function failedAsMeant(end: BoardEnd, cycles: number): void {
	same(end.done, cycles, "cycles");
	for (const { name, expected } of STAGES) {
		const rows = [...end.counts].filter(([what]) => what.startsWith(`${name} `));
		const all = rows.reduce((sum, [, count]) => sum + count, 0);
		const right = rows.reduce(
			(sum, [what, count]) => sum + (expected.test(what.split(" ")[1]!) ? count : 0),
			0,
		);
		const shown = rows.map(([what, count]) => `${what} ${count}`).join(", ");
		expect(all >= Math.floor(cycles / STAGES.length), `${name}: ${all} times (${shown})`);
		expect(right >= all * 0.75, `${name} was to be ${expected}: ${shown}`);
	}
}

async function run(cycles: number, marks: readonly number[], leak?: string): Promise<BoardEnd> {
	const end = await runBoard({
		stages: STAGES,
		cycles,
		marks,
		limitMs: 60_000 + cycles * 300,
		...(leak === undefined ? {} : { leak }),
	});
	same(end.status, 0, `status (${end.output})`);
	same(end.gauges.length, marks.length + 1, "measurements");
	failedAsMeant(end, cycles);
	return end;
}

function cyclesCase(name: string, cycles: number, marks: readonly number[], slow?: true): LinkCase {
	return {
		name,
		...(slow === undefined ? {} : { slow }),
		run: async () => {
			const end = await run(cycles, marks);
			[...marks, cycles].forEach((mark, index) => {
				process.stdout.write(`# after ${mark} failures: ${show(end.gauges[index]!)}\n`);
			});
			const rare = [...end.counts].filter(
				([what]) =>
					!STAGES.some(
						({ name, expected }) => what.startsWith(`${name} `) && expected.test(what.split(" ")[1]!),
					),
			);
			process.stdout.write(
				`# otherwise than meant: ${rare.map(([what, count]) => `${what} ${count}`).join(", ") || "none"}\n`,
			);
			process.stdout.write(
				`# ${cycles} failures at ${STAGES.length} stages in ${(end.ms / 1000).toFixed(1)} s, ${end.ready} times ready\n`,
			);
			same(grown(end.gauges[0]!, end.gauges.at(-1)!).join(), "", "what grew");
		},
	};
}

/** More failures than stages twice over, with one thing lost at each. */
function leakCase(leak: string, what: string): LinkCase {
	return {
		name: `a leak of one ${leak} a failure is seen`,
		run: async () => {
			const end = await run(3 * STAGES.length, [2 * STAGES.length], leak);
			const found = grown(end.gauges[0]!, end.gauges[1]!);
			process.stdout.write(`# with a leak of ${leak}: ${found.join(", ")}\n`);
			expect(
				found.some((line) => line.startsWith(what)),
				`not seen: ${show(end.gauges[0]!)}, then ${show(end.gauges[1]!)}`,
			);
		},
	};
}

export const CYCLE_CASES: readonly LinkCase[] = [
	cyclesCase("500 failures at every stage in turn leave nothing behind (T16, I8, I10)", 500, [100, 300]),
	cyclesCase(
		"10,000 failures at every stage in turn leave nothing behind (T16, I8, I10)",
		10_000,
		[1_000, 3_000, 5_000, 7_000, 9_000],
		true,
	),
	leakCase("descriptor", "descriptors"),
	leakCase("malloc", "malloc"),
	leakCase("heap", "heap"),
	leakCase("keys", "keys"),
];
