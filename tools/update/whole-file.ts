/** Files that are replaced whole: an interruption, or a power cut, leaves the old one or the new one. */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";

export function writeWhole(path: string, bytes: Uint8Array): void {
	const draft = `${path}.${process.pid}.new`;
	const file = openSync(draft, "w");
	try {
		writeFileSync(file, bytes);
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
	renameSync(draft, path);
}
