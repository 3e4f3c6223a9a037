/**
 * The SDK and ESP-IDF that a board's image is built with. Nothing is installed from here: what is missing or of another version is
 * named, with what to install (docs/BOARDS.md 3).
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BoardFault } from "./board-fault.ts";
import type { Chip } from "./chip-pins.ts";

export const SDK_VERSION = "8.2";
export const IDF_VERSION = "6.0";

type Environment = Readonly<Record<string, string | undefined>>;

function read(path: string): string | undefined {
	return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** The folder of the SDK, of the version that the manifests are for. */
export function findSdk(environment: Environment): string {
	const path = environment.MODDABLE;
	const install = `Install the Moddable SDK ${SDK_VERSION} (https://github.com/Moddable-OpenSource/moddable, tag ${SDK_VERSION}.x) and set MODDABLE to its folder`;
	if (path === undefined || path === "") throw new BoardFault(`MODDABLE is not set.\n${install}`);
	const version = read(join(path, "tools/VERSION"))?.trim();
	if (version === undefined) throw new BoardFault(`MODDABLE=${path}: there is no Moddable SDK.\n${install}`);
	if (!version.startsWith(`${SDK_VERSION}.`))
		throw new BoardFault(`MODDABLE=${path}: it is SDK ${version}, and ${SDK_VERSION} is needed.\n${install}`);
	return path;
}

/** The folder of the SDK's own programs. */
export function findSdkTools(sdk: string): string {
	const tools = join(sdk, "build/bin/lin/release");
	if (!existsSync(join(tools, "mcconfig")))
		throw new BoardFault(
			`MODDABLE=${sdk}: its tools are not built.\nBuild them: cd ${sdk}/build/makefiles/lin && MODDABLE=${sdk} make`,
		);
	return tools;
}

export function findIdf(environment: Environment): string {
	const path = environment.IDF_PATH;
	const install = `Install ESP-IDF v${IDF_VERSION} (https://github.com/espressif/esp-idf, tag v${IDF_VERSION}), run its install.sh and export.sh`;
	if (path === undefined || path === "") throw new BoardFault(`IDF_PATH is not set.\n${install}`);
	const text = read(join(path, "tools/cmake/version.cmake"));
	const [major, minor] = ["MAJOR", "MINOR"].map(
		(part) => new RegExp(`set\\(IDF_VERSION_${part} (\\d+)\\)`).exec(text ?? "")?.[1],
	);
	if (major === undefined || minor === undefined)
		throw new BoardFault(`IDF_PATH=${path}: there is no ESP-IDF.\n${install}`);
	if (`${major}.${minor}` !== IDF_VERSION)
		throw new BoardFault(
			`IDF_PATH=${path}: it is ESP-IDF ${major}.${minor}, and ${IDF_VERSION} is needed.\n${install}`,
		);
	return path;
}

export function compilerOf(chip: Chip): string {
	return chip === "esp32" || chip === "esp32s3" ? `xtensa-${chip}-elf-gcc` : "riscv32-esp-elf-gcc";
}

export function findCompiler(chip: Chip, environment: Environment): string {
	const compiler = compilerOf(chip);
	const { status } = spawnSync(compiler, ["--version"], {
		env: { ...environment } as NodeJS.ProcessEnv,
		stdio: "ignore",
		timeout: 30_000,
	});
	if (status !== 0)
		throw new BoardFault(
			`${compiler} is not there.\nRun "$IDF_PATH/install.sh ${chip}" and ". $IDF_PATH/export.sh" in this shell`,
		);
	return compiler;
}
