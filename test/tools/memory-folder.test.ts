/** Where a test run puts its files. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compiledPath } from "../harness/files.ts";
import { check, SkipTest, type Suite } from "../harness/test.ts";
import { memoryFolder } from "../memory-folder.ts";

const MEMORY = "/dev/shm";

/** What a process of its own says of the folder it got, before `end`. */
function run(end = ""): string {
	const module = JSON.stringify(pathToFileURL(compiledPath("test/memory-folder.ts")).href);
	const program = `import { memoryFolder } from ${module}; console.log(memoryFolder("${MEMORY}", 1)); ${end}`;
	const words = ["--input-type=module", "--eval", program];
	return spawnSync(process.execPath, words, { encoding: "utf8" }).stdout.trim();
}

export default function suite(t: Suite): void {
	t.test("files of a test run are in memory only where it is a memory file system with enough room", () => {
		check.equal(memoryFolder("/proc", 1), undefined);
		check.equal(memoryFolder(join(tmpdir(), "latchkey-no-such-folder"), 1), undefined);
		check.equal(memoryFolder(MEMORY, Number.MAX_SAFE_INTEGER), undefined);
	});

	t.test("a test run's folder in memory goes with the run, or with the next one where it was killed", () => {
		if (memoryFolder(MEMORY, 1) === undefined) throw new SkipTest(`no file system in memory at ${MEMORY}`);
		check.equal(existsSync(run()), false);
		const left = run("process.kill(process.pid, 'SIGKILL')");
		const other = join(MEMORY, "latchkey-run-nobody");
		mkdirSync(other, { recursive: true });
		try {
			const next = run();
			for (const folder of [left, next]) check.equal(/^\/dev\/shm\/latchkey-run-\d+-/.test(folder), true);
			check.equal(existsSync(left), false);
			check.equal(existsSync(other), true);
		} finally {
			rmSync(other, { recursive: true, force: true });
		}
	});
}
