/**
 * `npm run tidy`: checks every source against rules.ts. One line a violation, exit 1 when there is one; then a report
 * of the longest files (STYLE: aim under 250 lines, look again at 400), which fails nothing.
 *
 *   node build/js/tools/tidy/tidy.js [ROOT]
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { checkSource } from "./rules.ts";

const FOLDERS = Object.freeze(["modules", "hosts", "tools", "test"]);
const AIM_LINES = 250;
const LOOK_AGAIN_LINES = 400;

const root = resolve(process.argv[2] ?? resolve(dirname(fileURLToPath(import.meta.url)), "../../../.."));

function sources(): string[] {
	const paths = existsSync(join(root, "main.ts")) ? ["main.ts"] : [];
	for (const folder of FOLDERS) {
		if (!existsSync(join(root, folder))) continue;
		for (const entry of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
			const path = `${folder}/${entry.split(sep).join("/")}`;
			if (path.endsWith(".ts") && !path.endsWith(".d.ts") && !path.includes("/node_modules/"))
				paths.push(path);
		}
	}
	return paths.sort();
}

let violations = 0;
const long: string[] = [];
const paths = sources();
for (const path of paths) {
	const text = readFileSync(join(root, path), "utf8");
	for (const { line, message } of checkSource(path, text)) {
		process.stdout.write(`${path}:${line}: ${message}\n`);
		violations++;
	}
	const lines = text.split("\n").length - 1;
	if (lines > AIM_LINES)
		long.push(`# ${lines > LOOK_AGAIN_LINES ? "look again" : "long"}: ${path}, ${lines} lines`);
}
for (const line of long) process.stdout.write(`${line}\n`);
if (paths.length === 0) process.stdout.write(`tidy: no sources under ${root}\n`);
process.stdout.write(
	`# tidy: ${paths.length} files, ${violations} violations, ${long.length} above ${AIM_LINES} lines\n`,
);
process.exitCode = violations === 0 && paths.length > 0 ? 0 : 1;
