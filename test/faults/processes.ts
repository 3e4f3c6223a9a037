/**
 * Processes by a mark in their environment, which every child inherits, also one that left its parent's group. So a
 * run ends all that it started, and a later run what a killed one could not. Linux only, as the host is.
 */
import { readdirSync, readFileSync } from "node:fs";

/** What begins processes faster than this is ended by nobody. */
const SCANS_MAX = 100;

/** Every process of this user, but this one, whose environment holds `name=value`. One that is ending may still count. */
export function markedProcesses(name: string, value: string): readonly number[] {
	const mark = `${name}=${value}`;
	return readdirSync("/proc")
		.map(Number)
		.filter((id) => {
			if (!Number.isInteger(id) || id === process.pid) return false;
			try {
				return readFileSync(`/proc/${id}/environ`, "latin1").split("\0").includes(mark);
			} catch {
				// Somebody else's, or gone meanwhile.
				return false;
			}
		});
}

/**
 * Kills all of them, and what they began meanwhile: looks until a scan finds none that it has not killed before. How many there
 * were. A process that took the mark out of its environment is out of reach.
 */
export function killMarked(name: string, value: string): number {
	const killed = new Set<number>();
	for (let scan = 0; scan < SCANS_MAX; scan++) {
		const found = markedProcesses(name, value).filter((id) => !killed.has(id));
		if (found.length === 0) break;
		for (const id of found) {
			killed.add(id);
			try {
				process.kill(id, "SIGKILL");
			} catch {
				// Gone meanwhile.
			}
		}
	}
	return killed.size;
}
