/**
 * Lives of a board that misbehaves while an output is energised: it hangs, uses up its memory, or throws. Each is the real firmware with
 * tools/bench/board/pulse.ts beside it; what counts is what a watcher of the pins was told before the board was gone.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PULSE_PIN, PULSE_READY, pulseWords, timePulses } from "../../tools/bench/cut-timer.ts";
import { Board } from "./board.ts";
import { Watcher } from "./watcher.ts";

export type Misbehaviour = "hang" | "memory" | "exception";

export interface CutLife {
	/** From the rise of the output to its end; undefined: nobody saw it end. */
	readonly energisedUs: number | undefined;
	/** How late plain timers of another program were in this life, at the same instant; undefined: it saw no pulse. */
	readonly plainUs: number | undefined;
	/** How the board ended; null: it hung until it was killed. */
	readonly status: number | null;
}

/** So long an output is energised at most. */
export const LIFE_PULSE_MS = 40;
/** Of memory that is quickly used up; the firmware needs a quarter of it. */
const HEAP_KB = 256;
/** What the native timer may be late by, and what it may add to plain timers where the machine lets those wait longer. */
const CUT_LATE_US = 5_000;
const ADDED_US = 2_000;
/** One alone may be lucky when the board's is not. */
const PLAIN_TIMERS = 4;
const PLAIN_LIMIT_MS = 30_000;

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
		// It makes the pulse begin.
		const plain = timePulses({
			socket: pins,
			pulseMs: LIFE_PULSE_MS,
			gapMs: 1,
			count: 1,
			timers: PLAIN_TIMERS,
			limitMs: PLAIN_LIMIT_MS,
		}).catch(() => []);
		const isOver = (): boolean => watcher.closed || watcher.of(PULSE_PIN).at(-1)?.level === 0;
		await watcher.until(() => watcher.of(PULSE_PIN).some(({ level }) => level === 1));
		await watcher.until(isOver);
		const end = after === "hang" ? await board.stop("SIGKILL") : await board.end();
		await watcher.until(() => watcher.closed);
		const rose = watcher.of(PULSE_PIN).find(({ level }) => level === 1)!;
		const last = watcher.of(PULSE_PIN).at(-1)!;
		const energisedUs = last.level === 0 ? last.atUs - rose.atUs : undefined;
		return { energisedUs, plainUs: (await plain)[0]?.plainUs, status: end.status };
	} finally {
		if (board.child.exitCode === null && board.child.signalCode === null) await board.stop("SIGKILL");
		rmSync(dir, { recursive: true, force: true });
	}
}

/** Cut by its deadline, and ended as such a board ends. */
export function isCut({ energisedUs, plainUs = 0, status }: CutLife, after: Misbehaviour): boolean {
	const lateUs = Math.max(CUT_LATE_US, plainUs + ADDED_US);
	const longestUs = LIFE_PULSE_MS * 1_000 + lateUs;
	return energisedUs !== undefined && energisedUs <= longestUs && status === LIFE_STATUS[after];
}
