/**
 * Settings of ESP-IDF as the fragments in hosts/esp32/sdkconfig say them, and the ones that an image must have, each with its reason.
 * Twice: when the fragments are put together, and in the sdkconfig that ESP-IDF made of them, where a setting that it does not
 * know, or overrules, is gone without a word. Pure; never throws.
 */
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { CHIPS, type Chip } from "./chip-pins.ts";

export interface Required {
	readonly symbol: string;
	/** "n": absent, "=n" or "is not set". */
	readonly value: string;
	readonly reason: string;
	/** Chips that have such a setting at all. */
	readonly chips: readonly Chip[];
}

function required(symbol: string, value: string, reason: string, chips: readonly Chip[] = CHIPS): Required {
	return Object.freeze({ symbol, value, reason, chips });
}

/** An ESP32 has no memory protection, and its ROM no secure download mode (soc_caps of ESP-IDF 6.0): there the ROM's loader is shut. */
const NOT_ESP32: readonly Chip[] = Object.freeze(["esp32s3", "esp32c3", "esp32c6"]);
const ESP32: readonly Chip[] = Object.freeze(["esp32"]);

/** Of every image. */
export const REQUIRED_ALWAYS: readonly Required[] = Object.freeze([
	required("PARTITION_TABLE_CUSTOM", "y", "the default table has no slots"),
	required("PARTITION_TABLE_OFFSET", "0x10000", "a signed boot loader does not fit below the default"),
	required("PARTITION_TABLE_MD5", "y", "rot in the table must be seen"),
	required("BOOTLOADER_APP_ROLLBACK_ENABLE", "y", "a trial that does not confirm reverts (UPDATE 7)"),
	required(
		"BOOTLOADER_SKIP_VALIDATE_ALWAYS",
		"n",
		"an image is verified before it runs; the SDK's default is not to",
	),
	required("BOOTLOADER_SKIP_VALIDATE_ON_POWER_ON", "n", "an image is verified before it runs"),
	required("BOOTLOADER_FACTORY_RESET", "n", "no pin may erase what the firmware guards"),
	required("BOOTLOADER_APP_TEST", "n", "no pin may choose another image"),
	required("BOOTLOADER_WDT_ENABLE", "y", "a boot loader that hangs starts over"),
	required("ESP_INT_WDT", "y", "interrupts that hang end the board"),
	required(
		"ESP_TASK_WDT_EN",
		"y",
		"a turn that does not end ends the board (UPDATE 7); the SDK's default is off",
	),
	required("ESP_TASK_WDT_INIT", "y", "from the start"),
	required("ESP_TASK_WDT_PANIC", "y", "a message alone ends nothing"),
	required("ESP_TASK_WDT_TIMEOUT_S", "5", "as the Linux host's"),
	required(
		"ESP_TASK_WDT_CHECK_IDLE_TASK_CPU0",
		"n",
		"the loop is watched; work of many turns, as the digest of the running image, keeps the idle task waiting",
	),
	required("ESP_TASK_WDT_CHECK_IDLE_TASK_CPU1", "n", "the loop is watched, not the idle task"),
	required("ESP_BROWNOUT_DET", "y", "a supply that sags writes no flash"),
	required(
		"ESP_SYSTEM_MEMPROT",
		"y",
		"memory that is written is not run; the SDK's default is off",
		NOT_ESP32,
	),
	required("COMPILER_STACK_CHECK_MODE_STRONG", "y", "a buffer that overflows is seen before it returns"),
	required("FREERTOS_CHECK_STACKOVERFLOW_CANARY", "y", "a task's stack that overflows is seen"),
	required("FREERTOS_WATCHPOINT_END_OF_STACK", "y", "and at the write, not at the next switch"),
	required("GPTIMER_ISR_CACHE_SAFE", "y", "outputs are cut while flash is written (DESIGN 10)"),
	required("GPTIMER_CTRL_FUNC_IN_IRAM", "y", "outputs are cut while flash is written"),
	required("GPIO_CTRL_FUNC_IN_IRAM", "y", "outputs are cut while flash is written"),
	required("LIBC_MISC_IN_IRAM", "y", "the cut's atomics lie there"),
	required("LWIP_NETIF_LOOPBACK", "y", "the socket task is woken by a datagram to itself"),
	required("MBEDTLS_SSL_KEEP_PEER_CERTIFICATE", "y", "the certificate that was judged is compared (TLS.md)"),
	required("MBEDTLS_DYNAMIC_BUFFER", "n", "the last message is read where it lies"),
	required("ESP_WIFI_NVS_ENABLED", "n", "the station's password lies in one place"),
	required("ESP_WIFI_STA_DISCONNECTED_PM_ENABLE", "n", "a radio that rests makes no entropy"),
	required(
		"NVS_SEC_KEY_PROTECT_USING_HMAC",
		"n",
		"it burns a key block at the first start, unseen by the line",
		NOT_ESP32,
	),
]);

