/**
 * Delta updates between commits: their sizes beside the whole image and beside Debian's bsdiff, and what a board spends on one.
 *
 *   npm run bench -- delta [FROM TO]...
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATCH_RAM_BYTES } from "../../modules/update/patch.ts";
import { applyDelta, makeDelta } from "../update/delta.ts";
import { buildBoard, buildImage } from "./bench-build.ts";
import { changedLines, commitHash, imageOfCommit } from "./commit-image.ts";
import type { Figure } from "./figure.ts";

/** Of the whole image, in percent; and of bsdiff's patch. */
const GOAL_PERCENT = 15;
const GOAL_BSDIFF = 1.3;
const GOAL_RAM_KIB = 32;
const RUN_MS = 120_000;
const HEAP_KB = 16 * 1024;
const PROGRAM = "tools/bench/board/delta";

/** On main, with about 330 to 3,200 changed lines under modules/. */
const PAIRS: readonly (readonly [string, string])[] = Object.freeze([
	["e507c1c", "b8d17ab"],
	["b623bcf", "8512bf6"],
	["8512bf6", "a3580ab"],
	["3b956b7", "a3580ab"],
	["6277462", "a3580ab"],
] as const);

interface DeltaFiles {
	readonly source: Uint8Array;
	readonly result: Uint8Array;
	readonly patch: Uint8Array;
}

interface BoardCost {
	readonly ok: boolean;
	readonly turns: number;
	/** Byte codes of the longest turn, and of all. */
	readonly longest: number;
	readonly total: number;
	readonly ms: number;
}

function write(folder: string, { source, result, patch }: DeltaFiles): void {
	writeFileSync(join(folder, "source"), source);
	writeFileSync(join(folder, "result"), result);
	writeFileSync(join(folder, "patch"), patch);
}

function bsdiffBytes(folder: string): number {
	const files = ["source", "result", "bsdiff"].map((name) => join(folder, name));
	execFileSync("bsdiff", files, { timeout: RUN_MS });
	return statSync(files[2]!).size;
}

function runOnBoard(board: string, image: string, folder: string): BoardCost {
	const words = ["--image", image, "--main", PROGRAM, "--state", join(folder, "state")];
	words.push("--heap-kb", String(HEAP_KB), "--arg", `files=${folder}`);
	const text = execFileSync(board, words, { encoding: "utf8", timeout: RUN_MS });
	const cost = JSON.parse(text.trim().split("\n").at(-1)!) as BoardCost;
	if (!cost.ok) throw new Error(`the board did not make the image: ${text}`);
	return cost;
}

function measurePair(from: string, to: string, folder: string): { figures: Figure[]; files: DeltaFiles } {
	const source = imageOfCommit(from);
	const result = imageOfCommit(to);
	const patch = makeDelta(source, result);
	const decoded = applyDelta(source, patch, result.length);
	if (!decoded.ok || Buffer.compare(decoded.value, result) !== 0) throw new Error("the delta is wrong");
	const files = { source, result, patch };
	write(folder, files);
	const bsdiff = bsdiffBytes(folder);
	const name = `delta ${from.slice(0, 12)}..${to.slice(0, 12)}`;
	const figures = [
		{ name: `${name}, lines under modules/`, value: changedLines(from, to), unit: "lines" },
		{ name: `${name}, bytes (of ${result.length})`, value: patch.length, unit: "bytes" },
		{
			name: `${name}, of the image`,
			value: (100 * patch.length) / result.length,
			unit: "%",
			goal: GOAL_PERCENT,
		},
		{ name: `${name}, of bsdiff's ${bsdiff}`, value: patch.length / bsdiff, unit: "", goal: GOAL_BSDIFF },
	];
	return { figures, files };
}

export async function measureDelta(names: readonly string[]): Promise<readonly Figure[]> {
	if (names.length % 2 !== 0) throw new Error("commits come in pairs: FROM TO");
	const given = Array.from({ length: names.length / 2 }, (_, index) => [
		names[2 * index]!,
		names[2 * index + 1]!,
	]);
	const pairs = (given.length > 0 ? given : PAIRS).map(([from, to]) => [commitHash(from!), commitHash(to!)]);
	const metered = buildBoard("METER=1");
	const plain = buildBoard();
	const small = buildBoard("BITS=32");
	const image = buildImage("delta", ["hosts/linux/probe-host", PROGRAM]);
	const figures: Figure[] = [];
	for (const [from, to] of pairs) {
		const folder = mkdtempSync(join(tmpdir(), "latchkey-delta-"));
		try {
			const { figures: sizes, files } = measurePair(from!, to!, folder);
			const codes = runOnBoard(metered, image, folder);
			const pieces = files.result.length / 4096;
			runOnBoard(small, image, folder);
			figures.push(
				...sizes,
				{ name: "  byte codes for 4 KiB, mean", value: codes.total / pieces, unit: "byte codes" },
				{
					name: `  byte codes of the longest of ${codes.turns} turns`,
					value: codes.longest,
					unit: "byte codes",
				},
				{ name: "  time for 64 KiB", value: (16 * runOnBoard(plain, image, folder).ms) / pieces, unit: "ms" },
			);
		} finally {
			rmSync(folder, { recursive: true, force: true });
		}
	}
	figures.push({
		name: "RAM of the decoder, at most",
		value: PATCH_RAM_BYTES / 1024,
		unit: "KiB",
		goal: GOAL_RAM_KIB,
	});
	return figures;
}
