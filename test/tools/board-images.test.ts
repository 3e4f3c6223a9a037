/** What a board's flash and settings must be, and what is refused: tables, fragments, budgets, and an SDK that is missing or another. */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastCheck from "fast-check";
import { BoardFault } from "../../tools/boards/board-fault.ts";
import { boardFor, boardNames, readBoard } from "../../tools/boards/board-list.ts";
import { stampOf } from "../../tools/boards/build.ts";
import { parsePartitions, partitionFlaws } from "../../tools/boards/partitions.ts";
import {
	parseFragment,
	parseSdkconfig,
	REQUIRED_ALWAYS,
	REQUIRED_PRODUCTION,
	settingFlaws,
} from "../../tools/boards/sdkconfig.ts";
import { mapSizes, sizeFlaws } from "../../tools/boards/size.ts";
import { decodeBudget, readBudget } from "../../tools/boards/size-budget.ts";
import { imageSettings } from "../../tools/boards/target-folder.ts";
import { findCompiler, findIdf, findSdk, findSdkTools } from "../../tools/boards/toolchain.ts";
import { BURN_MARKS } from "../../tools/factory/line/burn-mark.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { check, type Suite } from "../harness/test.ts";

const MB = 1024 * 1024;

function tableText(flashMb: 4 | 8): string {
	return readFileSync(join(PATHS.root, `partitions-${flashMb}mb.csv`), "utf8");
}

/** The flaws of a table after one text of it was replaced. */
function tableFlaws(flashMb: 4 | 8, from: string | RegExp, to: string): readonly string[] {
	const text = tableText(flashMb).replace(from, to);
	check.ok(text !== tableText(flashMb), "the replacement changed nothing");
	const parsed = parsePartitions(text);
	return parsed.ok ? partitionFlaws(parsed.value, flashMb * MB, readBudget().imageBytes) : parsed.flaws;
}

const WRONG_TABLES: readonly (readonly [4 | 8, string | RegExp, string, RegExp])[] = [
	[4, "0x230000, 0x1D0000", "0x230000, 0x1C0000", /the slots differ/],
	[4, "0x230000, 0x1D0000", "0x230000, 0x1E0000", /beyond the flash of 4 MB/],
	[4, "0x230000, 0x1D0000", "0x220000, 0x1D0000", /ota_1: overlaps ota_0/],
	[4, "0x60000,  0x1D0000", "0x61000,  0x1D0000", /ota_0: offset 0x61000 is no multiple of 0x10000/],
	[4, "0x11000,  0x2000", "0x10000,  0x2000", /otadata: overlaps the partition table/],
	[4, "0x11000,  0x2000", "0x11000,  0x1000", /otadata must be there once, two sectors long/],
	[
		4,
		/^nvs_keys.*$/m,
		"nvs_keys,  data, nvs_keys, 0x13000,  0x1000,",
		/nvs_keys must be there once, one sector long and encrypted/,
	],
	[4, "0x20000,  0x40000", "0x20000,  0x3F000", /"nvs" must be there with 0x40000/],
	[4, /^secrets.*$/m, "", /"secrets" must be there/],
	[4, "ota_1,     app,  ota_1", "ota_1,     app,  ota_2", /there must be two slots/],
	[4, "phy_init,  data, phy", "phy_init,  data, nonsense", /there is no data subtype "nonsense"/],
	[4, "0x20000,  0x40000", ",        0x40000", /"" is no offset/],
	[4, "0x20000,  0x40000", "0x20000,  0x40001", /size 0x40001 is no multiple/],
	[8, /^recovery.*$/m, "", /a flash of 8 MB must have the recovery image/],
	[8, "app,  0x30", "app,  factory", /a factory or test app cannot be/],
	[8, /0x340000/g, "0x100000", /ota_0: 0x100000 is less than the budget/],
];

function settingsOf(kind: "development" | "production", name = "esp32c3-devkit"): Map<string, string> {
	return new Map(imageSettings(readBoard(name), stampOf("firmware"), kind).settings);
}

/** What the compiler makes of the mark under these settings. */
function burnWord(settings: ReadonlyMap<string, string>): string {
	const defines = [...settings].flatMap(([symbol, value]) => (value === "y" ? [`-DCONFIG_${symbol}=1`] : []));
	const words = ["-E", "-P", "-I", join(PATHS.root, "hosts/esp32"), ...defines, "-x", "c", "-"];
	const input = '#include "burn-mark.h"\nBURN_MARK\n';
	const { status, stdout, stderr } = spawnSync("gcc", words, { input, encoding: "utf8", timeout: 60_000 });
	check.equal(status, 0, stderr);
	return stdout.trim().replaceAll('"', "");
}

