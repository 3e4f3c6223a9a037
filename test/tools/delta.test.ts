/** Deltas of real firmware images: small enough, beside bsdiff too, the same each time, and read by the firmware's decoder. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesEqual } from "../../modules/base/bytes.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { applyDelta, makeDelta } from "../../tools/update/delta.ts";
import { findMatches } from "../../tools/update/matching.ts";
import { suffixArray } from "../../tools/update/suffix-array.ts";
import { check, type Suite } from "../harness/test.ts";
import { keptPatch } from "../unit/update/kept-patch.ts";
import { imageLike } from "../unit/update/patch-rig.ts";

const TOOL_MS = 60_000;
/** The issue's own: percent of the whole image, and of bsdiff's patch. */
const PERCENT_MAX = 15;
const BSDIFF_MAX = 1.3;
/** Modules that the second version changes. */
const CHANGED = Object.freeze([
	"modules/access/grants",
	"modules/link/link",
	"modules/wire/command",
	"modules/app/desk",
]);

/** Some more code, with names that its module did not have: every identifier of the module may move. */
function more(index: number): string {
	return `
export function laterAddition${index}(first${index}, second${index}) {
	const collected${index} = [];
	for (let at${index} = 0; at${index} < first${index}.length; at${index}++) {
		if (first${index}[at${index}] === second${index}) collected${index}.push({ reason: "later-${index}", at${index} });
	}
	return collected${index}.length > ${index} ? collected${index} : undefined;
}
`;
}

function compile(folder: string, name: string, list: string): Uint8Array {
	const listFile = join(folder, `${name}.list`);
	const image = join(folder, name);
	writeFileSync(listFile, list);
	const words = ["--time", "1790000000000", "--list", listFile, "--output", image];
	execFileSync(join(PATHS.hostBuild, "latchkey-image"), words, { cwd: PATHS.root, timeout: TOOL_MS });
	return new Uint8Array(readFileSync(image));
}

/** This firmware, and a version of it with four modules grown. */
function twoVersions(folder: string): readonly [Uint8Array, Uint8Array] {
	const list = readFileSync(join(PATHS.root, "build/host/firmware.list"), "utf8");
	const rows = list
		.trimEnd()
		.split("\n")
		.map((row) => row.split("\t"));
	let changed = 0;
	const later = rows.map(([name, script, ...rest]) => {
		if (!CHANGED.includes(name!)) return [name, script, ...rest].join("\t");
		const file = join(folder, `changed-${changed}.js`);
		const text = readFileSync(script!, "utf8");
		// After the imports, so that everything behind it moves.
		const at = text.lastIndexOf("\nimport ");
		const line = text.indexOf("\n", at + 1) + 1;
		writeFileSync(file, text.slice(0, line) + more(changed++) + text.slice(line));
		return [name, file, ...rest].join("\t");
	});
	check.equal(changed, CHANGED.length);
	return [compile(folder, "old", list), compile(folder, "new", `${later.join("\n")}\n`)];
}

function inFolder(act: (folder: string) => void): void {
	const folder = mkdtempSync(join(tmpdir(), "latchkey-delta-"));
	try {
		act(folder);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

export default function suite(t: Suite): void {
	t.test(
		"the delta of two versions is small beside the image and beside bsdiff, and makes the image whole",
		({ note }) => {
			inFolder((folder) => {
				const [old, next] = twoVersions(folder);
				check.ok(!bytesEqual(old, next));
				const patch = makeDelta(old, next);
				const made = check.accepted(applyDelta(old, patch, next.length));
				check.ok(bytesEqual(made, next));
				const paths = ["old", "new", "bsdiff"].map((name) => join(folder, name));
				execFileSync("bsdiff", paths, { timeout: TOOL_MS });
				const bsdiff = statSync(paths[2]!).size;
				note(`${patch.length} bytes for ${next.length}; bsdiff ${bsdiff}`);
				check.ok(patch.length * 100 <= next.length * PERCENT_MAX, `${patch.length} of ${next.length}`);
				check.ok(patch.length <= bsdiff * BSDIFF_MAX, `${patch.length}, bsdiff ${bsdiff}`);
			});
		},
	);

	t.test("the same images give the same delta, on every machine", () => {
		const { source, result, patch } = keptPatch();
		check.bytes(makeDelta(source, result), patch);
	});

	t.test("suffixes are in order, and matches make the result without a gap", ({ random, effort }) => {
		for (let round = 0; round < 20 * effort; round++) {
			const source =
				round % 4 === 0 ? new Uint8Array(random.below(300)) : imageLike(random, random.below(400));
			const order = [...suffixArray(source)];
			const expected = order.slice().sort((a, b) => Buffer.compare(source.subarray(a), source.subarray(b)));
			check.deepEqual(order, expected);
			check.equal(new Set(order).size, source.length);
			const result = random.mutate(random.mutate(source));
			let at = 0;
			for (const match of findMatches(source, result)) {
				check.equal(match.result, at);
				check.ok(match.source >= 0 && match.source + match.bytes <= source.length);
				at += match.bytes + match.inserted;
			}
			check.equal(at, result.length);
		}
	});
}
