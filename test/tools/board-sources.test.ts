/**
 * Without an SDK: every import of every target resolves through its manifests, every native has its C and the other way round, the
 * C that a board shares with this machine compiles for RISC-V with warnings as errors, and its portable part does what it says.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LIMITS } from "../../modules/base/limits.ts";
import { boardNames, readBoard } from "../../tools/boards/board-list.ts";
import { boardSdkconfig, targetManifest } from "../../tools/boards/board-output.ts";
import { stampOf } from "../../tools/boards/build.ts";
import { pinTableFlaws } from "../../tools/boards/check-sdk.ts";
import { crossCompile, crossFolder, crossSources } from "../../tools/boards/cross-compile.ts";
import { declarationFlaws, declaredModules, SDK_SOURCES } from "../../tools/boards/declarations.ts";
import { imageModuleSizes } from "../../tools/boards/image-modules.ts";
import { boardModules, importFlaws } from "../../tools/boards/manifest-modules.ts";
import { nativeFlaws, nativesDefined, nativesNamed } from "../../tools/boards/natives.ts";
import { byteCodeSizes, nativeSizes, sizeFlaws } from "../../tools/boards/size.ts";
import { readBudget } from "../../tools/boards/size-budget.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { check, type Suite } from "../harness/test.ts";

function sourcesIn(folders: readonly string[], ending: string): { path: string; text: string }[] {
	return folders.flatMap((folder) =>
		readdirSync(join(PATHS.root, folder))
			.filter((file) => file.endsWith(ending) && !file.endsWith(".d.ts"))
			.map((file) => ({
				path: `${folder}/${file}`,
				text: readFileSync(join(PATHS.root, folder, file), "utf8"),
			})),
	);
}

/** The generated board is hosts/esp32/board.ts in another place: with it the tree's own is looked at. */
function targetOf(name: string, program: "firmware" | "recovery"): unknown {
	const target = targetManifest(readBoard(name), stampOf(program)) as { modules: Record<string, unknown> };
	return { ...target, modules: { ...target.modules, "hosts/esp32/board": "./hosts/esp32/board" } };
}

/** Of one native: bindings serve both hosts. */
const FOLDERS = {
	esp32: ["hosts/bindings", "hosts/ecma419", "hosts/esp32"],
	linux: ["hosts/bindings", "hosts/ecma419", "hosts/linux"],
} as const;

/** Natives that only tests and the bench name: of builds with a switch, or of the Linux host's own firmware. */
function testNatives(): string[] {
	const found: string[] = [];
	for (const folder of ["test", "tools"]) {
		for (const file of readdirSync(join(PATHS.root, folder), { recursive: true, encoding: "utf8" })) {
			if (file.endsWith(".ts"))
				for (const [, name] of readFileSync(join(PATHS.root, folder, file), "utf8").matchAll(/"(xs_\w+)"/g))
					found.push(name!);
		}
	}
	return found;
}

