/**
 * Processes by a mark in their environment, which every child inherits, also one that left its parent's group. So a
 * run ends all that it started, and a later run what a killed one could not. Linux only, as the host is.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Kills every process of this user, but this one, whose environment holds `name=value`; how many there were. */
export function killMarked(name: string, value: string): number {
	const mark = `${name}=${value}`;
	let killed = 0;
	for (const entry of readdirSync("/proc")) {
		const id = Number(entry);
		if (!Number.isInteger(id) || id === process.pid) continue;
		try {
			if (!readFileSync(`/proc/${entry}/environ`, "latin1").split("\0").includes(mark)) continue;
			process.kill(id, "SIGKILL");
			killed++;
		} catch {
			// Somebody else's, or gone meanwhile.
		}
	}
	return killed;
}
