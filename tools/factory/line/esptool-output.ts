/**
 * What Espressif's tools print, read (esptool and espefuse, versions 4 and 5). The tools' output is anybody's who is at the
 * port, so it is bounded and never trusted beyond its form. Never throws.
 */
import { accept, type Result, refuse } from "../../../modules/base/result.ts";
import type { ChipIdentity } from "./chip-driver.ts";
import type { FuseReading } from "./fuses.ts";

/** More than either tool ever prints. */
export const OUTPUT_BYTES_MAX = 262_144;
const FUSES_MAX = 512;

/** "ESP32-C6FH4 (QFN32)" is an ESP32-C6, "ESP32-D0WD-V3" an ESP32. */
const CHIP = /^(?:Chip is|Chip type:)\s+ESP32(?:-([CHPS][1-9]\d?)(?!\d))?/m;
const MAC = /^(?:BASE )?MAC:\s+((?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2})\s*$/m;
const FLASH = /^Detected flash size:\s+(\d{1,4})(KB|MB)\s*$/m;
const SECURED = /in Secure Download Mode\b/;

export function decodeIdentity(text: string): Result<ChipIdentity, "output" | "secured"> {
	if (text.length > OUTPUT_BYTES_MAX) return refuse("output");
	if (SECURED.test(text)) return refuse("secured");
	const chip = CHIP.exec(text);
	const mac = MAC.exec(text)?.[1]?.toLowerCase();
	const size = FLASH.exec(text);
	if (chip === null || mac === undefined || size === null) return refuse("output");
	const flashBytes = Number(size[1]) * (size[2] === "MB" ? 1_048_576 : 1_024);
	return flashBytes > 0
		? accept({ chip: chip[1] === undefined ? "ESP32" : `ESP32-${chip[1]}`, mac, flashBytes })
		: refuse("output");
}

/** esptool says it with each command of an open chip. */
export function macSaid(text: string): string | undefined {
	return text.length > OUTPUT_BYTES_MAX ? undefined : MAC.exec(text)?.[1]?.toLowerCase();
}

/** Bits of GET_SECURITY_INFO, as esptool has them (esptool/loader.py, SECURITY_INFO_FLAG_MAP), by espefuse's names. */
const SECURITY_FLAGS: readonly (readonly [bit: number, name: string])[] = Object.freeze([
	[0, "SECURE_BOOT_EN"],
	[1, "SECURE_BOOT_AGGRESSIVE_REVOKE"],
	[2, "ENABLE_SECURITY_DOWNLOAD"],
	[3, "SECURE_BOOT_KEY_REVOKE0"],
	[4, "SECURE_BOOT_KEY_REVOKE1"],
	[5, "SECURE_BOOT_KEY_REVOKE2"],
	[9, "DIS_DOWNLOAD_DCACHE"],
	[10, "DIS_DOWNLOAD_ICACHE"],
]);
/** Of key blocks 0 to 5; the numbers of ESP32-S3, C3 and C6 (espefuse, KeyPurposeField). */
const DIGEST_PURPOSE_FIRST = 9;
const KEY_BLOCKS = 6;
const FLAGS = /^Flags:\s+0x([0-9a-fA-F]{8})\b/m;
const PURPOSES = /^Key Purposes:\s+\((\d{1,3}(?:, \d{1,3}){6})\)/m;
const CRYPT_COUNT = /^SPI Boot Crypt Count \(SPI_BOOT_CRYPT_CNT\):\s+0x([0-7])\s*$/m;

/** `get_security_info`, which a chip answers in secure download mode too. It does not say each eFuse. */
export function decodeSecurity(text: string): Result<FuseReading, "output"> {
	if (text.length > OUTPUT_BYTES_MAX) return refuse("output");
	const flags = FLAGS.exec(text)?.[1];
	const purposes = PURPOSES.exec(text)?.[1]?.split(", ").map(Number);
	const count = CRYPT_COUNT.exec(text)?.[1];
	if (flags === undefined || purposes === undefined || count === undefined) return refuse("output");
	const bits = Number.parseInt(flags, 16);
	const reading = new Map<string, string>();
	for (const [bit, name] of SECURITY_FLAGS) reading.set(name, String((bits >>> bit) & 1));
	reading.set("SPI_BOOT_CRYPT_CNT", count);
	for (const [block, purpose] of purposes.slice(0, KEY_BLOCKS).entries()) {
		const digest = purpose - DIGEST_PURPOSE_FIRST;
		const name = digest >= 0 && digest <= 2 ? `SECURE_BOOT_DIGEST${digest}` : undefined;
		reading.set(`KEY_PURPOSE_${block}`, name ?? (purpose === 0 ? "USER" : String(purpose)));
	}
	return accept(reading);
}

/** The factory MAC in a summary: "7c:df:a1:0b:02:fe (OK)". */
export function macOf(reading: FuseReading): string | undefined {
	return /^((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\b/i.exec(reading.get("MAC") ?? "")?.[1]?.toLowerCase();
}

/** `summary --format json`, which stands behind what the tool says first. */
export function decodeSummary(text: string): Result<FuseReading, "output"> {
	if (text.length > OUTPUT_BYTES_MAX) return refuse("output");
	const start = text.search(/^\{/m);
	const parsed = start < 0 ? undefined : parseObject(text.slice(start));
	if (parsed === undefined) return refuse("output");
	const entries = Object.entries(parsed);
	if (entries.length === 0 || entries.length > FUSES_MAX) return refuse("output");
	const reading = new Map<string, string>();
	for (const [name, entry] of entries) {
		if (!isObject(entry)) return refuse("output");
		const value = entry.readable === true ? wordOf(entry.value) : undefined;
		if (value !== undefined) reading.set(name, value);
	}
	return accept(reading);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
	try {
		const end = text.lastIndexOf("}");
		const parsed: unknown = JSON.parse(text.slice(0, end + 1));
		return isObject(parsed) ? parsed : undefined;
	} catch {
		return undefined;
	}
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wordOf(value: unknown): string | undefined {
	if (typeof value === "boolean") return value ? "1" : "0";
	if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined;
	if (typeof value !== "string" || value.length > 256) return undefined;
	if (/^([0-9a-f]{2} )+[0-9a-f]{2}$/.test(value)) return value.replaceAll(" ", "");
	return value;
}
