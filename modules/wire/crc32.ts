/** CRC-32 (ISO-HDLC: reflected 0x04C11DB7, as in zlib and Ethernet). It finds accidents, never an attacker. */

/** The remainders of the sixteen nibbles. */
const TABLE = Object.freeze([
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320,
	0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
]);

/** 0 .. 2^32 - 1. */
export function crc32(bytes: Uint8Array): number {
	let crc = -1;
	for (let index = 0; index < bytes.length; index++) {
		crc ^= bytes[index]!;
		crc = (crc >>> 4) ^ TABLE[crc & 15]!;
		crc = (crc >>> 4) ^ TABLE[crc & 15]!;
	}
	return ~crc >>> 0;
}
