/**
 * The engine's memory of a board of this checkout, as words for the host binary: what boards/NAME.json and the image's own
 * settings say, so that the 32-bit build on Linux has no more of it than the chip.
 */
import { readBoard } from "../boards/board-list.ts";
import { STACK_SLOTS } from "../boards/board-output.ts";

export function heapWords(name: string): string[] {
	return ["--heap-kb", String(readBoard(name).heapKb), "--stack", String(STACK_SLOTS)];
}
