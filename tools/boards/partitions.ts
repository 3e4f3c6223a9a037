/**
 * A partition table as ESP-IDF reads it (gen_esp32part.py), and what this firmware needs of one. A table that ESP-IDF takes can still
 * lose a lock: slots of different size, no sector between two writers, keys that are not encrypted. Pure; never throws.
 */
import { accept, type Result, refuse } from "../../modules/base/result.ts";

export interface Partition {
	readonly name: string;
	readonly type: "app" | "data";
	/** As it is written: a name, or a number. */
	readonly subtype: string;
	readonly offset: number;
	readonly bytes: number;
	readonly encrypted: boolean;
	readonly line: number;
}

const SECTOR = 0x1000;
const APP_ALIGNMENT = 0x10000;
/** Of CONFIG_PARTITION_TABLE_OFFSET: a signed boot loader needs more than the usual 28 KiB. */
export const TABLE_OFFSET = 0x10000;
/** NVS wants three pages to turn over in; STORAGE 5 counts with 64 for the records. */
const SECRET_BYTES_LEAST = 3 * SECTOR;
const RECORD_BYTES = 64 * SECTOR;
/** esp_partition.h: names that the tool knows, of what we use. */
const SUBTYPES: Readonly<Record<"app" | "data", RegExp>> = Object.freeze({
	app: /^(factory|test|ota_(\d|1[0-5])|0x[0-9a-f]{1,2})$/i,
	data: /^(ota|phy|nvs|nvs_keys|efuse|spiffs|littlefs|undefined|0x[0-9a-f]{1,2})$/i,
});

function number(text: string): number | undefined {
	const match = /^(0x[0-9a-f]{1,8}|\d{1,9})([KM]?)$/i.exec(text);
	if (match === null) return undefined;
	const unit = match[2]?.toUpperCase() === "K" ? 1024 : match[2]?.toUpperCase() === "M" ? 1024 * 1024 : 1;
	const value = Number(match[1]) * unit;
	return value <= 0xffffffff ? value : undefined;
}

/** Every line must say its offset: a table that moves by itself is another table. */
export function parsePartitions(
	text: string,
): Result<readonly Partition[], "form"> & { readonly flaws: readonly string[] } {
	const partitions: Partition[] = [];
	const flaws: string[] = [];
	for (const [index, whole] of text.split("\n").entries()) {
		const line = whole.trim();
		if (line === "" || line.startsWith("#")) continue;
		const [name = "", type = "", subtype = "", offsetText = "", sizeText = "", flags = ""] = line
			.split(",")
			.map((part) => part.trim());
		const at = `line ${index + 1}`;
		const offset = number(offsetText);
		const bytes = number(sizeText);
		if (!/^[A-Za-z0-9_]{1,15}$/.test(name)) flaws.push(`${at}: "${name}" is no name of 1 to 15 characters`);
		else if (type !== "app" && type !== "data") flaws.push(`${at}: type "${type}" is neither app nor data`);
		else if (!SUBTYPES[type].test(subtype)) flaws.push(`${at}: there is no ${type} subtype "${subtype}"`);
		else if (offset === undefined) flaws.push(`${at}: "${offsetText}" is no offset`);
		else if (bytes === undefined || bytes === 0) flaws.push(`${at}: "${sizeText}" is no size`);
		else if (flags !== "" && flags !== "encrypted") flaws.push(`${at}: flags "${flags}" are not ours`);
		else
			partitions.push({
				name,
				type,
				subtype: subtype.toLowerCase(),
				offset,
				bytes,
				encrypted: flags === "encrypted",
				line: index + 1,
			});
	}
	if (flaws.length > 0) return { ...refuse("form"), flaws };
	return { ...accept(partitions), flaws: [] };
}

function hex(value: number): string {
	return `0x${value.toString(16).toUpperCase()}`;
}

function placeFlaws(partitions: readonly Partition[], flashBytes: number): string[] {
	const flaws: string[] = [];
	const sorted = [...partitions].sort((a, b) => a.offset - b.offset);
	let end = TABLE_OFFSET + SECTOR;
	let before = "the partition table";
	for (const { name, type, offset, bytes } of sorted) {
		const alignment = type === "app" ? APP_ALIGNMENT : SECTOR;
		if (offset % alignment !== 0)
			flaws.push(`${name}: offset ${hex(offset)} is no multiple of ${hex(alignment)}`);
		if (bytes % SECTOR !== 0) flaws.push(`${name}: size ${hex(bytes)} is no multiple of ${hex(SECTOR)}`);
		if (offset < end) flaws.push(`${name}: overlaps ${before}, which ends at ${hex(end)}`);
		if (offset + bytes > flashBytes)
			flaws.push(
				`${name}: ends at ${hex(offset + bytes)}, beyond the flash of ${flashBytes / 1024 / 1024} MB`,
			);
		end = Math.max(end, offset + bytes);
		before = name;
	}
	return flaws;
}

/** What is wrong with the table for a flash of so many bytes; `imageBytes` is the budget of the larger image. */
export function partitionFlaws(
	partitions: readonly Partition[],
	flashBytes: number,
	imageBytes: number,
): string[] {
	const flaws = placeFlaws(partitions, flashBytes);
	const named = new Map(partitions.map((each) => [each.name, each]));
	if (named.size !== partitions.length) flaws.push("two partitions have one name");
	const of = (type: "app" | "data", subtype: string): Partition[] =>
		partitions.filter((each) => each.type === type && each.subtype === subtype);
	const slots = partitions.filter((each) => each.type === "app" && each.subtype.startsWith("ota_"));
	const [first, second] = slots;
	if (slots.length !== 2 || of("app", "ota_0").length !== 1 || of("app", "ota_1").length !== 1)
		flaws.push("there must be two slots, ota_0 and ota_1, and no third");
	else if (first!.bytes !== second!.bytes)
		flaws.push(`the slots differ: ${hex(first!.bytes)} and ${hex(second!.bytes)}`);
	for (const { name, bytes } of slots) {
		if (bytes < imageBytes)
			flaws.push(`${name}: ${hex(bytes)} is less than the budget of an image, ${imageBytes}`);
	}
	if (of("app", "factory").length + of("app", "test").length > 0)
		flaws.push("a factory or test app cannot be: anti-rollback refuses the build");
	const otadata = of("data", "ota");
	if (otadata.length !== 1 || otadata[0]!.bytes !== 2 * SECTOR)
		flaws.push("otadata must be there once, two sectors long");
	const keys = of("data", "nvs_keys");
	if (keys.length !== 1 || !keys[0]!.encrypted || keys[0]!.bytes !== SECTOR)
		flaws.push(
			"nvs_keys must be there once, one sector long and encrypted: NVS encryption has its keys there",
		);
	const records = named.get("nvs");
	if (records?.subtype !== "nvs" || records.bytes < RECORD_BYTES)
		flaws.push(
			`"nvs" must be there with ${hex(RECORD_BYTES)} at least: the wear of STORAGE 5 counts with it`,
		);
	const secrets = named.get("secrets");
	if (secrets?.subtype !== "nvs" || secrets.bytes < SECRET_BYTES_LEAST)
		flaws.push(`"secrets" must be there with ${hex(SECRET_BYTES_LEAST)} at least: keys lie in it (I1)`);
	const recovery = of("app", "0x30");
	if (flashBytes >= 8 * 1024 * 1024 && recovery.length !== 1)
		flaws.push("a flash of 8 MB must have the recovery image, app 0x30");
	return flaws;
}
