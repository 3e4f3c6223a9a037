/** imageIsWhole with zlib's checksum and no copy: a boot loader looks at its slots in every boot, and a sweep boots thousands of times. */
import { crc32 } from "node:zlib";
import type { ImageHeader } from "../../tools/update/image-header.ts";

const CRC_OFFSET = 36;
const CRC_END = 40;

export function fastIsWhole(header: ImageHeader, sectors: readonly Uint8Array[]): boolean {
	let crc = 0;
	let at = 0;
	for (const sector of sectors) {
		const part = sector.subarray(0, header.bytes - at);
		// The checksum is not of itself.
		crc = at === 0 ? crc32(part.subarray(CRC_END), crc32(part.subarray(0, CRC_OFFSET))) : crc32(part, crc);
		at += part.length;
		if (at === header.bytes) break;
	}
	return crc === header.checksum;
}
