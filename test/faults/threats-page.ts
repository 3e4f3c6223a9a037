/**
 * docs/THREATS.md as data. A section for each threat and invariant of DESIGN 2 and 12:
 *
 *   ## T3: holds back a genuine command
 *   (prose)
 *   Code: `modules/access/delay.ts`, `modules/session/session.ts`
 *   Tests:
 *   - `test/unit/access/delay.test.ts`: an act is fresh up to the delay bound and stale beyond it (T3)
 *   Faults:
 *   - `T3-anchor-never-expires.patch`: an anchor serves for as long as its session
 *
 * A section without faults says why in a line that begins with "Not in this version:".
 */
export interface PageTest {
	/** A source file, or a folder of them. */
	readonly file: string;
	readonly name: string;
}

export interface PageSection {
	readonly id: string;
	readonly code: readonly string[];
	readonly tests: readonly PageTest[];
	/** File name -> the sentence beside it. */
	readonly faults: ReadonlyMap<string, string>;
	/** Nothing of this version answers it yet. */
	readonly isLater: boolean;
}

const HEADING = /^## ([TI][0-9]{1,2}): /;
const ENTRY = /^- `([^`]+)`: (.+)$/;

function parseSection(id: string, lines: readonly string[]): PageSection {
	const code: string[] = [];
	const tests: PageTest[] = [];
	const faults = new Map<string, string>();
	let list: "tests" | "faults" | undefined;
	for (const line of lines) {
		const entry = ENTRY.exec(line);
		if (line.startsWith("Code: ")) code.push(...[...line.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
		else if (line === "Tests:") list = "tests";
		else if (line === "Faults:") list = "faults";
		else if (entry === null || list === undefined) list = undefined;
		else if (list === "tests") tests.push({ file: entry[1]!, name: entry[2]! });
		else faults.set(entry[1]!, entry[2]!);
	}
	return { id, code, tests, faults, isLater: lines.some((line) => line.startsWith("Not in this version:")) };
}

export function parseThreatsPage(text: string): readonly PageSection[] {
	const sections: PageSection[] = [];
	const lines = text.split("\n");
	const starts = lines.flatMap((line, index) => (line.startsWith("## ") ? [index] : []));
	for (const [index, start] of starts.entries()) {
		const heading = HEADING.exec(lines[start]!);
		if (heading === null) continue;
		sections.push(parseSection(heading[1]!, lines.slice(start + 1, starts[index + 1] ?? lines.length)));
	}
	return sections;
}

/** The page with each section's faults as given, by id: file name -> sentence. Sections of later versions stay. */
export function withFaults(
	text: string,
	faults: ReadonlyMap<string, readonly (readonly [string, string])[]>,
): string {
	const written: string[] = [];
	let id: string | undefined;
	let inFaults = false;
	for (const line of text.split("\n")) {
		if (line.startsWith("## ")) id = HEADING.exec(line)?.[1];
		if (inFaults && ENTRY.test(line)) continue;
		inFaults = line === "Faults:";
		written.push(line);
		if (!inFaults || id === undefined) continue;
		for (const [file, sentence] of faults.get(id) ?? []) written.push(`- \`${file}\`: ${sentence}`);
	}
	return written.join("\n");
}
