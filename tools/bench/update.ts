/**
 * An image of 4 MiB from its first piece until it is read back, beside a plain C program that does the same to a file: sectors of 4 KiB
 * erased, synced, hashed, written, synced, chunks compared, all of it read and hashed once more. Both on memory (/dev/shm),
 * with the same library.
 */
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../modules/base/limits.ts";
import { buildBaseline, buildBoard, buildImage } from "./bench-build.ts";
import { countInstructions } from "./callgrind.ts";
import type { Figure } from "./figure.ts";

const MEMORY = "/dev/shm";
const RUNS = 9;
const RUN_MS = 120_000;
const SLOT_KB = LIMITS.imageBytes / 1024;
const MIB = LIMITS.imageBytes / 2 ** 20;
/** Piece i of chunk c is the base from (c + i) steps on: a board with a small heap has an image of 64 different chunks. */
const STEP_BYTES = 832;
const CHUNK_PIECES = LIMITS.chunkBytes / LIMITS.objectPieceBytes;
const PROGRAM = "tools/bench/board/update";
/** 0.8 of the plain program's rate. */
const GOAL_TIME = 1.25;
const GOAL_INSTRUCTIONS = 1.25;

type Command = readonly [string, ...string[]];

export async function measureUpdate(): Promise<readonly Figure[]> {
	const board = buildBoard("BENCH=1");
	const image = buildImage("update", ["hosts/linux/probe-host", PROGRAM]);
	const baseline = buildBaseline("update-writer");
	const folder = mkdtempSync(join(MEMORY, "latchkey-bench-"));
	try {
		writeFiles(folder);
		const own: Command = [
			...([board, "--image", image, "--flash", "--main", PROGRAM, "--slot-kb", String(SLOT_KB)] as const),
			...["--state", join(folder, "state"), "--watchdog-ms", "0", "--arg", `files=${folder}`],
		];
		const plain: Command = [baseline, join(folder, "plain"), folder];
		const ownMs: number[] = [];
		const plainMs: number[] = [];
		for (let run = 0; run < RUNS; run++) {
			clear(folder);
			ownMs.push(boardMs(own));
			plainMs.push(
				Number(execFileSync(plain[0], plain.slice(1), { encoding: "utf8", timeout: RUN_MS })) / 1e6,
			);
		}
		clear(folder);
		const ownCount = await countInstructions(own, { region: true });
		const plainCount = await countInstructions(plain, { region: true });
		const ratio = median(ownMs) / median(plainMs);
		return [
			{ name: "4 MiB written and verified by the board", value: (MIB * 1000) / median(ownMs), unit: "MiB/s" },
			{ name: "4 MiB written and verified in plain C", value: (MIB * 1000) / median(plainMs), unit: "MiB/s" },
			{ name: "  time, ratio of the medians", value: ratio, unit: "", goal: GOAL_TIME },
			{ name: "  the board", value: ownCount / 1e6, unit: "million instructions" },
			{ name: "  plain C", value: plainCount / 1e6, unit: "million instructions" },
			{ name: "  instructions, ratio", value: ownCount / plainCount, unit: "", goal: GOAL_INSTRUCTIONS },
		];
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** Before each run nothing of the image is there. */
function clear(folder: string): void {
	rmSync(join(folder, "state"), { recursive: true, force: true });
	writeFileSync(join(folder, "plain"), new Uint8Array(LIMITS.imageBytes).fill(0xff));
}

function writeFiles(folder: string): void {
	const { imageChunks, objectPieceBytes } = LIMITS;
	const base = randomBytes(objectPieceBytes + (imageChunks + CHUNK_PIECES - 2) * STEP_BYTES);
	const whole = createHash("sha256");
	const chunks: Uint8Array[] = [];
	for (let chunk = 0; chunk < imageChunks; chunk++) {
		const digest = createHash("sha256");
		for (let piece = 0; piece < CHUNK_PIECES; piece++) {
			const at = (chunk + piece) * STEP_BYTES;
			const bytes = base.subarray(at, at + objectPieceBytes);
			whole.update(bytes);
			digest.update(bytes);
		}
		chunks.push(digest.digest());
	}
	writeFileSync(join(folder, "base"), base);
	writeFileSync(join(folder, "chunks"), Buffer.concat(chunks));
	writeFileSync(join(folder, "digest"), whole.digest());
}

function boardMs([program, ...words]: Command): number {
	const text = execFileSync(program, words, { encoding: "utf8", timeout: RUN_MS });
	const result = JSON.parse(text.trim().split("\n").at(-1)!) as { ok: boolean; ms: number; pieces: number };
	if (!result.ok || result.pieces !== LIMITS.imageBytes / LIMITS.objectPieceBytes)
		throw new Error(`the board did not write the image: ${text}`);
	return result.ms;
}

function median(values: readonly number[]): number {
	return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
