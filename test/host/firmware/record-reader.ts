/**
 * Boots the record store in each directory that the file named by `list` names (one a line), and prints for each
 * one line: the index, then name=status for every record that a reader finds or misses.
 */
import KeyValue from "embedded:storage/key-value";

const restart = native<(directory: string) => void>("xs_files_restart");
const argument = native<(key: string) => string>("xs_system_argument");
const NAMES = Object.freeze(["a", "floor", "grant.1", "0123456789abcde"]);

function crc32(bytes: Uint8Array): number {
	let crc = ~0;
	for (const byte of bytes) {
		crc ^= byte;
		for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc >>> 0;
}

function status(name: string): string {
	try {
		const value = KeyValue.open({ path: "domain", mode: "r" }).read(name);
		return value === undefined ? "absent" : crc32(new Uint8Array(value as ArrayBuffer)).toString(16);
	} catch (error) {
		return (error as { code?: string }).code ?? String(error);
	}
}

const [folder, count] = [argument("folder"), Number(argument("count"))];
for (let index = 0; index < count; index++) {
	restart(`${folder}/${index}`);
	const names = [...KeyValue.open({ path: "domain" })].sort().join(",");
	trace(`${index} ${NAMES.map((name) => `${name}=${status(name)}`).join(" ")} names=${names}\n`);
}
native<() => never>("xs_system_reboot")();
