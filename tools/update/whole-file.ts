/**
 * Files that are replaced whole: an interruption, or a power cut, leaves the old one or the new one. The draft beside it is new under a
 * name that nobody could prepare, and never stays.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export function writeWhole(path: string, bytes: Uint8Array): void {
	const draft = `${path}.${randomBytes(8).toString("hex")}.new`;
	const file = openSync(draft, "wx");
	try {
		try {
			writeFileSync(file, bytes);
			fsyncSync(file);
		} finally {
			closeSync(file);
		}
		renameSync(draft, path);
	} catch (error) {
		rmSync(draft, { force: true });
		throw error;
	}
	syncFolder(dirname(path));
}

/** Else a power cut may leave the old name. */
function syncFolder(path: string): void {
	const folder = openSync(path, "r");
	try {
		fsyncSync(folder);
	} finally {
		closeSync(folder);
	}
}
