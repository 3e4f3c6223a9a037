/**
 * Lives of a board that misbehaves while an output is energised: it hangs, uses up its memory, or throws. Each is the real firmware with
 * tools/bench/board/pulse.ts beside it; what counts is what a watcher of the pins was told before the board was gone.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GO_PIN, PULSE_PIN, PULSE_READY, pulseWords } from "../../tools/bench/cut-timer.ts";
import { Board } from "./board.ts";
import { Watcher } from "./watcher.ts";

export type Misbehaviour = "hang" | "memory" | "exception";

export interface CutLife {
	/** From the rise of the output to its end; undefined: nobody saw it end. */
	readonly energisedUs: number | undefined;
	/** How the board ended; null: it hung until it was killed. */
	readonly status: number | null;
}

/** So long an output is energised at most. */
export const LIFE_PULSE_MS = 40;
/** Of memory that is quickly used up; the firmware needs a quarter of it. */
const HEAP_KB = 256;
/** What the native timer may be late by on a machine that has other work. */
export const CUT_LATE_US = 5_000;

/** What a board must end with. */
export const LIFE_STATUS: Readonly<Record<Misbehaviour, number | null>> = Object.freeze({
	hang: null,
	memory: 65,
	exception: 69,
});

export async function cutLife(image: string, after: Misbehaviour): Promise<CutLife> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-life-"));
	const pins = join(dir, "pins");
	const board = new Board({
		image,
		state: join(dir, "state"),
		words: ["--pins", pins, "--heap-kb", String(HEAP_KB), ...pulseWords(LIFE_PULSE_MS, after)],
	});
	try {
		const watcher = await Watcher.connect(pins);
		await board.until(({ stdout, stderr }) => (stdout + stderr).includes(PULSE_READY));
		watcher.send(`set ${GO_PIN} 1\n`);
		const isOver = (): boolean => watcher.closed || watcher.of(PULSE_PIN).at(-1)?.level === 0;
		await watcher.until(() => watcher.of(PULSE_PIN).some(({ level }) => level === 1));
		await watcher.until(isOver);
		const end = after === "hang" ? await board.stop("SIGKILL") : await board.end();
		await watcher.until(() => watcher.closed);
		const rose = watcher.of(PULSE_PIN).find(({ level }) => level === 1)!;
		const last = watcher.of(PULSE_PIN).at(-1)!;
		return { energisedUs: last.level === 0 ? last.atUs - rose.atUs : undefined, status: end.status };
	} finally {
		if (board.child.exitCode === null && board.child.signalCode === null) await board.stop("SIGKILL");
		rmSync(dir, { recursive: true, force: true });
	}
}

/** Cut by its deadline, and ended as such a board ends. */
export function isCut({ energisedUs, status }: CutLife, after: Misbehaviour): boolean {
	const longestUs = LIFE_PULSE_MS * 1_000 + CUT_LATE_US;
	return energisedUs !== undefined && energisedUs <= longestUs && status === LIFE_STATUS[after];
}
