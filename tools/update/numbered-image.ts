/**
 * The firmware of this checkout, as it was built, under other numbers: what stands for the next release on a simulated board. It is no
 * release of anybody: `latchkey update pack` makes those, from a commit.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import { PATHS } from "../setup/paths.ts";
import { UpdateFault } from "./update-fault.ts";

export interface Numbers {
	readonly version: string;
	readonly sequence: number;
}

const TOOL_MS = 120_000;

/** `main`: another program, a compiled module from the root of what was compiled, without ".js". Throws UpdateFault. */
export function numberedImage(numbers: Numbers, main?: string): Uint8Array {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-numbered-"));
	const at = (name: string): string => join(dir, name);
	const own = main === undefined ? [] : [[main, join(PATHS.javascript, `${main}.js`)] as const];
	try {
		writeFileSync(at("version"), numberedVersion(numbers));
		const modules = imageModules(
			[join(PATHS.root, "hosts/linux/manifest.json")],
			new Map([["modules/base/version", at("version")], ...own]),
		);
		writeFileSync(at("list"), imageListText(modules));
		const words = ["--sequence", String(numbers.sequence), "--version", numbers.version];
		execFileSync(
			join(PATHS.hostBuild, "latchkey-image"),
			[...words, "--list", at("list"), "--output", at("image")],
			{ timeout: TOOL_MS, stdio: ["ignore", "ignore", "inherit"] },
		);
		return new Uint8Array(readFileSync(at("image")));
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

function numberedVersion({ version, sequence }: Numbers): string {
	const text = readFileSync(join(PATHS.javascript, "modules/base/version.js"), "utf8")
		.replace(/FIRMWARE_VERSION = "[^"]+"/, `FIRMWARE_VERSION = "${version}"`)
		.replace(/FIRMWARE_SEQUENCE = \d+/, `FIRMWARE_SEQUENCE = ${sequence}`);
	if (!text.includes(`"${version}"`) || !text.includes(`= ${sequence};`))
		throw new UpdateFault("the firmware's version cannot be numbered anew");
	return text;
}
