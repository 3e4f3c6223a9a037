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
/** Elsewhere for a build with another Mbed TLS (test/bindings/check-mbedtls.ts), as hosts/linux/Makefile has it. */
const hostBuild = process.env.LATCHKEY_HOST_BUILD ?? join(root, "build", "host");

export const PATHS = Object.freeze({
	root,
	javascript: join(root, "build", "js"),
	hostBuild,
	boardBinary: join(hostBuild, "latchkey-board"),
	firmwareImage: join(root, "build", "host", "firmware.image"),
	/** What runs when neither slot boots, where the build makes one. */
	recoveryImage: join(root, "build", "host", "recovery.image"),
	/** Data of a development installation, never committed. */
	data: join(root, ".latchkey"),
} as const);
