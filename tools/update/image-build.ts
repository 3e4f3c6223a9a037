/**
 * Builds the Linux firmware image of this checkout for a release: the same sources give the same bytes in any folder and on any
 * day. Its numbers are those of modules/base/version.ts and its build time is the sources' own, not this machine's: that of the
 * commit, of which nothing may have been changed, or SOURCE_DATE_EPOCH. The compiler is built from the same sources for it: one that
 * lay there may be another tree's. `dirty` is for tries: any sources, of the time of SOURCE_DATE_EPOCH, by the compiler that lies there.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import {
	FIRMWARE_SECURITY_VERSION,
	FIRMWARE_SEQUENCE,
	FIRMWARE_VERSION,
} from "../../modules/base/version.ts";
import { PATHS } from "../setup/paths.ts";
import { UpdateFault } from "./update-fault.ts";

const runFile = promisify(execFile);
const COMPILE_MS = 120_000;
const MAKE_MS = 300_000;
const GIT_MS = 20_000;
const BOARD = "linux";
/** What an image is made of. */
const SOURCES = Object.freeze([
	"modules",
	"hosts",
	"main.ts",
	"manifest.json",
	"package-lock.json",
	"tsconfig.json",
]);

/** The image. Rejects with UpdateFault when the tree is not a commit's, cannot say of which time it is, or does not compile. */
export async function buildImage(dirty: boolean, epoch = process.env.SOURCE_DATE_EPOCH): Promise<Uint8Array> {
	const unixMs = await sourceTime(dirty, epoch);
	const dir = mkdtempSync(join(tmpdir(), "latchkey-image-"));
	const [list, output] = [join(dir, "list"), join(dir, "image")];
	try {
		const compiler = dirty ? join(PATHS.hostBuild, "latchkey-image") : await buildCompiler(dir);
		writeFileSync(list, imageListText(imageModules([join(PATHS.root, "hosts/linux/manifest.json")])));
		await run(
			compiler,
			[
				["--time", String(unixMs)],
				["--sequence", String(FIRMWARE_SEQUENCE)],
				["--security-version", String(FIRMWARE_SECURITY_VERSION)],
				["--version", FIRMWARE_VERSION],
				["--board", BOARD],
				["--list", list, "--output", output],
			].flat(),
			COMPILE_MS,
		);
		return new Uint8Array(readFileSync(output));
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

async function buildCompiler(dir: string): Promise<string> {
	// make takes no path with a space in it.
	const root = join(dir, "root");
	symlinkSync(PATHS.root, root);
	const words = [`ROOT=${root}`, `BUILD=${dir}`, `TOOL_OUT=${join(dir, "tool")}`];
	await run("make", ["-s", "-j2", "-C", join(PATHS.root, "hosts/linux"), ...words, "tool"], MAKE_MS);
	return join(dir, "latchkey-image");
}

/** When the sources are of, milliseconds since 1970 UTC. */
async function sourceTime(dirty: boolean, epoch: string | undefined): Promise<number> {
	if (epoch !== undefined && !/^\d{1,11}$/.test(epoch))
		throw new UpdateFault("SOURCE_DATE_EPOCH is no number of seconds");
	if (dirty) {
		if (epoch === undefined)
			throw new UpdateFault("--dirty needs SOURCE_DATE_EPOCH: the sources have no time");
		return Number(epoch) * 1_000;
	}
	const git = (...words: readonly string[]) => run("git", ["-C", PATHS.root, ...words], GIT_MS);
	const changed = await git("status", "--porcelain", "--", ...SOURCES);
	if (changed !== "")
		throw new UpdateFault(
			"the sources are not those of a commit: commit them (--dirty with SOURCE_DATE_EPOCH builds them for a try)",
		);
	if (epoch !== undefined) return Number(epoch) * 1_000;
	return Number((await git("log", "-1", "--format=%ct")).trim()) * 1_000;
}

async function run(program: string, words: readonly string[], timeout: number): Promise<string> {
	try {
		return (await runFile(program, words, { timeout })).stdout;
	} catch (error) {
		const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
		const said = stderr === undefined || stderr.trim() === "" ? message : stderr.trim();
		throw new UpdateFault(`${program} failed: ${said.slice(0, 300)}`);
	}
}