/** Of a board on a door. */
export const REQUIRED_PRODUCTION: readonly Required[] = Object.freeze([
	required("SECURE_BOOT", "y", "only signed images run (T14)"),
	required("SECURE_BOOT_V2_ENABLED", "y", "only signed images run"),
	required("SECURE_BOOT_INSECURE", "n", "it opens JTAG and more"),
	required("SECURE_BOOT_BUILD_SIGNED_BINARIES", "n", "the key that signs is not on the machine that builds"),
	required("SECURE_FLASH_ENC_ENABLED", "y", "who reads the flash chip reads nothing (T14)"),
	required("SECURE_FLASH_ENCRYPTION_MODE_RELEASE", "y", "and cannot switch it off"),
	required(
		"SECURE_ENABLE_SECURE_ROM_DL_MODE",
		"y",
		"the ROM's loader neither reads flash nor runs code",
		NOT_ESP32,
	),
	required("SECURE_DISABLE_ROM_DL_MODE", "y", "the ROM of an ESP32 has no loader that keeps secrets", ESP32),
	required("ESP32_REV_MIN_3", "y", "secure boot v2 begins with revision 3", ESP32),
	required("NVS_ENCRYPTION", "y", "records are encrypted too (T14)"),
	required("BOOTLOADER_APP_ANTI_ROLLBACK", "y", "the security version is a fuse (I3)"),
	required("BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD", "16", "PORT_SECURITY_FLOOR_MAX"),
	required("ESP_DEBUG_OCDAWARE", "n", "nothing waits for a debugger"),
	required(
		"ESP_SYSTEM_PANIC_SILENT_REBOOT",
		"y",
		"a panic prints no memory, and resets at once: outputs fall",
	),
	required("ESP_COREDUMP_ENABLE_TO_NONE", "y", "a dump would have the keys (I1)"),
	required("LOG_DEFAULT_LEVEL_NONE", "y", "nothing of ESP-IDF on the wire"),
	required("BOOTLOADER_LOG_LEVEL_NONE", "y", "nothing of the boot loader on the wire"),
]);

/** Of a board on a desk: a fuse that is burnt stays burnt. */
export const REQUIRED_DEVELOPMENT: readonly Required[] = Object.freeze([
	required("SECURE_BOOT", "n", "it burns fuses"),
	required("SECURE_FLASH_ENC_ENABLED", "n", "it burns fuses"),
	required("SECURE_ENABLE_SECURE_ROM_DL_MODE", "n", "it burns fuses", NOT_ESP32),
	required("SECURE_DISABLE_ROM_DL_MODE", "n", "it burns fuses"),
	required("BOOTLOADER_APP_ANTI_ROLLBACK", "n", "it burns fuses"),
	required("ESP_COREDUMP_ENABLE_TO_NONE", "y", "a dump would have the keys (I1)"),
]);

export type Settings = ReadonlyMap<string, string>;

/**
 * Lines of a fragment. The SDK takes a line apart at each "=", drops what begins with "#", and says nothing: both are refused here.
 */
export function parseFragment(
	text: string,
): Result<Settings, "form"> & { readonly flaws: readonly string[] } {
	const settings = new Map<string, string>();
	const flaws: string[] = [];
	for (const [index, line] of text.split("\n").entries()) {
		const at = `line ${index + 1}`;
		if (/^#.*CONFIG_\w+ is not set/.test(line)) flaws.push(`${at}: the SDK ignores it; write "=n"`);
		if (line === "" || line.startsWith("#")) continue;
		const match = /^CONFIG_([A-Z0-9_]+)=([^=]*)$/.exec(line);
		if (match === null) flaws.push(`${at}: it is no CONFIG_NAME=VALUE with one "="`);
		else if (settings.has(match[1]!)) flaws.push(`${at}: CONFIG_${match[1]} is there twice`);
		else settings.set(match[1]!, match[2]!);
	}
	if (flaws.length > 0) return { ...refuse("form"), flaws };
	return { ...accept(settings as Settings), flaws: [] };
}

/** The sdkconfig that ESP-IDF writes. */
export function parseSdkconfig(text: string): Settings {
	const settings = new Map<string, string>();
	for (const line of text.split("\n")) {
		const match = /^CONFIG_([A-Z0-9_]+)=(.*)$/.exec(line);
		if (match !== null) settings.set(match[1]!, match[2]!);
	}
	return settings;
}

function sameValue(found: string, wanted: string): boolean {
	if (found === wanted) return true;
	return /^0x/i.test(wanted) && Number(found) === Number(wanted);
}

/** Each names the symbol, what it is and why it must be otherwise. */
export function settingFlaws(settings: Settings, isProduction: boolean, chip: Chip): string[] {
	const all = [...REQUIRED_ALWAYS, ...(isProduction ? REQUIRED_PRODUCTION : REQUIRED_DEVELOPMENT)];
	const flaws: string[] = [];
	for (const { symbol, value, reason, chips } of all) {
		if (!chips.includes(chip)) continue;
		const found = settings.get(symbol) ?? "n";
		if (!sameValue(found === "" ? "n" : found, value))
			flaws.push(`CONFIG_${symbol} is ${found}, and must be ${value}: ${reason}`);
	}
	return flaws;
}
