/** Files that are replaced whole. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../tools/update/whole-file.ts";
import { check, type Suite } from "../harness/test.ts";
import { temporaryFolder } from "./support/temporary.ts";

export default function suite(t: Suite): void {
	t.test(
		"a file that is replaced is written through no link, and a write that fails leaves no draft (T12)",
		() => {
			const dir = temporaryFolder();
			const path = join(dir, "file");
			writeWhole(path, Uint8Array.of(1));
			writeWhole(path, Uint8Array.of(2));
			check.bytes(readFileSync(path), Uint8Array.of(2));
			check.deepEqual(readdirSync(dir), ["file"]);
			// What was foreseen as the draft's name.
			const victim = join(temporaryFolder(), "victim");
			writeFileSync(victim, "mine");
			symlinkSync(victim, `${path}.${process.pid}.new`);
			writeWhole(path, Uint8Array.of(3));
			check.equal(readFileSync(victim, "utf8"), "mine");
			rmSync(`${path}.${process.pid}.new`);
			mkdirSync(join(dir, "folder", "in"), { recursive: true });
			check.throws(() => writeWhole(join(dir, "folder"), Uint8Array.of(4)));
			check.deepEqual(readdirSync(dir).sort(), ["file", "folder"]);
		},
	);
}
