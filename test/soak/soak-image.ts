/**
 * Images for a soak: the firmware of this checkout under numbers of their own, of one build time, and each so different from the others
 * that nothing of one serves another: a text of its own length in an early module moves all that follows.
 *
 * One bound is another one: flash's allowance lets 4 updates begin at once and 8 a day (LIMITS.updateBeginsBurst and -PerDay), 12 in a first
 * day, and a soak has 20. Here both are 64 (docs/BOARDS.md 8).
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import { PATHS } from "../../tools/setup/paths.ts";

const TOOL_MS = 60_000;
const BEGINS = 64;
const PAD_BYTES_MAX = 8_192;

export interface SoakImage {
	readonly dir: string;
	readonly sequence: number;
	readonly buildUnixMs: number;
	/** Compiled modules more, from the root of what was compiled, without ".js". */
	readonly modules?: readonly string[];
}

/** The image's path. */
export function makeSoakImage({ dir, sequence, buildUnixMs, modules = [] }: SoakImage): string {
	const at = (name: string): string => join(dir, `${name}-${sequence}`);
	const pad = randomBytes(64 + Math.floor((Math.random() * PAD_BYTES_MAX) / 2)).toString("base64");
	const changed = new Map([
		[
			"modules/base/version",
			rewritten(at("version"), "modules/base/version", [
				[/FIRMWARE_VERSION = "[^"]+"/, `FIRMWARE_VERSION = "soak-${sequence}"`],
				[/FIRMWARE_SEQUENCE = \d+/, `FIRMWARE_SEQUENCE = ${sequence}`],
				[/$/, `\nexport const PAD = "${pad}";\n`],
			]),
		],
		[
			"modules/base/limits",
			rewritten(at("limits"), "modules/base/limits", [
				[/updateBeginsBurst: \d+/, `updateBeginsBurst: ${BEGINS}`],
				[/updateBeginsPerDay: \d+/, `updateBeginsPerDay: ${BEGINS}`],
			]),
		],
		...modules.map((name) => [name, join(PATHS.javascript, `${name}.js`)] as const),
	]);
	const manifest = join(PATHS.root, "hosts/linux/manifest.json");
	writeFileSync(at("list"), imageListText(imageModules([manifest], changed)));
	const words = ["--sequence", String(sequence), "--version", `soak-${sequence}`];
	words.push("--time", String(buildUnixMs), "--list", at("list"), "--output", at("image"));
	execFileSync(join(PATHS.hostBuild, "latchkey-image"), words, {
		timeout: TOOL_MS,
		stdio: ["ignore", "ignore", "inherit"],
	});
	return at("image");
}

function rewritten(path: string, module: string, changes: readonly (readonly [RegExp, string])[]): string {
	let text = readFileSync(join(PATHS.javascript, `${module}.js`), "utf8");
	for (const [pattern, replacement] of changes) {
		if (!pattern.test(text)) throw new Error(`${module} has no ${pattern}`);
		text = text.replace(pattern, replacement);
	}
	writeFileSync(path, text);
	return path;
}
