/**
 * `npm run check:sdk`: what this tree says about the SDK and ESP-IDF, beside their sources. Each part runs where its folder is
 * set (MODDABLE, IDF_PATH), and a part that did not run is said to be skipped, never passed.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../setup/paths.ts";
import { boardNames, readBoard } from "./board-list.ts";
import { boardSdkconfig } from "./board-output.ts";
import { stampOf } from "./build.ts";
import { CHIP_PINS, CHIPS, type Chip } from "./chip-pins.ts";
import { declarationFlaws, declaredModules } from "./declarations.ts";
import { headerFlaws } from "./header-folders.ts";
import { idfSymbols } from "./idf-symbols.ts";
import { SDK_MODULES } from "./manifest-modules.ts";
import { parseFragment } from "./sdkconfig.ts";
import { fragmentLines } from "./target-folder.ts";
import { findIdf, findSdk } from "./toolchain.ts";

export interface Check {
	readonly name: string;
	readonly flaws: readonly string[];
}

function sdkFile(sdk: string, path: string): string | undefined {
	const whole = join(sdk, path);
	return existsSync(whole) ? readFileSync(whole, "utf8") : undefined;
}

function manifestFlaws(sdk: string): string[] {
	const flaws: string[] = [];
	for (const include of Object.keys(SDK_MODULES)) {
		const path = include
			.replace("$(MODDABLE)", sdk)
			.replace("$(IO)", join(sdk, "modules/io"))
			.replace("$(MODULES)", join(sdk, "modules"));
		if (!existsSync(path)) flaws.push(`${include}: the SDK has no such manifest`);
	}
	return flaws;
}

export function sdkChecks(sdk: string): Check[] {
	const declarations = readFileSync(join(PATHS.root, "hosts/embedded.d.ts"), "utf8");
	return [
		{
			name: "our declarations of the ECMA-419 classes are the SDK's classes",
			flaws: declarationFlaws(declaredModules(declarations), (path) => sdkFile(sdk, path)),
		},
		{ name: "the SDK has each manifest that ours include", flaws: manifestFlaws(sdk) },
		{
			name: "the SDK's main loop feeds the task watchdog, and its abort calls the hook",
			flaws: [
				["build/devices/esp32/lib/main/main.c", /esp_task_wdt_add\(NULL\)/],
				["xs/platforms/esp/xsHost.h", /esp_task_wdt_reset\(\)/],
				["xs/platforms/esp/xsPlatform.c", /MODDEF_XS_ABORTHOOK[\s\S]*?fxFindName\(the, "abort"\)/],
			].flatMap(([path, pattern]) =>
				(pattern as RegExp).test(sdkFile(sdk, path as string) ?? "") ? [] : [`${path}: it is otherwise`],
			),
		},
		{
			name: "the engine calls its ends what reset-note.c knows",
			flaws: [
				"memory full",
				"JavaScript stack overflow",
				"native stack overflow",
				"unhandled rejection",
			].flatMap((text) =>
				(sdkFile(sdk, "xs/sources/xsError.c") ?? "").includes(`"${text}"`) ? [] : [`there is no "${text}"`],
			),
		},
	];
}

/** Every setting that an image of any board may have. */
function allSymbols(): string[] {
	const lines = [...fragmentLines("development"), ...fragmentLines("production")];
	for (const name of boardNames()) lines.push(...boardSdkconfig(readBoard(name), stampOf("firmware"), true));
	const symbols = new Set<string>();
	for (const line of lines) {
		const parsed = parseFragment(line);
		if (parsed.ok) for (const symbol of parsed.value.keys()) symbols.add(symbol);
	}
	return [...symbols].sort();
}

/** The restrictions that the documentation of ESP-IDF names, of one chip, beside our table. */
export function pinTableFlaws(chip: Chip, text: string): string[] {
	const flaws: string[] = [];
	const rows = text.split(/^\s*\* - GPIO(?=\d)/m).slice(1);
	const said = new Map(rows.map((row) => [Number.parseInt(row, 10), row.split(/\n\s*\n/)[0]!]));
	const table = CHIP_PINS[chip];
	for (const pin of table.pins) if (!said.has(pin)) flaws.push(`${chip}: ESP-IDF knows no GPIO${pin}`);
	for (const [pin, row] of said) {
		const marks: [string, boolean, boolean][] = [
			["Strapping pin", /Strapping/.test(row), table.strapping.includes(pin)],
			["USB-JTAG", /USB-JTAG/.test(row), table.usb.includes(pin)],
			["SPI0/1", /SPI0\/1/.test(row), [...table.flash, ...table.psram, ...table.octal].includes(pin)],
			["GPI", /\bGPI\b/.test(row), table.inputOnly.includes(pin)],
			["JTAG", /(?<!USB-)JTAG/.test(row), table.jtag.includes(pin)],
		];
		if (!table.pins.includes(pin)) flaws.push(`${chip}: our table has no GPIO${pin}`);
		for (const [mark, theirs, ours] of marks)
			if (theirs !== ours) flaws.push(`${chip}: GPIO${pin} "${mark}": ${theirs ? "theirs" : "ours"} alone`);
	}
	return flaws;
}

