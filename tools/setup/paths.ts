/** Where things are in a checkout, for host-side programs that run compiled from build/js. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function findRoot(): string {
	let folder = dirname(fileURLToPath(import.meta.url));
	while (!existsSync(join(folder, "package.json"))) {
		const parent = dirname(folder);
		if (parent === folder) throw new Error("no package.json above the compiled tools");
		folder = parent;
	}
	return folder;
}

const root = findRoot();

export const PATHS = Object.freeze({
	root,
	javascript: join(root, "build", "js"),
	hostBuild: join(root, "build", "host"),
	boardBinary: join(root, "build", "host", "latchkey-board"),
	firmwareImage: join(root, "build", "host", "firmware.image"),
	/** Data of a development installation, never committed. */
	data: join(root, ".latchkey"),
} as const);
