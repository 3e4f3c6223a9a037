/**
 * Where the compiler of an image looks for ESP-IDF's headers: the SDK's makefile has a list, and what our C needs beyond it is here.
 * `npm run check:sdk` looks each header up in both, because a header that is not found ends only a real build.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../setup/paths.ts";
import type { Chip } from "./chip-pins.ts";

/**
 * Below ESP-IDF's components/. In lwip/include the calls of sockets are inline functions over lwIP's; without it they compile and do
 * not link. Mbed TLS 4 keeps its cryptography beside it.
 */
export function includeFolders(chip: Chip): readonly string[] {
	return Object.freeze([
		"app_update/include",
		"efuse/include",
		`efuse/${chip}/include`,
		"lwip/include",
		"nvs_flash/include",
		"mbedtls/port/include",
		"mbedtls/mbedtls/include",
		"mbedtls/mbedtls/tf-psa-crypto/include",
		"mbedtls/mbedtls/tf-psa-crypto/drivers/builtin/include",
	]);
}

/** The SDK's own list, of one chip, below components/. */
export function sdkFolders(makefile: string, chip: Chip): string[] {
	const architecture = chip === "esp32" || chip === "esp32s3" ? "xtensa" : "riscv";
	return [...makefile.matchAll(/\$\(IDF_PATH\)\/components\/(\S+?)\/?\s/g)].map(([, folder]) =>
		folder!.replaceAll("$(ESP32_SUBCLASS)", chip).replaceAll("$(ESP_ARCH)", architecture),
	);
}

/** Names between quotes or angles, in the order of the file. */
export function includedHeaders(source: string): string[] {
	return [...source.matchAll(/^#include ["<]([^">]+)[">]/gm)].map(([, name]) => name!);
}

/** Of the SDK, made by it, or of a component of ESP-IDF's registry: other folders than these. */
const ELSEWHERE =
	/^(mc\.|xs|modTimer\.h$|sdkconfig\.h$|zlib\.h$|mbedtls\/|psa\/|esp_eth_(mac|phy)_w5500\.h$)/;
/** Of the compiler's own library. */
const STANDARD =
	/^(assert|ctype|errno|fcntl|limits|math|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|time|unistd|(netinet|arpa|sys)\/\w+)\.h$/;

/** Each header of ESP-IDF that the C in `hosts/esp32` includes and that no folder has. */
export function headerFlaws(sdk: string, idf: string, chip: Chip): string[] {
	const makefile = readFileSync(join(sdk, "tools/mcconfig/make.esp32.mk"), "utf8");
	const folders = [...sdkFolders(makefile, chip), ...includeFolders(chip)];
	const host = join(PATHS.root, "hosts/esp32");
	const own = [host, join(PATHS.root, "hosts/bindings")];
	const flaws = new Set<string>();
	for (const file of readdirSync(host).filter((each) => /\.[ch]$/.test(each)))
		for (const header of includedHeaders(readFileSync(join(host, file), "utf8"))) {
			if (ELSEWHERE.test(header) || STANDARD.test(header)) continue;
			if (own.some((folder) => existsSync(join(folder, header)))) continue;
			if (!folders.some((folder) => existsSync(join(idf, "components", folder, header))))
				flaws.add(`${file}: <${header}> is in no folder that the compiler of ${chip} is given`);
		}
	return [...flaws];
}
