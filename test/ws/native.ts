/** The host's native byte loops are held equal to the plain ones on the engine itself. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import { PLAIN_WS_BYTES } from "../../modules/link/ws-bytes.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { workOf } from "./byte-loops.ts";
import { type Case, same } from "./cases.ts";

const MAIN = "test/ws/native-bytes";
const EXTRA = [MAIN, "test/harness/random", "test/ws/byte-loops", "modules/wire/crc32"];

export const NATIVE_CASES: readonly Case[] = [
	{
		name: "masking and the UTF-8 check in C give what the plain ones give, on XS and on Node",
		run: async () => {
			const seed = Math.floor(Math.random() * 4_294_967_296);
			process.stdout.write(`# native bytes: seed ${seed}\n`);
			const folder = mkdtempSync(join(tmpdir(), "latchkey-ws-native-"));
			try {
				const manifest = join(PATHS.root, "hosts/linux/probe-ws.json");
				const extra = new Map(EXTRA.map((name) => [name, join(PATHS.javascript, `${name}.js`)]));
				writeFileSync(join(folder, "list"), imageListText(imageModules([manifest], extra)));
				const image = join(folder, "image");
				const compiler = join(PATHS.hostBuild, "latchkey-image");
				execFileSync(compiler, ["--list", join(folder, "list"), "--output", image], { timeout: 60_000 });
				const words = [
					"--image",
					image,
					"--main",
					MAIN,
					"--state",
					join(folder, "state"),
					"--heap-kb",
					"4096",
				];
				const board = promisify(execFile)(PATHS.boardBinary, [...words, "--arg", `seed=${seed}`], {
					timeout: 60_000,
				});
				const { stdout } = await board;
				same(stdout.includes('"reason":"equal"'), true, stdout);
				const here = workOf(seed, PLAIN_WS_BYTES);
				const there = JSON.parse(stdout) as { readonly native: number; readonly plain: number };
				same(there.plain, here, "the plain loops on XS, against Node");
				same(there.native, here, "the native loops, against Node");
			} finally {
				rmSync(folder, { recursive: true, force: true });
			}
		},
	},
];