/** A folder with files, removed after `use`. */
function withFolder(files: Readonly<Record<string, string>>, use: (folder: string) => void): void {
	const folder = mkdtempSync(join(tmpdir(), "latchkey-boards-"));
	try {
		for (const [path, text] of Object.entries(files)) {
			mkdirSync(join(folder, path, ".."), { recursive: true });
			writeFileSync(join(folder, path), text);
		}
		use(folder);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function faultOf(run: () => unknown): string {
	try {
		run();
	} catch (error) {
		if (error instanceof BoardFault) return error.message;
		throw error;
	}
	return "";
}

const IDF_60 = "set(IDF_VERSION_MAJOR 6)\nset(IDF_VERSION_MINOR 0)\n";

export default function suite(t: Suite): void {
	t.test("both tables fit their flash, with equal slots that hold an image of the whole budget", () => {
		for (const flashMb of [4, 8] as const) {
			const parsed = parsePartitions(tableText(flashMb));
			check.ok(parsed.ok, parsed.flaws.join());
			if (parsed.ok) check.deepEqual(partitionFlaws(parsed.value, flashMb * MB, readBudget().imageBytes), []);
		}
	});

	for (const [flashMb, from, to, wanted] of WRONG_TABLES) {
		t.test(`a table of ${flashMb} MB with ${String(from)} as "${to}" is refused (I4)`, () => {
			const flaws = tableFlaws(flashMb, from, to);
			check.ok(
				flaws.some((flaw) => wanted.test(flaw)),
				flaws.join("\n") || "it was taken",
			);
		});
	}

	t.test("no bytes make the readers of tables and settings throw (I9)", ({ random, effort }) => {
		fastCheck.assert(
			fastCheck.property(fastCheck.string({ unit: "binary", maxLength: 200 }), (text) => {
				const parsed = parsePartitions(text);
				if (parsed.ok) partitionFlaws(parsed.value, 4 * MB, 1);
				parseFragment(text);
				settingFlaws(parseSdkconfig(text), true, "esp32c3");
				mapSizes(text);
				return true;
			}),
			{ seed: random.uint32() | 0, numRuns: 2000 * effort },
		);
	});

	t.test("each image says in its file whether it burns, by the very settings that burn (T14)", () => {
		for (const name of boardNames()) {
			check.equal(burnWord(settingsOf("development", name)), BURN_MARKS.nothing, name);
			check.equal(burnWord(settingsOf("production", name)), BURN_MARKS["first-boot"], name);
		}
		const burning = [
			"SECURE_BOOT",
			"SECURE_FLASH_ENC_ENABLED",
			"SECURE_ENABLE_SECURE_ROM_DL_MODE",
			"SECURE_DISABLE_ROM_DL_MODE",
			"NVS_SEC_KEY_PROTECT_USING_HMAC",
			"BOOTLOADER_APP_ANTI_ROLLBACK",
		];
		for (const symbol of burning) {
			const bent = settingsOf("development").set(symbol, "y");
			check.equal(burnWord(bent), BURN_MARKS["first-boot"], symbol);
			check.ok(
				settingFlaws(bent, false, "esp32c3").some((flaw) => flaw.includes(symbol)),
				symbol,
			);
		}
		// Boot loader and firmware carry it, read by what runs, or the linker would drop it.
		for (const file of ["bootloader/port_boot_hook.c", "port_slots.c"]) {
			const text = readFileSync(join(PATHS.root, "hosts/esp32", file), "utf8");
			check.ok(
				text.includes("burn_mark[] = BURN_MARK;") && text.includes("(const volatile char *)burn_mark;"),
				file,
			);
		}
	});

	t.test(
		"the production settings have each protection, on every board, and development burns no fuse (T14)",
		() => {
			for (const name of boardNames()) {
				check.deepEqual(settingFlaws(settingsOf("production", name), true, readBoard(name).chip), []);
				check.deepEqual(settingFlaws(settingsOf("development", name), false, readBoard(name).chip), []);
			}
			check.ok(
				settingFlaws(settingsOf("production"), false, "esp32c3").length >= 3,
				"production is no development",
			);
		},
	);

	t.test("a production set without any one of its settings is refused, by name and reason (T14)", () => {
		for (const { symbol, value, reason, chips } of [...REQUIRED_ALWAYS, ...REQUIRED_PRODUCTION]) {
			const chip = chips.at(-1)!;
			const settings = settingsOf("production", `${chip}-devkit`);
			settings.set(symbol, value === "n" ? "y" : "n");
			const flaws = settingFlaws(settings, true, chip);
			check.equal(flaws.length, 1, symbol);
			check.ok(flaws[0]!.includes(`CONFIG_${symbol} `) && flaws[0]!.includes(reason), flaws[0]);
		}
	});

	t.test("what ESP-IDF made of the settings is judged too: one that it dropped is seen (T14)", () => {
		const text = [...settingsOf("production")].map(([name, value]) => `CONFIG_${name}=${value}`);
		check.deepEqual(settingFlaws(parseSdkconfig(text.join("\n")), true, "esp32c3"), []);
		const dropped = text.map((line) =>
			line === "CONFIG_SECURE_BOOT=y" ? "# CONFIG_SECURE_BOOT is not set" : line,
		);
		check.ok(
			settingFlaws(parseSdkconfig(dropped.join("\n")), true, "esp32c3")[0]!.includes(
				"only signed images run",
			),
		);
	});

	t.test("a fragment that the SDK would read otherwise is refused", () => {
		for (const [line, wanted] of [
			["# CONFIG_ESP_INT_WDT is not set", /write "=n"/],
			['CONFIG_A="x=y"', /with one "="/],
			["CONFIG_A=y\nCONFIG_A=n", /there twice/],
			["ESP_INT_WDT=y", /no CONFIG_NAME=VALUE/],
		] as const) {
			const parsed = parseFragment(line);
			check.ok(!parsed.ok && wanted.test(parsed.flaws.join()), line);
		}
	});

	t.test("an SDK or ESP-IDF that is missing or of another version is named, with what to install", () => {
		check.ok(/MODDABLE is not set\.\nInstall the Moddable SDK 8\.2/.test(faultOf(() => findSdk({}))));
		check.ok(/IDF_PATH is not set\.\nInstall ESP-IDF v6\.0/.test(faultOf(() => findIdf({}))));
		withFolder(
			{ "tools/VERSION": "5.6.0\n", "tools/cmake/version.cmake": IDF_60.replace("6", "5") },
			(folder) => {
				check.ok(/it is SDK 5\.6\.0, and 8\.2 is needed/.test(faultOf(() => findSdk({ MODDABLE: folder }))));
				check.ok(/it is ESP-IDF 5\.0, and 6\.0 is needed/.test(faultOf(() => findIdf({ IDF_PATH: folder }))));
			},
		);
		withFolder({ "tools/VERSION": "8.2.3\n", "tools/cmake/version.cmake": IDF_60 }, (folder) => {
			check.equal(findSdk({ MODDABLE: folder }), folder);
			check.equal(findIdf({ IDF_PATH: folder }), folder);
			check.ok(/its tools are not built\.\nBuild them/.test(faultOf(() => findSdkTools(folder))));
		});
		check.ok(/there is no Moddable SDK/.test(faultOf(() => findSdk({ MODDABLE: PATHS.root }))));
		check.ok(
			/xtensa-esp32s3-elf-gcc is not there\.\nRun .*install\.sh esp32s3/.test(
				faultOf(() => findCompiler("esp32s3", { PATH: "/nowhere" })),
			),
		);
		check.ok(/is a board of esp32c3, not of esp32/.test(faultOf(() => boardFor("esp32", "esp32c3-devkit"))));
		check.ok(/there is no boards\/none\.json; there are: carrier-s3/.test(faultOf(() => readBoard("none"))));
	});

	t.test("what is above the budget is named: a file, the C's flash or RAM, the byte code", () => {
		const budget = decodeBudget({
			...readBudget(),
			fileBytes: 100,
			nativeFlashBytes: 250,
			nativeRamBytes: 10,
			byteCodeBytes: 90,
			files: { "b.c": 200 },
		})!;
		const rows = [
			{ name: "a.c", flashBytes: 100, ramBytes: 5 },
			{ name: "b.c", flashBytes: 150, ramBytes: 5 },
		];
		check.deepEqual(sizeFlaws(rows, [{ name: "m", flashBytes: 90, ramBytes: 0 }], budget), []);
		const over = [...rows, { name: "c.c", flashBytes: 101, ramBytes: 1 }];
		const flaws = sizeFlaws(over, [{ name: "m", flashBytes: 91, ramBytes: 0 }], budget);
		check.deepEqual(
			flaws.map((flaw) => flaw.split(":")[0]),
			["c.c", "flash of the C", "RAM of the C", "byte code"],
		);
		check.ok(sizeFlaws(rows.slice(0, 1), [], budget).includes("b.c: in the budget, and not there"));
		for (const wrong of [
			undefined,
			null,
			{},
			{ ...readBudget(), fileBytes: -1 },
			{ ...readBudget(), files: [] },
		])
			check.equal(decodeBudget(wrong), undefined);
	});

	t.test("a link map is read by archive, flash and RAM apart", () => {
		const map = [
			" .text.unused   0x00000000      0x999 esp-idf/main/libmain.a(main.c.obj)",
			" .iram1.0       0x40380000       0x20 esp-idf/main/libmain.a(main.c.obj)",
			" .text.main     0x42000020       0x40 esp-idf/main/libmain.a(main.c.obj)",
			" .rodata.str    0x3c000020       0x10 esp-idf/main/libmain.a(main.c.obj)",
			" .bss.state     0x3fc80000        0x8 esp-idf/xs/libxs.a(xs.c.obj)",
			" .data.table    0x3fc80010        0x4 esp-idf/xs/libxs.a(xs.c.obj)",
		].join("\n");
		check.deepEqual(mapSizes(map), [
			{ name: "libmain.a", flashBytes: 0x70, ramBytes: 0x20 },
			{ name: "libxs.a", flashBytes: 4, ramBytes: 12 },
		]);
	});
}
