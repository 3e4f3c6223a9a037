/** Holds docs/OPERATIONS.md to the relay: each event that it logs has its row, and every fence of commands is closed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../harness/files.ts";
import { check, type Suite } from "../harness/test.ts";

/** `write("info", "event"` and what cli.ts hands on as `failed("event")`. */
const WRITTEN = /(?:\.write\("(?:info|warning|error)",\s*|\bfailed\()"([a-z-]+)"/g;

function readDocument(): string {
	return readFileSync(join(ROOT, "docs/OPERATIONS.md"), "utf8");
}

function loggedEvents(): string[] {
	const folder = join(ROOT, "tools/relay");
	const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
	return [
		...new Set(sources.flatMap((source) => [...source.matchAll(WRITTEN)].map((match) => match[1]!))),
	].sort();
}

/** Names in the first column of the table under "What it logs". */
function documentedEvents(document: string): string[] {
	const section = document.split(/^## /m).find((each) => each.startsWith("What it logs")) ?? "";
	const cells = section.split("\n").filter((line) => line.startsWith("| `"));
	return cells
		.flatMap((line) => [...line.split("|")[1]!.matchAll(/`([a-z-]+)`/g)].map((match) => match[1]!))
		.sort();
}

export default function suite(t: Suite): void {
	t.test("the table of events has each that the relay logs, and no other", () => {
		const events = loggedEvents();
		check.ok(events.length >= 15, `${events.length} events were found`);
		check.deepEqual(documentedEvents(readDocument()), events);
	});

	t.test("every fence of commands is closed", () => {
		const fences = readDocument().match(/^ *```.*$/gm) ?? [];
		check.equal(fences.length % 2, 0);
		for (let index = 1; index < fences.length; index += 2) check.equal(fences[index]!.trim(), "```");
	});
}
