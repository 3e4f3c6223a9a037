/** The budget of flash and RAM (docs/BOARDS.md 6): size-budget.json beside the partition tables. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../setup/paths.ts";
import { BoardFault } from "./board-fault.ts";

export interface SizeBudget {
	/** Of an image with everything: what a slot must hold. */
	readonly imageBytes: number;
	/** Of what can be built without an SDK: code and constants of the C, on rv32imc with -Os. */
	readonly nativeFlashBytes: number;
	/** Static RAM of that C. */
	readonly nativeRamBytes: number;
	/** Byte code of the preloaded modules. */
	readonly byteCodeBytes: number;
	/** Of one file each; what is not named has the default. */
	readonly files: Readonly<Record<string, number>>;
	readonly fileBytes: number;
}

const NUMBERS = ["imageBytes", "nativeFlashBytes", "nativeRamBytes", "byteCodeBytes", "fileBytes"] as const;

/** Undefined for anything but a budget; never throws. */
export function decodeBudget(value: unknown): SizeBudget | undefined {
	if (typeof value !== "object" || value === null) return undefined;
	const fields = value as Readonly<Record<string, unknown>>;
	const isCount = (count: unknown): boolean => Number.isInteger(count) && (count as number) > 0;
	if (!NUMBERS.every((name) => isCount(fields[name]))) return undefined;
	const { files } = fields;
	if (typeof files !== "object" || files === null || Array.isArray(files)) return undefined;
	if (!Object.values(files).every(isCount)) return undefined;
	return value as SizeBudget;
}

export function readBudget(): SizeBudget {
	const path = join(PATHS.root, "size-budget.json");
	let value: unknown;
	try {
		value = JSON.parse(readFileSync(path, "utf8"));
	} catch {
		value = undefined;
	}
	const budget = decodeBudget(value);
	if (budget === undefined) throw new BoardFault("size-budget.json: it is no budget");
	return budget;
}
