/** The names of settings that ESP-IDF's own Kconfig files declare, of a checkout. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

function collect(folder: string, found: Set<string>): void {
	for (const entry of readdirSync(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) {
			if (entry.name !== ".git" && entry.name !== "test_apps") collect(path, found);
		} else if (entry.name.startsWith("Kconfig")) {
			for (const [, name] of readFileSync(path, "utf8").matchAll(/^\s*(?:menu)?config\s+([A-Z0-9_]+)\s*$/gm))
				found.add(name!);
		}
	}
}

export function idfSymbols(idfPath: string): ReadonlySet<string> {
	const found = new Set<string>();
	collect(join(idfPath, "components"), found);
	for (const [, name] of readFileSync(join(idfPath, "Kconfig"), "utf8").matchAll(
		/^\s*(?:menu)?config\s+([A-Z0-9_]+)\s*$/gm,
	))
		found.add(name!);
	return found;
}
