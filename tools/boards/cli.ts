/** `npm run build:<target>`, `flash`, `monitor`, `size`, `check:boards`, `check:sdk`: boards and their images (docs/BOARDS.md). */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { BoardFault } from "./board-fault.ts";
import { boardFor, boardNames, readBoard } from "./board-list.ts";
import { buildImage, flashBoard, monitorBoard, stampOf } from "./build.ts";
import { checkSdk } from "./check-sdk.ts";
import { CHIPS, type Chip } from "./chip-pins.ts";
import { byteCodeSizes, mapSizes, nativeSizes, sizeFlaws, sizeTable } from "./size.ts";
import { readBudget } from "./size-budget.ts";
import { checkPartitions, imageSettings } from "./target-folder.ts";

const USAGE = `usage:
  npm run build:${CHIPS.join("|build:")} -- [--board NAME] [--production] [--recovery]
  npm run flash -- --board NAME --port PORT [--production --burn]
  npm run monitor -- --board NAME --port PORT
  npm run size -- [--map FILE]
  npm run check:boards
  npm run check:sdk
`;

function chipOf(text: string | undefined): Chip {
	const chip = CHIPS.find((each) => each === text);
	if (chip === undefined) throw new BoardFault(USAGE);
	return chip;
}

function needed(value: string | undefined, option: string): string {
	if (value === undefined) throw new BoardFault(`${option} is missing\n${USAGE}`);
	return value;
}

/** Everything about boards that needs no SDK. */
function checkBoards(): void {
	for (const flashMb of [4, 8] as const) checkPartitions(flashMb);
	for (const name of boardNames()) {
		const board = readBoard(name);
		for (const kind of ["development", "production"] as const)
			imageSettings(board, stampOf("firmware"), kind);
		process.stdout.write(`ok - ${name}: ${board.summary}\n`);
	}
}

function showSizes(map: string | undefined): number {
	const native = nativeSizes();
	const byteCode = byteCodeSizes();
	process.stdout.write(sizeTable("C (rv32imc, -Os; the glue over ESP-IDF is not in it)", native));
	process.stdout.write(sizeTable("byte code of the modules", byteCode));
	if (map !== undefined) process.stdout.write(sizeTable(map, mapSizes(readFileSync(map, "utf8"))));
	const flaws = sizeFlaws(native, byteCode, readBudget());
	for (const flaw of flaws) process.stdout.write(`above the budget: ${flaw}\n`);
	return flaws.length === 0 ? 0 : 1;
}

function main(words: readonly string[]): number {
	const { values, positionals } = parseArgs({
		args: [...words],
		allowPositionals: true,
		options: {
			board: { type: "string" },
			port: { type: "string" },
			map: { type: "string" },
			production: { type: "boolean" },
			recovery: { type: "boolean" },
			burn: { type: "boolean" },
		},
	});
	const kind = values.production === true ? "production" : "development";
	switch (positionals[0]) {
		case "build": {
			const board = boardFor(chipOf(positionals[1]), values.board);
			buildImage({ board, kind, program: values.recovery === true ? "recovery" : "firmware" });
			return 0;
		}
		case "flash":
			flashBoard(
				readBoard(needed(values.board, "--board")),
				needed(values.port, "--port"),
				kind,
				values.burn === true,
			);
			return 0;
		case "monitor":
			monitorBoard(readBoard(needed(values.board, "--board")), needed(values.port, "--port"));
			return 0;
		case "size":
			return showSizes(values.map);
		case "check":
			checkBoards();
			return 0;
		case "check-sdk":
			return checkSdk(process.env);
		default:
			throw new BoardFault(USAGE);
	}
}

try {
	process.exitCode = main(process.argv.slice(2));
} catch (error) {
	if (!(error instanceof BoardFault) && !(error instanceof TypeError)) throw error;
	process.stderr.write(`${error.message}\n`);
	process.exitCode = error instanceof BoardFault ? 1 : 2;
}
