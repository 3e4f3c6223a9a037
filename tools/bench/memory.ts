/** RAM of the lock with its link and one session open, on 16-byte slots as an ESP32 has them; malloc beside it. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { buildBoard } from "./bench-build.ts";
import { boardReport, openBenchHouse } from "./board-house.ts";
import type { Figure } from "./figure.ts";

const GOAL_KB = 96;

/** Slots, chunks and the deepest stack of the cloned machine after a full collection, in bytes. */
async function measureHeap(binary: string, words: readonly string[]): Promise<number> {
	const bench = await openBenchHouse({ binary, boardWords: ["--report-heap", ...words] });
	try {
		const phone = await bench.house.phone();
		await phone.unlock();
		const report = await boardReport(bench, "heap");
		return report.get("slots")! + report.get("chunks")! + report.get("stack-peak")!;
	} finally {
		await bench.close();
	}
}

export async function measureMemory(): Promise<Figure[]> {
	const binary = buildBoard("BITS=32");
	const preloaded = await measureHeap(binary, []);
	const plain = await measureHeap(binary, ["--plain", "--heap-kb", "4096"]);
	return [
		{ name: "heap, link and one session, 32-bit", value: preloaded / 1024, unit: "KiB", goal: GOAL_KB },
		{ name: "the same with nothing preloaded", value: plain / 1024, unit: "KiB" },
		{ name: "malloc peak (64-bit, besides the heap)", value: (await mallocPeak()) / 1024, unit: "KiB" },
	];
}

async function mallocPeak(): Promise<number> {
	const bench = await openBenchHouse({
		binary: buildBoard(),
		wrap: ["valgrind", "--tool=massif", "--massif-out-file=$(dirname $0)/massif.%p"],
	});
	try {
		await (await bench.house.phone()).unlock();
		await bench.house.stopBoard();
		const name = readdirSync(bench.dir).find((file) => file.startsWith("massif."));
		if (name === undefined) throw new Error("massif wrote nothing");
		const text = execFileSync("cat", [join(bench.dir, name)], {
			encoding: "utf8",
			maxBuffer: 64 * 1024 * 1024,
		});
		return [...text.matchAll(/^mem_heap_B=(\d+)/gm)].reduce(
			(peak, [, bytes]) => Math.max(peak, Number(bytes)),
			0,
		);
	} finally {
		await bench.close();
	}
}
