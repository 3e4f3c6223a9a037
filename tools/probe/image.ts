/** The images that probes run: built from a manifest beside the firmware's when what they are made of has changed. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ImageModule, imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import { CliFault } from "../cli/fault.ts";
import { PATHS } from "../setup/paths.ts";

const COMPILER = join(PATHS.hostBuild, "latchkey-image");
const BUILD_MS = 60_000;

/** The image of hosts/linux/<name>.json, up to date. */
export function probeImage(name: string): string {
	const manifest = join(PATHS.root, "hosts/linux", `${name}.json`);
	const image = join(PATHS.hostBuild, `${name}.image`);
	for (const path of [COMPILER, PATHS.boardBinary]) {
		if (!existsSync(path)) throw new CliFault(`${path} is missing: npm run build makes it`);
	}
	const modules = imageModules([manifest]);
	if (!isCurrent(image, [manifest, COMPILER, ...modules.map((module) => module.path)])) build(modules, image);
	return image;
}

function isCurrent(image: string, sources: readonly string[]): boolean {
	const built = statSync(image, { throwIfNoEntry: false })?.mtimeMs;
	return built !== undefined && sources.every((path) => statSync(path).mtimeMs < built);
}

/** Two probes that start at once each build their own file; the last one stays. */
function build(modules: readonly ImageModule[], image: string): void {
	const folder = mkdtempSync(join(tmpdir(), "latchkey-image-"));
	try {
		const list = join(folder, "list");
		const output = `${image}.${process.pid}`;
		writeFileSync(list, imageListText(modules));
		execFileSync(COMPILER, ["--lines", "--list", list, "--output", output], { timeout: BUILD_MS });
		renameSync(output, image);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}