export default function suite(t: Suite): void {
	t.test(
		"every import of every board's image resolves through its manifests, and what they preload is there",
		() => {
			for (const name of boardNames()) {
				const firmware = boardModules("manifest.json", targetOf(name, "firmware"));
				check.deepEqual(importFlaws(firmware, ["main", "hosts/esp32/sdk/globals"]), [], name);
				const recovery = boardModules("hosts/esp32/recovery.json", targetOf(name, "recovery"));
				check.deepEqual(
					importFlaws(recovery, ["recovery", "hosts/esp32/sdk/globals"]),
					[],
					`${name}: recovery`,
				);
			}
		},
	);

	t.test("an import that no manifest has is seen, and a preload of nothing", () => {
		const board = boardModules("manifest.json", targetOf("esp32c3-devkit", "firmware"));
		const less = new Map(board.modules);
		less.delete("modules/noise/responder");
		less.delete("embedded:io/digital");
		const flaws = importFlaws({ ...board, modules: less, flaws: [], preload: ["nobody"] }, ["main"]);
		for (const wanted of [
			"modules/noise/responder, which no",
			"embedded:io/digital, which no",
			"no module nobody",
		])
			check.ok(
				flaws.some((flaw) => flaw.includes(wanted)),
				wanted,
			);
	});

	t.test(
		"a board's image compiles every C file of ours but other interfaces and the boot loader's hook",
		() => {
			const { native } = boardModules("manifest.json", targetOf("esp32c3-devkit", "firmware"));
			const { compiled, exempt } = crossSources();
			const missing = [...compiled, ...exempt].filter((path) => !native.has(path));
			check.deepEqual(missing.sort(), [
				"hosts/esp32/bootloader/port_boot_hook.c",
				"hosts/esp32/port_ethernet.c",
				"hosts/esp32/port_interface_openeth.c",
				"hosts/esp32/port_interface_rmii.c",
				"hosts/esp32/port_interface_spi.c",
			]);
		},
	);

	t.test("no fuse keeps the recovery program from starting, whatever it was raised to (I4)", () => {
		const setting = "CONFIG_BOOTLOADER_APP_SECURE_VERSION";
		for (const name of boardNames()) {
			for (const [program, version] of [
				["recovery", LIMITS.securityVersionMax],
				["firmware", stampOf("firmware").firmware.securityVersion],
			] as const) {
				const lines = boardSdkconfig(readBoard(name), stampOf(program), true);
				check.deepEqual(
					lines.filter((line) => line.startsWith(setting)),
					[`${setting}=${version}`],
				);
				const plain = boardSdkconfig(readBoard(name), stampOf(program), false);
				check.ok(!plain.some((line) => line.startsWith(setting)), "a development image burns none");
			}
		}
		// By the hook's text, which only a board runs: slots alone are held against the fuse.
		const hook = readFileSync(join(PATHS.root, "hosts/esp32/bootloader/port_boot_hook.c"), "utf8");
		const verifies = /static bool verifies\([\s\S]*?\n}/.exec(hook)?.[0] ?? "";
		check.ok(verifies.includes("esp_image_verify") && !verifies.includes("floor"), verifies);
		check.equal(hook.match(/is_above_the_floor\(place\)/g)?.length, 1);
		check.ok(hook.includes("!is_above_the_floor(place) || !verifies(place)"));
	});

	t.test(
		"the partition of keys is encrypted wherever NVS is, and opened in clear nowhere else (T14, I1)",
		() => {
			const production = readFileSync(join(PATHS.root, "hosts/esp32/sdkconfig/production"), "utf8");
			for (const setting of ["NVS_ENCRYPTION", "SECURE_FLASH_ENC_ENABLED"])
				check.ok(production.includes(`\nCONFIG_${setting}=y\n`), setting);
			const sources = sourcesIn(FOLDERS.esp32, ".c").filter(({ text }) => text.includes("nvs_flash_"));
			check.deepEqual(
				sources.map(({ path }) => path),
				["hosts/esp32/port_records.c"],
			);
			const [, encrypted, clear] =
				/#ifdef CONFIG_NVS_ENCRYPTION\n([\s\S]*?)#elif defined\(CONFIG_SECURE_FLASH_ENC_ENABLED\)\n#error [^\n]*\n#else\n([\s\S]*?)#endif/.exec(
					sources[0]!.text,
				) ?? [];
			check.ok(encrypted?.includes("nvs_flash_secure_init_partition(") && encrypted.includes("lk_wipe("));
			check.ok(encrypted?.includes("nvs_flash_init_partition(") === false);
			check.ok(clear?.includes("nvs_flash_init_partition("));
			check.equal(sources[0]!.text.match(/nvs_flash_init_partition\(/g)?.length, 1);
		},
	);

	for (const host of ["esp32", "linux"] as const) {
		t.test(`every native that TypeScript names is in the C of ${host}, and no C is there for nobody`, () => {
			const scripts = sourcesIn(FOLDERS[host], ".ts");
			const sources = sourcesIn(FOLDERS[host], ".c");
			const flaws = nativeFlaws(scripts, sources, testNatives());
			check.deepEqual(flaws, []);
			check.ok(
				nativesNamed(scripts.map(({ text }) => text).join("\n")).length > 60,
				"hardly any native was seen",
			);
		});
	}

	t.test("a native without C, C without a name, and C that is there twice are seen", () => {
		const scripts = [
			{
				path: "a.ts",
				text: 'const f = native<(a: (b: number) => void) => void>("xs_a");\nclass B extends Native("xs_b_destructor") {}',
			},
		];
		const c = (text: string): { path: string; text: string } => ({ path: "a.c", text });
		const whole = "void xs_a(xsMachine *the)\n{\n}\nvoid xs_b_destructor(void *data)\n{\n}\n";
		check.deepEqual(nativeFlaws(scripts, [c(whole)]), []);
		check.ok(nativeFlaws(scripts, [c(whole.replace("xs_a", "xs_c"))]).length === 2);
		check.ok(nativeFlaws(scripts, [c(whole), { ...c(whole), path: "b.c" }]).length === 2);
		check.deepEqual(nativesDefined("void xs_a(xsMachine *the);\n"), [], "a declaration is no C");
	});

	t.test(
		"our declarations of the ECMA-419 classes have a place in the SDK each, and a wrong member is seen",
		() => {
			const modules = declaredModules(readFileSync(join(PATHS.root, "hosts/embedded.d.ts"), "utf8"));
			check.deepEqual(modules.map(({ specifier }) => specifier).sort(), Object.keys(SDK_SOURCES).sort());
			const all = modules.flatMap(({ members }) => members);
			for (const wanted of ["read", "write", "close", "delete", "open", "set", "Input"])
				check.ok(all.includes(wanted), wanted);
			check.deepEqual(
				declarationFlaws(modules, () => all.join(" ")),
				[],
			);
			const flaws = declarationFlaws(modules, () => all.filter((member) => member !== "delete").join(" "));
			check.deepEqual(flaws, ['embedded:storage/key-value: the SDK\'s has no "delete"']);
			check.ok(declarationFlaws(modules, () => undefined).length === modules.length);
		},
	);

	t.test("a pin that ESP-IDF marks otherwise than our table is seen", () => {
		const row = (pin: number, mark: string): string => `    * - GPIO${pin}\n      -\n      - ${mark}\n`;
		const marks = (pin: number): string =>
			[2, 8, 9].includes(pin)
				? "Strapping pin"
				: pin >= 12 && pin <= 17
					? "SPI0/1"
					: pin === 18 || pin === 19
						? "USB-JTAG"
						: "";
		const text = Array.from({ length: 22 }, (_, pin) => row(pin, marks(pin))).join("");
		check.deepEqual(pinTableFlaws("esp32c3", text), []);
		check.ok(pinTableFlaws("esp32c3", text.replace("Strapping pin", ""))[0]!.includes("GPIO2"));
		check.ok(pinTableFlaws("esp32c3", text + row(22, "")).includes("esp32c3: our table has no GPIO22"));
	});

	t.test(
		"every C file of the bindings, and the portable C of the board, compiles for rv32imc with warnings as errors",
		() => {
			const { compiled, exempt } = crossSources();
			check.ok(compiled.filter((path) => path.startsWith("hosts/bindings/")).length >= 30);
			check.ok(
				exempt.every((path) => /^hosts\/esp32\/(bootloader\/)?port_\w+\.c$/.test(path)),
				exempt.join(),
			);
			const rows = nativeSizes();
			check.equal(rows.length, compiled.length);
			check.ok(rows.every(({ flashBytes }) => flashBytes > 0));
			check.deepEqual(sizeFlaws(rows, byteCodeSizes(), readBudget()), []);
		},
	);

	t.test(
		"what cuts an output on a chip calls nothing that lies in flash: other cuts, what the port keeps in RAM, and atomics (T19)",
		() => {
			const folder = crossFolder();
			const called = new Set<string>();
			const there: string[] = [];
			for (const source of ["hosts/bindings/drive.c", "hosts/esp32/cut-table.c"]) {
				const { fault, object } = crossCompile(source, folder, ["-DESP_PLATFORM"]);
				check.equal(fault, undefined, source);
				const words = ["-r", "-j", ".iram1.latchkey", object];
				const said = execFileSync("riscv64-unknown-elf-objdump", words, {
					encoding: "utf8",
					timeout: 30_000,
				});
				for (const [, name] of said.matchAll(/R_RISCV_CALL\S*\s+(\w+)/g)) called.add(name!);
				const symbols = execFileSync("riscv64-unknown-elf-objdump", ["-t", object], {
					encoding: "utf8",
					timeout: 30_000,
				});
				for (const [, name] of symbols.matchAll(/F \.iram1\.latchkey\s+\S+\s+(\w+)/g)) there.push(name!);
			}
			const cuts = ["cut_table_arm", "cut_table_disarm", "cut_table_first", "cut_table_take"];
			check.deepEqual(there.sort(), [...cuts, "deadline_passed", "halt"]);
			const inRam = /^(port_pin_write|port_cut_timer_arm|port_monotonic_us|cut_table_\w+|__atomic_\w+)$/;
			check.deepEqual(
				[...called].filter((name) => !inRam.test(name)),
				[],
			);
			const glue = readFileSync(join(PATHS.root, "hosts/esp32/port_outputs.c"), "utf8");
			for (const name of ["port_pin_write", "port_cut_timer_arm", "on_alarm", "set_alarm", "host_cut_all"])
				check.ok(new RegExp(`PORT_CUT_CODE [a-z ]*\\b${name}\\(`).test(glue), name);
		},
	);

	t.test("the RISC-V compiler refuses what gcc of this machine takes: a warning, and a 64-bit habit", () => {
		const folder = crossFolder();
		const path = "hosts/bindings/wrong-on-purpose.c";
		const whole = join(PATHS.root, path);
		try {
			writeFileSync(
				whole,
				'#include <stdint.h>\n_Static_assert(sizeof(void *) == 8, "64 bits");\nint f(void);\nint f(void)\n{\n\tint unused;\n\treturn 0;\n}\n',
			);
			const { fault } = crossCompile(path, folder);
			check.ok(fault !== undefined && /64 bits/.test(fault) && /unused/.test(fault), fault ?? "it compiled");
		} finally {
			rmSync(whole, { force: true });
		}
	});

	t.test("an image that is cut anywhere has its modules listed or not, and nothing throws (I9)", () => {
		const image = new Uint8Array(readFileSync(PATHS.firmwareImage));
		check.ok((imageModuleSizes(image)?.length ?? 0) > 100);
		for (let length = 0; length < 4096; length += 7)
			check.equal(imageModuleSizes(image.subarray(0, length)), undefined);
		const damaged = image.slice();
		for (const at of [32, 104, 108, 112, 116, 120]) {
			damaged.set(image);
			damaged[at] = 0xff;
			damaged[at + 3] = 0xff;
			imageModuleSizes(damaged);
		}
	});

	const folder = mkdtempSync(join(tmpdir(), "latchkey-parts-"));
	const program = join(folder, "parts");
	const sources = crossSources().compiled.filter((path) => path.startsWith("hosts/esp32/"));
	const words = ["-std=gnu11", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"];
	words.push("-fno-sanitize-recover=undefined", "-Ihosts/esp32", "-Ihosts/bindings", "-o", program);
	execFileSync("gcc", [...words, "test/boards/parts.c", "hosts/bindings/station.c", ...sources], {
		cwd: PATHS.root,
		timeout: 120_000,
	});
	const { stdout, stderr, status } = spawnSync(program, [], { encoding: "utf8", timeout: 60_000 });
	rmSync(folder, { recursive: true, force: true });
	const lines = stdout.split("\n").filter((line) => line !== "");
	t.test("the board's portable C ran to its end on this machine, under the sanitizers", () => {
		check.equal(status, 0, stderr);
		check.equal(lines.length, PARTS.length, stdout);
	});
	for (const [index, name] of PARTS.entries())
		t.test(name, () =>
			check.equal(lines[index]?.replace(/ \(line \d+\)$/, ""), `ok - ${name.replace(/ \([TI]\d+\)$/, "")}`),
		);
}

/** As test/boards/parts.c has them, with what they prove. */
const PARTS = Object.freeze([
	"an entry has the checksum that ESP-IDF's tools make",
	"an aborted, invalid or unconfirmed slot is never in the plan of a boot, and every other one is (T10)",
	"an update can be cut at every write, and leaves a slot that boots (T12)",
	"a reset is told by the chip and the note, and a note by a power cut is none",
	"of several deadlines the first is next, and each is due once (T19)",
	"nothing draws while neither the noise source nor the radio is on",
	"a socket is told once, and not at all when it was removed meanwhile, or another took its place",
	"the record of a network is read back, and no other bytes are one (I9)",
	"an image's label names its board, whole, and nothing behind it (T10)",
]);
