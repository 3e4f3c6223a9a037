/**
 * modules/wire/crc32 for whole images: four bytes a step by tables of 4 KiB, which a lock has no room for. Runs on both
 * engines, in tools and in the simulator.
 */
const SLICES = 4;
const TABLES: readonly Uint32Array[] = makeTables();

function makeTables(): Uint32Array[] {
	const tables = Array.from({ length: SLICES }, () => new Uint32Array(256));
	for (let byte = 0; byte < 256; byte++) {
		let rest = byte;
		for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
		tables[0]![byte] = rest;
	}
	for (let slice = 1; slice < SLICES; slice++) {
		for (let byte = 0; byte < 256; byte++) {
			const former = tables[slice - 1]![byte]!;
			tables[slice]![byte] = (former >>> 8) ^ tables[0]![former & 0xff]!;
		}
	}
	return tables;
}

/** Goes on from the checksum of what is before `bytes`; 0 .. 2^32 - 1. */
export function quickCrc32(bytes: Uint8Array, before = 0): number {
	const [table0, table1, table2, table3] = TABLES as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
	const { length } = bytes;
	const whole = length - (length % SLICES);
	let crc = ~before;
	let at = 0;
	for (; at < whole; at += SLICES) {
		crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
		crc =
			table3[crc & 0xff]! ^
			table2[(crc >>> 8) & 0xff]! ^
			table1[(crc >>> 16) & 0xff]! ^
			table0[(crc >>> 24) & 0xff]!;
	}
	for (; at < length; at++) crc = (crc >>> 8) ^ table0[(crc ^ bytes[at]!) & 0xff]!;
	return ~crc >>> 0;
}
