/**
 * `npm run size`: flash and RAM by module, as far as they can be known without an SDK: the C of a board as rv32imc objects, and the
 * byte code of the modules that a board preloads. Ends with 1 above size-budget.json. What a chip needs beside it (engine, ESP-IDF,
 * frozen slots) is in docs/BOARDS.md 6; `--map FILE` adds the link map of a real build, by archive.
 */
import { readFileSync } from "node:fs";
import { PATHS } from "../setup/paths.ts";
import { BoardFault } from "./board-fault.ts";
import { crossCompile, crossFolder, crossSources } from "./cross-compile.ts";
import { imageModuleSizes } from "./image-modules.ts";
import type { SizeBudget } from "./size-budget.ts";

export interface SizeRow {
	readonly name: string;
	readonly flashBytes: number;
	readonly ramBytes: number;
}

/** What is above the budget, each by name; empty: nothing is. */
export function sizeFlaws(
	native: readonly SizeRow[],
	byteCode: readonly SizeRow[],
	budget: SizeBudget,
): string[] {
	const flaws: string[] = [];
	const sum = (rows: readonly SizeRow[], key: "flashBytes" | "ramBytes"): number =>
		rows.reduce((all, row) => all + row[key], 0);
	const judge = (name: string, bytes: number, most: number): void => {
		if (bytes > most) flaws.push(`${name}: ${bytes} bytes, and the budget is ${most}`);
	};
	for (const { name, flashBytes } of [...native, ...byteCode])
		judge(name, flashBytes, budget.files[name] ?? budget.fileBytes);
	judge("flash of the C", sum(native, "flashBytes"), budget.nativeFlashBytes);
	judge("RAM of the C", sum(native, "ramBytes"), budget.nativeRamBytes);
	judge("byte code", sum(byteCode, "flashBytes"), budget.byteCodeBytes);
	for (const name of Object.keys(budget.files)) {
		if (![...native, ...byteCode].some((row) => row.name === name))
			flaws.push(`${name}: in the budget, and not there`);
	}
	return flaws;
}

export function nativeSizes(): SizeRow[] {
	const folder = crossFolder();
	return crossSources().compiled.map((source) => {
		const { fault, flashBytes, ramBytes } = crossCompile(source, folder);
		if (fault !== undefined) throw new BoardFault(`${source}:\n${fault}`);
		return { name: source, flashBytes, ramBytes };
	});
}

/** Of the modules that every host has; the Linux host's own stay out. */
export function byteCodeSizes(): SizeRow[] {
	const modules = imageModuleSizes(new Uint8Array(readFileSync(PATHS.firmwareImage)));
	if (modules === undefined) throw new BoardFault(`${PATHS.firmwareImage} is no image`);
	return modules
		.filter(({ name }) => /^(main$|modules\/|hosts\/(bindings|ecma419)\/)/.test(name))
		.map(({ name, bytes }) => ({ name, flashBytes: bytes, ramBytes: 0 }));
}

/** Sections of a GNU ld map by archive. */
export function mapSizes(text: string): SizeRow[] {
	const flash = new Map<string, number>();
	const ram = new Map<string, number>();
	const sections = /^ (\.[\w.]+)\s*\n?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$/gm;
	for (const [, section = "", address = "0", bytes = "0", file = ""] of text.matchAll(sections)) {
		// What the linker dropped is listed first, at 0, as what is only for a debugger is.
		if (Number.parseInt(address, 16) === 0) continue;
		const archive = /([^/]+\.a)\(/.exec(file)?.[1] ?? file.split("/").at(-1)!;
		const count = Number.parseInt(bytes, 16);
		const isRam = /^\.(bss|data|dram|iram|noinit|sbss|sdata|COMMON)/.test(section);
		if (isRam) ram.set(archive, (ram.get(archive) ?? 0) + count);
		if (!/^\.(bss|sbss|noinit|debug|comment|riscv|xt\.)/.test(section))
			flash.set(archive, (flash.get(archive) ?? 0) + count);
	}
	return [...new Set([...flash.keys(), ...ram.keys()])]
		.map((name) => ({ name, flashBytes: flash.get(name) ?? 0, ramBytes: ram.get(name) ?? 0 }))
		.sort((a, b) => b.flashBytes - a.flashBytes);
}

export function sizeTable(title: string, rows: readonly SizeRow[]): string {
	const lines = [...rows]
		.sort((a, b) => b.flashBytes - a.flashBytes)
		.map(
			({ name, flashBytes, ramBytes }) =>
				`${String(flashBytes).padStart(9)} ${String(ramBytes).padStart(7)}  ${name}`,
		);
	const [flash, ram] = (["flashBytes", "ramBytes"] as const).map((key) =>
		rows.reduce((all, row) => all + row[key], 0),
	);
	return `${title}\n    flash     RAM\n${lines.join("\n")}\n${String(flash).padStart(9)} ${String(ram).padStart(7)}  in all\n`;
}
