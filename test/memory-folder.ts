/**
 * A folder in memory for the files of a test run. Tests write small files and sync each of them; on a disk most of their time is
 * waiting for it. What a power cut leaves of a file is worked out from the journal of its operations (test/host/cut.ts), never read off a disk,
 * so no test proves less there. Where there is no such file system, too little room in it, or programs may not run from it, there is no folder,
 * and tests use the system's.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";

/** Linux's number of tmpfs (statfs(2)). */
const TMPFS = 0x01021994;
/** What a whole run with planted faults takes: two trees with their builds. */
const ROOM_BYTES = 4 * 2 ** 30;
const PREFIX = "latchkey-run-";

/** A new folder under `parent`, which is gone when the process ends; undefined: `parent` is of no use. */
export function memoryFolder(parent = "/dev/shm", roomBytes = ROOM_BYTES): string | undefined {
	let folder: string | undefined;
	try {
		const { type, bavail, bsize } = statfsSync(parent);
		if (type !== TMPFS || bavail * bsize < roomBytes || freemem() < roomBytes) return undefined;
		removeStale(parent);
		folder = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
		const program = join(folder, "program");
		writeFileSync(program, "#!/bin/sh\n", { mode: 0o700 });
		execFileSync(program);
		rmSync(program);
	} catch {
		// Not there, not ours to write, or mounted noexec.
		if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
		return undefined;
	}
	const mine = folder;
	process.on("exit", () => rmSync(mine, { recursive: true, force: true, maxRetries: 3 }));
	return mine;
}

/** What a killed run left there: the name holds its process id. */
function removeStale(parent: string): void {
	for (const name of readdirSync(parent)) {
		if (!name.startsWith(PREFIX)) continue;
		try {
			process.kill(Number.parseInt(name.slice(PREFIX.length), 10), 0);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "ESRCH") continue;
			rmSync(join(parent, name), { recursive: true, force: true });
		}
	}
}
