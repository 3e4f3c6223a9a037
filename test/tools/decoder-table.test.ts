/**
 * Every decoder that modules/ and tools/hil export has a row in test/property/decoders/table.ts, and every row stands for one: a decoder
 * that nobody put there would be held to nothing (I9).
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { ROOT } from "../harness/files.ts";
import { check, type Suite } from "../harness/test.ts";
import { DECODERS, nameOf } from "../property/decoders/table.ts";

/** Decoders that take more than bytes, with the test that holds them to the same. */
const ELSEWHERE: Readonly<Record<string, string>> = Object.freeze({});

const FUNCTION = /^export (?:async )?function ((?:decode|read|parse|verify)[A-Z]\w*)/gm;
const CLASS = /^export class (\w*(?:Reader|Decoder|Deframer))\b/gm;
const CODEC = /^(?:export )?const (\w+)(?:: [^=]+)? = recordCodec\b/gm;
const CODEC_CALL = /\brecordCodec(?:<[^(]*>)?\(/g;
const CODEC_ITSELF = "modules/store/store.ts";

/** What a source exports that looks like a decoder, by file and name; a codec that has no name shows as such. */
function decodersIn(file: string, text: string): readonly string[] {
	const named = [FUNCTION, CLASS, CODEC].flatMap((pattern) =>
		[...text.matchAll(pattern)].map((match) => match[1]!),
	);
	const calls = file === CODEC_ITSELF ? 0 : [...text.matchAll(CODEC_CALL)].length;
	const codecs = [...text.matchAll(CODEC)].length;
	const nameless = Array.from({ length: calls - codecs }, () => "(a codec that is no constant)");
	return [...named, ...nameless].map((name) => `${file} ${name}`);
}

function decodersOf(folder: string): readonly string[] {
	return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
		.filter((entry) => entry.endsWith(".ts"))
		.flatMap((entry) => {
			const file = `${folder}/${entry.split(sep).join("/")}`;
			return decodersIn(file, readFileSync(join(ROOT, file), "utf8"));
		});
}

function missing(found: readonly string[], rows: readonly string[]): readonly string[] {
	return found.filter((name) => !rows.includes(name) && !Object.hasOwn(ELSEWHERE, name));
}

export default function suite(t: Suite): void {
	const rows = DECODERS.map(nameOf);

	t.test("every decoder of modules/ is held to the properties of decoders (I9)", () => {
		check.deepEqual(missing(decodersOf("modules"), rows), []);
	});

	t.test("every decoder of tools/hil is held to the properties of decoders (I9)", () => {
		const found = decodersOf("tools/hil");
		check.ok(found.includes("tools/hil/rig-line.ts decodeRigLine"), found.join("\n"));
		check.deepEqual(missing(found, rows), []);
	});

	t.test("a row is unique and names what its file exports", () => {
		check.equal(new Set(rows).size, rows.length);
		for (const { file, name } of DECODERS) {
			const text = readFileSync(join(ROOT, file), "utf8");
			check.ok(new RegExp(`^export (function|class|const) ${name}\\b`, "m").test(text), `${file} ${name}`);
		}
	});

	t.test("a decoder that is tested elsewhere is named there", () => {
		for (const [decoder, file] of Object.entries(ELSEWHERE)) {
			const name = decoder.split(" ")[1]!;
			check.ok(readFileSync(join(ROOT, file), "utf8").includes(name), decoder);
			check.ok(decodersOf("modules").includes(decoder), `${decoder} is gone`);
		}
	});

	t.test("a decoder that somebody adds without a row is found, whatever its shape", () => {
		const text = [
			"export function decodeThing(bytes: Uint8Array): Thing | undefined {",
			"export class ThingReader {",
			"const THING: RecordCodec<Thing> = recordCodec({",
			"export const OTHER = recordCodec<Thing>({",
			"	return this.read(recordCodec({",
			"function decodePart(bytes: Uint8Array) {",
		].join("\n");
		check.deepEqual(missing(decodersIn("modules/wire/thing.ts", text), rows), [
			"modules/wire/thing.ts decodeThing",
			"modules/wire/thing.ts ThingReader",
			"modules/wire/thing.ts THING",
			"modules/wire/thing.ts OTHER",
			"modules/wire/thing.ts (a codec that is no constant)",
		]);
		check.deepEqual(missing(["modules/wire/hello.ts decodeHello"], rows), []);
	});
}
