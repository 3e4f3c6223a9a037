/**
 * `npm run build:<target>`, `flash` and `monitor`: the SDK's own tools, over a folder that is made of the board's file. Nothing is
 * fetched or installed; what ESP-IDF made of the settings is read again, and an image that lacks one is no image.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { FIRMWARE } from "../../modules/base/version.ts";
import { PATHS } from "../setup/paths.ts";
import { BoardFault } from "./board-fault.ts";
import type { Board } from "./board-file.ts";
import type { BuildStamp } from "./board-output.ts";
import type { Chip } from "./chip-pins.ts";
import { includeFolders } from "./header-folders.ts";
import { parseSdkconfig, settingFlaws } from "./sdkconfig.ts";
import { readBudget } from "./size-budget.ts";
import { type Kind, writeBootHook, writeTarget } from "./target-folder.ts";
import { findCompiler, findIdf, findSdk, findSdkTools } from "./toolchain.ts";

const STEP_MS = 3_600_000;

export interface BuildOptions {
	readonly board: Board;
	readonly kind: Kind;
	readonly program: "firmware" | "recovery";
}

/** SOURCE_DATE_EPOCH makes equal sources equal images. */
function builtUnixS(): number {
	const given = Number(process.env.SOURCE_DATE_EPOCH);
	return Number.isInteger(given) && given > 0 ? given : Math.floor(Date.now() / 1000);
}

export function stampOf(program: "firmware" | "recovery"): BuildStamp {
	return { firmware: FIRMWARE, builtUnixS: builtUnixS(), root: PATHS.root, program };
}

/** Runs in the foreground; throws BoardFault when it fails. */
function run(command: string, words: readonly string[], folder: string, variables: NodeJS.ProcessEnv): void {
	const { status, error } = spawnSync(command, words, {
		cwd: folder,
		env: variables,
		stdio: "inherit",
		timeout: STEP_MS,
	});
	if (error !== undefined) throw new BoardFault(`${command}: ${error.message}`);
	if (status !== 0) throw new BoardFault(`${command} ${words.join(" ")}: ended with ${status}`);
}

/** Where the SDK's makefile keeps the project of ESP-IDF. */
export function projectFolder(board: Board, program: "firmware" | "recovery"): string {
	const name = program === "firmware" ? basename(PATHS.root) : "esp32";
	return join(PATHS.root, "build/sdk/tmp/esp32", board.name, "release", name, `xsProj-${board.chip}`);
}

function includesOf(idf: string, chip: Chip): string {
	return includeFolders(chip)
		.map((folder) => `-I${join(idf, "components", folder)}`)
		.join(" ");
}

export function buildImage({ board, kind, program }: BuildOptions): string {
	const sdk = findSdk(process.env);
	const tools = findSdkTools(sdk);
	const idf = findIdf(process.env);
	findCompiler(board.chip, process.env);
	const folder = writeTarget(board, stampOf(program), kind);
	const project = projectFolder(board, program);
	writeBootHook(project);
	const path = `${tools}:${join(PATHS.root, "node_modules/.bin")}:${process.env.PATH}`;
	const defines = '-DMBEDTLS_CONFIG_FILE=\\"mbedtls/esp_config.h\\"';
	const variables = {
		...process.env,
		PATH: path,
		MODDABLE: sdk,
		C_INCLUDES: `${includesOf(idf, board.chip)} ${defines}`,
	};
	const words = ["-m", "-t", "build", "-p", `esp32:${folder}`, "-o", join(PATHS.root, "build/sdk")];
	const manifest = program === "firmware" ? "manifest.json" : "hosts/esp32/recovery.json";
	run("mcconfig", [...words, join(PATHS.root, manifest)], PATHS.root, variables);
	return judgeImage(board, kind, project);
}

/** The settings that ESP-IDF made, and the size; returns the image's path. */
function judgeImage(board: Board, kind: Kind, project: string): string {
	const config = join(project, "sdkconfig");
	if (!existsSync(config)) throw new BoardFault(`${config}: ESP-IDF wrote no settings`);
	const flaws = settingFlaws(parseSdkconfig(readFileSync(config, "utf8")), kind === "production", board.chip);
	if (flaws.length > 0)
		throw new BoardFault(`The image was built otherwise than it must be:\n${flaws.join("\n")}`);
	const image = join(project, "build/xs_esp32.bin");
	if (!existsSync(image)) throw new BoardFault(`${image}: there is no image`);
	const { size } = statSync(image);
	const { imageBytes } = readBudget();
	if (size > imageBytes) throw new BoardFault(`${image}: ${size} bytes, and the budget is ${imageBytes}`);
	process.stdout.write(`${board.name} (${kind}): ${image}, ${size} of ${imageBytes} bytes\n`);
	return image;
}

/** Over the ROM's loader, with ESP-IDF's own tool. A production image burns fuses at its first boot, and asks for a word before. */
export function flashBoard(board: Board, port: string, kind: Kind, burns: boolean): void {
	if (kind === "production" && !burns)
		throw new BoardFault(
			"A production image burns fuses at its first boot, for good: secure boot, flash encryption, JTAG off. Say --burn when that is meant",
		);
	findIdf(process.env);
	const project = projectFolder(board, "firmware");
	if (!existsSync(join(project, "build/xs_esp32.bin")))
		throw new BoardFault(`${board.name} is not built: npm run build:${board.chip} -- --board ${board.name}`);
	run("idf.py", ["-p", port, "flash"], project, process.env);
}

export function monitorBoard(board: Board, port: string): void {
	findIdf(process.env);
	if (board.console === "none")
		throw new BoardFault(`boards/${board.name}.json: console is "none", there is nothing to see`);
	run("idf.py", ["-p", port, "monitor"], projectFolder(board, "firmware"), process.env);
}
