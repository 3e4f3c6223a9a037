/**
 * Whether a board's directory was flashed with an image already: the host keeps the header of the one that it flashed last
 * (hosts/linux/boot-record.h), and the header has the image's checksum. What an update put into a slot since does not matter.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual } from "../../modules/base/bytes.ts";
import { IMAGE_HEADER_BYTES } from "../update/image-header.ts";

/** False when the image cannot be read: the board says that better. */
export function needsFlash(dir: string, image: string): boolean {
	const wanted = readStart(image);
	const flashed = readStart(join(dir, "flashed"));
	return wanted !== undefined && (flashed === undefined || !bytesEqual(wanted, flashed));
}

function readStart(path: string): Uint8Array | undefined {
	let file: number;
	try {
		file = openSync(path, "r");
	} catch {
		return undefined;
	}
	try {
		const bytes = new Uint8Array(IMAGE_HEADER_BYTES);
		return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
	} catch {
		return undefined;
	} finally {
		closeSync(file);
	}
}
