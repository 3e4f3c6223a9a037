/** Firmware images: what is compiled, what is refused, how specifiers resolve. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeImage, readBytes, runBoard, scratch, sourceImage } from "./board.ts";
import type { HostTest } from "./run.ts";

const SAY = 'trace("ran\\n"); native("xs_system_reboot")();';

async function refusal(bytes: Uint8Array, name: string): Promise<string> {
	const image = join(scratch, `${name}.image`);
	writeFileSync(image, bytes);
	const end = await runBoard({ main: "main", image });
	assert.equal(end.stdout, "", name);
	assert.equal(end.status, 3, name);
	assert.match(end.stderr, /^image [^\n]+\n$/, name);
	return end.stderr;
}

function changed(bytes: Uint8Array, offset: number, bits: number): Uint8Array {
	const copy = Uint8Array.from(bytes);
	copy[offset]! ^= bits;
	return copy;
}

function source(name: string, text: string): readonly [string, string] {
	const path = join(scratch, `${name.replaceAll("/", "_")}.js`);
	writeFileSync(path, text);
	return [name, path];
}

export const imageTests: readonly HostTest[] = [
	{
		name: "an image that was not touched runs",
		run: async () => {
			const end = await runBoard({ main: "main", image: sourceImage("whole", SAY) });
			assert.equal(end.stdout, "ran\n");
		},
	},
	{
		name: "an image with any flipped bit is refused with one line, before anything of it runs",
		run: async () => {
			const bytes = readBytes(sourceImage("flip", SAY));
			const offsets = new Set([0, 7, 8, 12, 16, 20, 24, 32, 36, 39, 40, 44, bytes.length - 1]);
			for (let offset = 45; offset < bytes.length; offset += Math.ceil(bytes.length / 60))
				offsets.add(offset);
			for (const offset of offsets) await refusal(changed(bytes, offset, 1 << (offset % 8)), `flip${offset}`);
		},
	},
	{
		name: "an image that is cut short, lengthened, empty, absent or of another kind is refused",
		run: async () => {
			const bytes = readBytes(sourceImage("short", SAY));
			for (const length of [0, 1, 39, 40, 41, bytes.length >> 1, bytes.length - 1]) {
				await refusal(bytes.subarray(0, length), `short${length}`);
			}
			await refusal(Buffer.concat([bytes, new Uint8Array(4)]), "longer");
			assert.match(await refusal(new Uint8Array(4096), "zeros"), /is no firmware image/);
			const end = await runBoard({ main: "main", image: join(scratch, "nowhere.image") });
			assert.equal(end.status, 3);
			assert.match(end.stderr, /No such file/);
		},
	},
	{
		name: "a main module that the image lacks is refused",
		run: async () => {
			const end = await runBoard({ main: "other", image: sourceImage("no-main", SAY) });
			assert.equal(end.status, 3);
			assert.match(end.stderr, /has no module other/);
		},
	},
	{
		name: "what does not compile is refused with file and line, and leaves no image",
		run: () => {
			assert.throws(
				() => makeImage("syntax", new Map([source("main", "const ok = 1;\nconst = 2;\n")])),
				/main:2: error/,
			);
			assert.ok(!existsSync(join(scratch, "syntax.image")));
		},
	},
	{
		name: "relative specifiers resolve against the importing module's name, any number of folders up",
		run: async () => {
			const image = makeImage(
				"specifiers",
				new Map([
					source(
						"a/b/c/main",
						'import { x } from "../../../x.js"; import { y } from "./y.js"; import { z } from "../z.mjs"; trace([x, y, z].join() + "\\n"); native("xs_system_reboot")();',
					),
					source("x", "export const x = 'x';"),
					source("a/b/c/y", "export { x as y } from '../../../x.js';"),
					source("a/b/z", "export const z = 'z';"),
				]),
			);
			assert.equal((await runBoard({ main: "a/b/c/main", image })).stdout, "x,x,z\n");
		},
	},
	{
		name: "a module that the image lacks is an exception that names it",
		run: async () => {
			for (const specifier of ["./none.js", "../../up.js", "none", "embedded:io/none"]) {
				const image = makeImage("missing", new Map([source("m/main", `import "${specifier}";`)]));
				const end = await runBoard({ main: "m/main", image });
				assert.equal(end.status, 69, specifier);
				assert.ok(end.stderr.includes(specifier), end.stderr);
			}
		},
	},
];
