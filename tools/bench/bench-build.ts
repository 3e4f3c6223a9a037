/** Builds what is measured: bench variants of the board, images with one program each, the baselines in plain C. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import { PATHS } from "../setup/paths.ts";

const LIMITS_MODULE = "modules/base/limits";
const BUILD_MS = 600_000;
const OUT = join(PATHS.root, "build", "bench");

/** Builds one variant of the board; its path. */
export function buildBoard(...settings: readonly string[]): string {
	const make = ["--silent", "-C", join(PATHS.root, "hosts/linux"), ...settings, "board", "tool"];
	execFileSync("make", make, { timeout: BUILD_MS, stdio: ["ignore", "ignore", "inherit"] });
	const traits = ["BITS=32", "METER=1", "RECORDER=1", "TESTKEYS=1", "BENCH=1"];
	const names = ["32", "meter", "recorder", "testkeys", "bench"];
	const variant = names.filter((_, index) => settings.includes(traits[index]!)).join("-");
	return join(PATHS.hostBuild, variant === "" ? "plain" : variant, "latchkey-board");
}

/**
 * An image of the firmware's modules and these; its path. Own modules are named by their paths and not preloaded. `limits`: with
 * these bounds in place of the firmware's (modules/base/limits).
 */
export function buildImage(
	name: string,
	modules: readonly string[],
	limits: Readonly<Record<string, number>> = {},
): string {
	mkdirSync(OUT, { recursive: true });
	const own = modules.map((module) => ({
		name: module,
		path: join(PATHS.javascript, `${module}.js`),
		preload: false,
	}));
	const list = join(OUT, `${name}.list`);
	const image = join(OUT, `${name}.image`);
	const firmware = imageModules([join(PATHS.root, "hosts/linux/manifest.json")]);
	const known = new Set(firmware.map((module) => module.name));
	const limited = firmware.map((module) =>
		module.name === LIMITS_MODULE ? { ...module, path: limitsWith(name, module.path, limits) } : module,
	);
	writeFileSync(list, imageListText([...limited, ...own.filter((module) => !known.has(module.name))]));
	execFileSync(join(PATHS.hostBuild, "latchkey-image"), ["--list", list, "--output", image], {
		timeout: BUILD_MS,
	});
	return image;
}

function limitsWith(name: string, path: string, limits: Readonly<Record<string, number>>): string {
	let text = readFileSync(path, "utf8");
	for (const [limit, value] of Object.entries(limits)) {
		const row = new RegExp(`^(\\s*${limit}: )\\d+,`, "m");
		if (!row.test(text)) throw new Error(`no limit ${limit}`);
		text = text.replace(row, `$1${value},`);
	}
	const changed = join(OUT, `${name}.limits.js`);
	writeFileSync(changed, text);
	return changed;
}

/** One baseline; its path. */
export function buildBaseline(name: string): string {
	mkdirSync(OUT, { recursive: true });
	const program = join(OUT, name);
	const words = ["-O2", "-g", "-Wall", "-Wextra", "-Werror", "-o", program].concat(
		join(PATHS.root, "tools/bench/baseline", `${name}.c`),
		["-lmbedtls", "-lmbedx509", "-lmbedcrypto"],
	);
	execFileSync("gcc", words, { timeout: BUILD_MS, stdio: ["ignore", "ignore", "inherit"] });
	return program;
}
