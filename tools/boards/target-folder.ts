/** `build/boards/NAME`: everything about a board that the SDK and ESP-IDF read, made anew at each build. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../setup/paths.ts";
import { BoardFault } from "./board-fault.ts";
import type { Board } from "./board-file.ts";
import { type BuildStamp, boardModule, boardSdkconfig, targetManifest } from "./board-output.ts";
import { parsePartitions, partitionFlaws } from "./partitions.ts";
import { parseFragment, type Settings, settingFlaws } from "./sdkconfig.ts";
import { readBudget } from "./size-budget.ts";

export type Kind = "development" | "production";

/** The lines of the fragments for one kind of image, common ones first. */
export function fragmentLines(kind: Kind): string[] {
	const lines: string[] = [];
	for (const fragment of ["common", kind]) {
		const path = `hosts/esp32/sdkconfig/${fragment}`;
		const text = readFileSync(join(PATHS.root, path), "utf8");
		const parsed = parseFragment(text);
		if (!parsed.ok) throw new BoardFault(parsed.flaws.map((flaw) => `${path}: ${flaw}`).join("\n"));
		lines.push(...text.split("\n").filter((line) => line !== "" && !line.startsWith("#")));
	}
	return lines;
}

/** All settings of an image; throws BoardFault where one is missing, said twice, or otherwise than it must be. */
export function imageSettings(
	board: Board,
	stamp: BuildStamp,
	kind: Kind,
): { lines: string[]; settings: Settings } {
	const lines = [...fragmentLines(kind), ...boardSdkconfig(board, stamp, kind === "production")];
	const parsed = parseFragment(lines.join("\n"));
	const flaws = parsed.ok ? settingFlaws(parsed.value, kind === "production", board.chip) : parsed.flaws;
	if (!parsed.ok || flaws.length > 0)
		throw new BoardFault(flaws.map((flaw) => `sdkconfig (${kind}, ${board.name}): ${flaw}`).join("\n"));
	return { lines, settings: parsed.value };
}

export function checkPartitions(flashMb: 4 | 8): void {
	const path = `partitions-${flashMb}mb.csv`;
	const parsed = parsePartitions(readFileSync(join(PATHS.root, path), "utf8"));
	const flaws = parsed.ok
		? partitionFlaws(parsed.value, flashMb * 1024 * 1024, readBudget().imageBytes)
		: parsed.flaws;
	if (flaws.length > 0) throw new BoardFault(flaws.map((flaw) => `${path}: ${flaw}`).join("\n"));
}

/** The folder that `mcconfig -p esp32:FOLDER` builds for. */
export function writeTarget(board: Board, stamp: BuildStamp, kind: Kind): string {
	const folder = join(PATHS.root, "build/boards", board.name);
	checkPartitions(board.flashMb);
	const { lines } = imageSettings(board, stamp, kind);
	mkdirSync(join(folder, "sdkconfig"), { recursive: true });
	writeFileSync(join(folder, "board.ts"), boardModule(board, "../../..", "../../../hosts"));
	writeFileSync(
		join(folder, "manifest.json"),
		`${JSON.stringify(targetManifest(board, stamp), undefined, "\t")}\n`,
	);
	writeFileSync(join(folder, "sdkconfig/sdkconfig.defaults"), `${lines.join("\n")}\n`);
	return folder;
}

/** The hook goes into the boot loader of the project that the SDK makes, before ESP-IDF looks for it. */
export function writeBootHook(project: string): void {
	const folder = join(project, "bootloader_components/latchkey_boot");
	const host = join(PATHS.root, "hosts/esp32");
	mkdirSync(folder, { recursive: true });
	for (const file of ["port_boot_hook.c", "CMakeLists.txt"])
		copyFileSync(join(host, "bootloader", file), join(folder, file));
	for (const file of ["boot-entries.c", "boot-entries.h", "burn-mark.h"])
		copyFileSync(join(host, file), join(folder, file));
	copyFileSync(join(PATHS.root, "hosts/bindings/port.h"), join(folder, "port.h"));
}
