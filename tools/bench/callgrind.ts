/** Instructions of a program's measured region, by valgrind's callgrind: repeatable, whatever else the machine does. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const RUN_MS = 300_000;

export interface CountOptions {
	/** Count the marked region only; else everything from start to end. */
	readonly region: boolean;
}

/** Instructions executed. Rejects when the program fails. */
export async function countInstructions(
	command: readonly [string, ...string[]],
	{ region }: CountOptions,
): Promise<number> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-callgrind-"));
	const out = join(dir, "out");
	try {
		const words = ["--tool=callgrind", `--callgrind-out-file=${out}`, ...command];
		if (region) words.splice(1, 0, "--collect-atstart=no");
		await run("valgrind", words, { timeout: RUN_MS, maxBuffer: 16 * 1024 * 1024 });
		return totalOf(readFileSync(out, "utf8"));
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

/** The sum over a callgrind file. */
export function totalOf(text: string): number {
	const match = /^(?:totals|summary): (\d+)/m.exec(text);
	if (match === null || Number(match[1]) === 0) throw new Error("callgrind counted nothing");
	return Number(match[1]);
}

/** Instructions in these functions and all that they call, by callgrind_annotate. */
export async function inclusiveOf(file: string, functions: readonly string[]): Promise<number> {
	const { stdout } = await run("callgrind_annotate", ["--inclusive=yes", "--threshold=100", file], {
		timeout: RUN_MS,
		maxBuffer: 64 * 1024 * 1024,
	});
	let sum = 0;
	for (const line of stdout.split("\n")) {
		const match = /^\s*([\d,]+)\s.*?\S+:([\w.']+)(?:\s|$)/.exec(line);
		if (match !== null && functions.includes(match[2]!.replace(/'\d+$/, "")))
			sum += Number(match[1]!.replaceAll(",", ""));
	}
	return sum;
}