function uartFlaws(idf: string, chip: Chip): string[] {
	const path = join(idf, "components/soc", chip, "include/soc/uart_pins.h");
	if (!existsSync(path)) return [`${chip}: there is no uart_pins.h`];
	const text = readFileSync(path, "utf8");
	const number = (name: string): number => Number(new RegExp(`\\b${name}\\s+\\(?(\\d+)`).exec(text)?.[1]);
	const { transmit, receive } = CHIP_PINS[chip].uart0;
	return number("U0TXD_GPIO_NUM") === transmit && number("U0RXD_GPIO_NUM") === receive
		? []
		: [`${chip}: UART 0 is elsewhere`];
}

export function idfChecks(idf: string): Check[] {
	const known = idfSymbols(idf);
	const documents = join(idf, "docs/en/api-reference/peripherals/gpio");
	return [
		{
			name: "ESP-IDF knows every setting",
			flaws: allSymbols().flatMap((symbol) =>
				known.has(symbol) ? [] : [`CONFIG_${symbol}: no Kconfig has it`],
			),
		},
		{
			name: "ESP-IDF says of the pins what our table says",
			flaws: existsSync(documents)
				? CHIPS.flatMap((chip) => pinTableFlaws(chip, readFileSync(join(documents, `${chip}.inc`), "utf8")))
				: ["the checkout has no docs folder"],
		},
		{ name: "UART 0 is where ESP-IDF has it", flaws: CHIPS.flatMap((chip) => uartFlaws(idf, chip)) },
		{
			name: "the boot loader calls the hook, and what the hook calls is there",
			flaws: [
				["components/bootloader/subproject/main/bootloader_start.c", /bootloader_after_init\(\)/],
				[
					"components/bootloader_support/private_include/bootloader_utility.h",
					/bootloader_utility_load_boot_image/,
				],
				[
					"components/bootloader_support/src/bootloader_utility.c",
					/bootloader_common_get_partition_description\(/,
				],
				["components/bootloader_support/include/esp_flash_partitions.h", /ESP_OTA_IMG_ABORTED\s*= 0x4U/],
			].flatMap(([path, pattern]) => {
				const whole = join(idf, path as string);
				return existsSync(whole) && (pattern as RegExp).test(readFileSync(whole, "utf8"))
					? []
					: [`${path}: it is otherwise`];
			}),
		},
	];
}

/** 0: what ran passed, and something ran. */
export function checkSdk(environment: Readonly<Record<string, string | undefined>>): number {
	let passed = 0;
	let failed = 0;
	let skipped = 0;
	const show = (checks: readonly Check[]): void => {
		for (const { name, flaws } of checks) {
			if (flaws.length === 0) passed++;
			else failed++;
			process.stdout.write(`${flaws.length === 0 ? "ok" : "not ok"} - ${name}\n`);
			for (const flaw of flaws) process.stdout.write(`#   ${flaw}\n`);
		}
	};
	if (environment.MODDABLE === undefined || environment.MODDABLE === "") {
		skipped++;
		process.stdout.write("skipped - the SDK: MODDABLE is not set\n");
	} else show(sdkChecks(findSdk(environment)));
	if (environment.IDF_PATH === undefined || environment.IDF_PATH === "") {
		skipped++;
		process.stdout.write("skipped - ESP-IDF: IDF_PATH is not set\n");
	} else show(idfChecks(findIdf(environment)));
	if (environment.MODDABLE && environment.IDF_PATH) {
		const flaws = CHIPS.flatMap((chip) => headerFlaws(findSdk(environment), findIdf(environment), chip));
		show([{ name: "each header of ESP-IDF that our C includes is where the compiler looks", flaws }]);
	}
	process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
	return failed > 0 || passed === 0 ? 1 : 0;
}
