/**
 * One build at a time: a lock that the kernel drops when its holder ends, however it ends (flock of util-linux).
 */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

const WAIT_SECONDS = 900;
const NOTICE_MS = 2_000;

/** Runs `work` while holding the lock; throws when it is not free within 15 minutes. */
export async function withLock(path, work) {
	mkdirSync(dirname(path), { recursive: true });
	// The holder lives as long as its standard input is open, so it cannot outlive this process.
	const holder = spawn("flock", ["--wait", String(WAIT_SECONDS), path, "sh", "-c", "echo held; exec cat"], {
		stdio: ["pipe", "pipe", "ignore"],
		detached: true,
	});
	holder.stdin.on("error", () => undefined);
	const ended = new Promise((resolve) => holder.on("close", resolve));
	const notice = setTimeout(() => process.stderr.write("  waiting for another build to end\n"), NOTICE_MS);
	const held = await new Promise((resolve, reject) => {
		holder.on("error", reject);
		holder.stdout.once("data", () => resolve(true));
		holder.once("close", () => resolve(false));
	});
	clearTimeout(notice);
	if (!held) throw new Error(`another build has held ${path} for ${WAIT_SECONDS} s`);
	try {
		return await work();
	} finally {
		holder.stdin.end();
		await ended;
	}
}
