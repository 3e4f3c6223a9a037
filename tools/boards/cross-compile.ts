/**
 * Debian's RISC-V compiler over every C file that a board shares with this machine: hosts/bindings and the portable part of
 * hosts/esp32, as rv32imc with warnings as errors. Exempt are the port_* files alone, by name: they include ESP-IDF's headers.
 *
 * Headers: picolibc for C, the engine's from @agoric/xsnap, Mbed TLS's and zlib's from Debian (2.28, of this machine: they are text),
 * and stubs/ for what lwIP has and picolibc has not (sockets).
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { PATHS } from "../setup/paths.ts";

export const CROSS_COMPILER = "riscv64-unknown-elf-gcc";

export interface CrossObject {
	/** hosts/bindings/crypto.c */
	readonly source: string;
	/** What the compiler said; undefined: nothing. */
	/** Where it lies, when there was no fault. */
	readonly object: string;
	readonly fault?: string;
	readonly flashBytes: number;
	readonly ramBytes: number;
}

/** Files that are compiled, and those that are exempt. */
export function crossSources(): { readonly compiled: readonly string[]; readonly exempt: readonly string[] } {
	const all = ["hosts/bindings", "hosts/esp32", "hosts/esp32/bootloader"].flatMap((folder) =>
		readdirSync(join(PATHS.root, folder))
			.filter((file) => file.endsWith(".c"))
			.sort()
			.map((file) => `${folder}/${file}`),
	);
	const isPort = (path: string): boolean =>
		path.startsWith("hosts/esp32/") && basename(path).startsWith("port_");
	return { compiled: all.filter((path) => !isPort(path)), exempt: all.filter(isPort) };
}

function includes(folder: string): string[] {
	const engine = join(PATHS.root, "node_modules/@agoric/xsnap/moddable/xs");
	return [
		...["tools/boards/stubs", "hosts/bindings", "hosts/esp32"].flatMap((each) => [
			"-I",
			join(PATHS.root, each),
		]),
		...[join(engine, "includes"), join(engine, "platforms"), join(folder, "system")].flatMap((each) => [
			"-isystem",
			each,
		]),
		"-I",
		join(PATHS.hostBuild, "generated"),
	];
}

const FLAGS = Object.freeze([
	"-march=rv32imc",
	"-mabi=ilp32",
	"--specs=picolibc.specs",
	"-std=gnu17",
	"-Os",
	"-ffunction-sections",
	"-fdata-sections",
	"-Wall",
	"-Wextra",
	"-Werror",
	"-D_GNU_SOURCE",
	"-DINCLUDE_XSPLATFORM",
	'-DXSPLATFORM="board-platform.h"',
]);

function sizesOf(object: string): { flashBytes: number; ramBytes: number } {
	const { stdout } = spawnSync("riscv64-unknown-elf-size", [object], { encoding: "utf8", timeout: 30_000 });
	const [text = 0, data = 0, bss = 0] = (stdout.split("\n")[1] ?? "").trim().split(/\s+/).map(Number);
	return { flashBytes: text + data, ramBytes: data + bss };
}

/** Compiles one file into `folder`. */
export function crossCompile(source: string, folder: string, extra: readonly string[] = []): CrossObject {
	const object = join(folder, `${source.replaceAll("/", "-")}.o`);
	rmSync(object, { force: true });
	const words = [...FLAGS, ...includes(folder)];
	words.push(...extra, "-c", join(PATHS.root, source), "-o", object);
	const { status, stderr, error } = spawnSync(CROSS_COMPILER, words, {
		encoding: "utf8",
		timeout: 120_000,
		maxBuffer: 1 << 24,
	});
	if (error !== undefined) return { source, object, fault: error.message, flashBytes: 0, ramBytes: 0 };
	if (status !== 0 || !existsSync(object))
		return { source, object, fault: stderr.trim() || `status ${status}`, flashBytes: 0, ramBytes: 0 };
	return { source, object, ...sizesOf(object) };
}

/** Where Debian keeps the headers that are text and no code of this machine. */
const SYSTEM_HEADERS = Object.freeze(["mbedtls", "psa", "zlib.h", "zconf.h"]);

/** A folder for the objects, with links to those headers: the compiler must see nothing else of this machine. */
export function crossFolder(): string {
	const folder = join(PATHS.root, "build/cross");
	const system = join(folder, "system");
	rmSync(system, { recursive: true, force: true });
	mkdirSync(system, { recursive: true });
	for (const name of SYSTEM_HEADERS) {
		const found = ["/usr/include", "/usr/include/x86_64-linux-gnu", "/usr/include/aarch64-linux-gnu"]
			.map((place) => join(place, name))
			.find((path) => existsSync(path));
		if (found !== undefined) symlinkSync(found, join(system, name));
	}
	return folder;
}
