/** The boards of this checkout, read and judged. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../setup/paths.ts";
import { BoardFault } from "./board-fault.ts";
import { type Board, decodeBoard } from "./board-file.ts";
import type { Chip } from "./chip-pins.ts";
import { pinFlaws } from "./pin-check.ts";

export const BOARDS_FOLDER = join(PATHS.root, "boards");

export function boardNames(): string[] {
	return readdirSync(BOARDS_FOLDER)
		.filter((file) => file.endsWith(".json"))
		.map((file) => file.slice(0, -".json".length))
		.sort();
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** Every flaw of a board's text; `name`: of its file. */
export function boardFlaws(text: string, name: string): readonly string[] {
	const board = decodeBoard(parse(text));
	if (!board.ok) return board.flaws;
	const flaws = pinFlaws(board.value);
	return board.value.name === name ? flaws : [`name must be "${name}", as the file's`, ...flaws];
}

/** Throws BoardFault with every flaw. */
export function readBoard(name: string): Board {
	const path = join(BOARDS_FOLDER, `${name}.json`);
	if (!boardNames().includes(name))
		throw new BoardFault(`there is no boards/${name}.json; there are: ${boardNames().join(", ")}`);
	const text = readFileSync(path, "utf8");
	const flaws = boardFlaws(text, name);
	if (flaws.length > 0) throw new BoardFault(flaws.map((flaw) => `boards/${name}.json: ${flaw}`).join("\n"));
	const board = decodeBoard(parse(text));
	if (!board.ok) throw new BoardFault(`boards/${name}.json: ${board.flaws.join("; ")}`);
	return board.value;
}

/** The board of `--board`, or the chip's development kit. */
export function boardFor(chip: Chip, name: string | undefined): Board {
	const board = readBoard(name ?? `${chip}-devkit`);
	if (board.chip !== chip)
		throw new BoardFault(`boards/${board.name}.json is a board of ${board.chip}, not of ${chip}`);
	return board;
}
