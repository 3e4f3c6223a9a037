/**
 * A fault: one protection taken away, as a patch, with the tests that must notice. One file each, named for the first
 * threat or invariant that it serves (DESIGN 2 and 12): test/faults/T3-stamps-not-checked.patch. git apply skips the
 * header, which stands above the first "diff" line:
 *
 *   Fault: the delay bound is not checked, so a command is fresh however late it comes
 *   Threat: T3                                  (one or more ids, with commas)
 *   Invariant: I2                               (the same; at least one id in both together)
 *   Runs: unit --only test/unit/app             (a runner of runners.ts and its words; may be repeated)
 *   Must fail: test/unit/app/unlock.test.ts: an unlock held back ... (T3)     (as the runner prints it; may be repeated)
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const FAULTS_FOLDER = "test/faults";

export interface Fault {
	/** From the root of the repository. */
	readonly file: string;
	/** What the patch takes away, one sentence. */
	readonly sentence: string;
	/** "T3", "I2". */
	readonly ids: readonly string[];
	/** Each a runner's name and its words. */
	readonly runs: readonly string[];
	readonly mustFail: readonly string[];
	/** Files that the patch touches, from the root of the repository. */
	readonly touches: readonly string[];
}

const FILE_NAME = /^([TI][0-9]{1,2})-[a-z0-9-]+\.patch$/;
const FIELD = /^(Fault|Threat|Invariant|Runs|Must fail): (.+)$/;
const TOUCHED = /^(?:---|\+\+\+) [ab]\/(.+)$/;

/** Throws what is wrong with the file. */
export function parseFault(file: string, text: string): Fault {
	const named = FILE_NAME.exec(file.slice(FAULTS_FOLDER.length + 1));
	if (named === null) throw new Error("is not named <threat or invariant>-<slug>.patch");
	const lines = text.split("\n");
	const start = lines.findIndex((line) => line.startsWith("diff --git "));
	if (start < 0) throw new Error("has no line that begins with 'diff --git'");
	const fields = new Map<string, string[]>();
	for (const line of lines.slice(0, start)) {
		if (line === "") continue;
		const field = FIELD.exec(line);
		if (field === null) throw new Error(`has a header line that is none: ${line}`);
		fields.set(field[1]!, [...(fields.get(field[1]!) ?? []), field[2]!]);
	}
	const all = (name: string): readonly string[] => fields.get(name) ?? [];
	const ids = [...all("Threat"), ...all("Invariant")].flatMap((value) => value.split(/, */));
	if (all("Fault").length !== 1) throw new Error("has not one line 'Fault:'");
	if (ids.some((id) => !/^[TI][0-9]{1,2}$/.test(id)))
		throw new Error(`has ids that are none: ${ids.join(", ")}`);
	if (!ids.includes(named[1]!)) throw new Error(`does not list the id of its name, ${named[1]}`);
	if (all("Runs").length === 0) throw new Error("has no line 'Runs:'");
	if (all("Must fail").length === 0) throw new Error("has no line 'Must fail:'");
	const touches = lines.slice(start).flatMap((line) => TOUCHED.exec(line)?.[1] ?? []);
	return {
		file,
		sentence: all("Fault")[0]!,
		ids: [...new Set(ids)],
		runs: all("Runs"),
		mustFail: all("Must fail"),
		touches: [...new Set(touches)],
	};
}

/** Every fault, or what is wrong with its file, by path. */
export function readFaults(root: string): Map<string, Fault | Error> {
	const faults = new Map<string, Fault | Error>();
	for (const name of readdirSync(join(root, FAULTS_FOLDER)).sort()) {
		if (!name.endsWith(".patch")) continue;
		const file = `${FAULTS_FOLDER}/${name}`;
		try {
			faults.set(file, parseFault(file, readFileSync(join(root, file), "utf8")));
		} catch (error) {
			faults.set(file, error as Error);
		}
	}
	return faults;
}
