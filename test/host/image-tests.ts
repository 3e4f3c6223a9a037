/** Firmware images: what is compiled, what is refused, how specifiers resolve. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../../tools/setup/paths.ts";
import { decodeImageHeader, imageIsWhole } from "../../tools/update/image-header.ts";
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
			const offsets = new Set([
				0,
				7,
				8,
				12,
				16,
				20,
				24,
				32,
				36,
				39,
				40,
				44,
				48,
				79,
				80,
				103,
				104,
				bytes.length - 1,
			]);
			for (let offset = 45; offset < bytes.length; offset += Math.ceil(bytes.length / 60))
				offsets.add(offset);
			for (const offset of offsets) await refusal(changed(bytes, offset, 1 << (offset % 8)), `flip${offset}`);
		},
	},
	{
		name: "an image that is cut short, lengthened, empty, absent or of another kind is refused",
		run: async () => {
			const bytes = readBytes(sourceImage("short", SAY));
			for (const length of [0, 1, 39, 40, 41, 103, 104, 105, bytes.length >> 1, bytes.length - 1]) {
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
	{
		name: "an image says what it was told to say, and tools read the same of it",
		run: () => {
			const words = ["--sequence", "4294967295", "--security-version", "16", "--version", "2.0.0-rc.1"];
			const image = readBytes(
				sourceImage("said", SAY, [...words, "--board", "a-board_1.x", "--time", "86400000"]),
			);
			const header = decodeImageHeader(image);
			assert.ok(header.ok);
			const { engineVersion, modules, checksum, ...said } = header.value;
			assert.deepEqual(said, {
				bytes: image.length,
				buildUnixMs: 86400000,
				sequence: 4294967295,
				securityVersion: 16,
				version: "2.0.0-rc.1",
				board: "a-board_1.x",
			});
			assert.ok(engineVersion > 0 && modules > 1 && checksum > 0);
			assert.ok(imageIsWhole(image));
			const plain = decodeImageHeader(readBytes(sourceImage("unsaid", SAY)));
			assert.ok(plain.ok);
			assert.deepEqual(
				[plain.value.sequence, plain.value.securityVersion, plain.value.version, plain.value.board],
				[0, 0, "", "linux"],
			);
		},
	},
	{
		name: "what does not fit the header is refused before anything is compiled",
		run: () => {
			for (const words of [
				["--sequence", "4294967296"],
				["--sequence", "-1"],
				["--sequence", "1x"],
				["--security-version", "17"],
				["--version", "v".repeat(33)],
				["--version", "a\tb"],
				["--board", "b".repeat(25)],
				["--board", "Tür"],
			]) {
				assert.throws(() => sourceImage("misfit", SAY, words), /latchkey-image: --/, words.join(" "));
			}
			assert.ok(!existsSync(join(scratch, "misfit.image")));
		},
	},
	{
		name: "the same modules, options and time make the same bytes, in whatever folder they were built",
		run: () => {
			const images = ["one", "another/and/deeper"].map((folder) => {
				const root = join(scratch, folder);
				mkdirSync(root, { recursive: true });
				writeFileSync(join(root, "b.js"), "export const b = () => { throw new Error('b'); };\n");
				writeFileSync(join(root, "main.js"), "import { b } from './b.js'; class C { #x = 1; } b(new C());\n");
				writeFileSync(
					join(root, "list"),
					`main\t${join(root, "main.js")}\tload\nb\t${join(root, "b.js")}\tpreload\n`,
				);
				const words = ["--lines", "--time", "1", "--sequence", "7", "--list", join(root, "list")];
				const output = join(root, "image");
				execFileSync(join(PATHS.hostBuild, "latchkey-image"), [...words, "--output", output], { cwd: root });
				return Buffer.from(readBytes(output));
			});
			assert.ok(images[0]!.equals(images[1]!));
			assert.ok(!images[0]!.includes(scratch));
		},
	},
];
