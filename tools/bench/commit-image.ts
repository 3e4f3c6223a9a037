/** The firmware image of a commit, built beside the tree with this tree's compiler of images; all with the same time. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATHS } from "../setup/paths.ts";

const BUILD_MS = 300_000;
const BUILD_TIME = "1790000000000";

function git(...words: readonly string[]): string {
	return execFileSync("git", ["-C", PATHS.root, ...words], { encoding: "utf8", timeout: BUILD_MS }).trim();
}

/** The whole hash of a commit; throws where there is none. */
export function commitHash(name: string): string {
	return git("rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`);
}

/** Lines that were added and removed under modules/ between two commits. */
export function changedLines(from: string, to: string): number {
	return git("diff", "--numstat", from, to, "--", "modules")
		.split("\n")
		.flatMap((row) => row.split("\t").slice(0, 2))
		.reduce((total, count) => total + (Number(count) || 0), 0);
}

export function imageOfCommit(hash: string): Uint8Array {
	const folder = mkdtempSync(join(tmpdir(), "latchkey-commit-"));
	const tree = join(folder, "tree");
	try {
		git("worktree", "add", "--detach", "--quiet", tree, hash);
		symlinkSync(join(PATHS.root, "node_modules"), join(tree, "node_modules"));
		const settings = join(tree, "tsconfig.image.json");
		// What an image is made of, and no tests: those of an old commit may want packages that are gone.
		writeFileSync(
			settings,
			JSON.stringify({ extends: "./tsconfig.json", include: ["main.ts", "modules", "hosts"] }),
		);
		const compiler = join(PATHS.root, "node_modules", "typescript", "bin", "tsc");
		execFileSync(process.execPath, [compiler, "-p", settings], { cwd: tree, timeout: BUILD_MS });
		const script = join(tree, "build/js/hosts/linux/image-list.js");
		const list = join(folder, "list");
		writeFileSync(list, execFileSync(process.execPath, [script], { timeout: BUILD_MS }));
		const image = join(folder, "image");
		const tool = join(PATHS.hostBuild, "latchkey-image");
		execFileSync(tool, ["--time", BUILD_TIME, "--list", list, "--output", image], { timeout: BUILD_MS });
		return new Uint8Array(readFileSync(image));
	} finally {
		if (existsSync(tree)) git("worktree", "remove", "--force", tree);
		rmSync(folder, { recursive: true, force: true });
	}
}
