/** What a factory line reads: its configuration, the output of Espressif's tools, a bench's answers. None throws on anything (I9). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeLineConfig } from "../../tools/factory/line/config.ts";
import {
	decodeIdentity,
	decodeSecurity,
	decodeSummary,
	macOf,
	macSaid,
	OUTPUT_BYTES_MAX,
} from "../../tools/factory/line/esptool-output.ts";
import { decodeChipReply } from "../../tools/factory/line/virtual-chip.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import type { Random } from "../harness/random.ts";
import { check, type Suite } from "../harness/test.ts";

const ROUNDS = 1_500;

const CONFIG = {
	format: 1,
	name: "line-1",
	journal: "line.db",
	registry: "relay/relay.db",
	pki: "pki",
	serials: { prefix: "LK-A-", digits: 6 },
	hardwareClass: "latchkey-c3",
	chip: { kind: "ESP32-C3", flashBytes: 4_194_304 },
	driver: { kind: "esptool", baud: 460_800 },
	images: [
		{ offset: 0, file: "bootloader.bin" },
		{ offset: 32_768, file: "partitions.bin" },
	],
	firmware: "1.2.3",
	stations: [
		{ name: "left", port: "/dev/ttyUSB0" },
		{ name: "right", port: "/dev/ttyUSB1" },
	],
	selfTest: { radio: "may-lack", pins: "needed" },
	fuses: [
		{ block: "BLOCK_KEY0", purpose: "SECURE_BOOT_DIGEST0", digest: "digest.bin" },
		{ field: "SECURE_BOOT_EN", value: 1 },
		{ field: "SECURE_BOOT_KEY_REVOKE1", value: 1 },
		{ field: "SECURE_BOOT_KEY_REVOKE2", value: 1 },
		{ field: "ENABLE_SECURITY_DOWNLOAD", value: 1 },
	],
	production: { images: [{ offset: 0, file: "production/bootloader.bin" }] },
	labels: {
		title: "Latchkey",
		folder: "labels",
		formats: ["svg", "zpl"],
		printer: { command: ["lp", "-d", "zebra"], format: "zpl" },
	},
};

type Changed = Readonly<Record<string, unknown>>;

function decode(config: unknown): ReturnType<typeof decodeLineConfig> {
	return decodeLineConfig(JSON.stringify(config), "/line");
}

function flawOf(config: unknown): string {
	const decoded = decode(config);
	return decoded.ok ? "none" : "flaw" in decoded ? decoded.flaw : "none";
}

/** JSON of no sense, near the real one or not. */
function bent(random: Random, text: string): string {
	const characters = [...text];
	for (let count = random.between(1, 6); count > 0; count--) {
		const at = random.below(characters.length);
		const piece = random.pick([
			"",
			"{",
			"}",
			"[",
			"]",
			'"',
			"\\",
			"null",
			"-1",
			"1e999",
			"\u0000",
			"🔑",
			"__proto__",
		]);
		characters.splice(at, random.below(4), piece);
	}
	return characters.join("");
}

const ESPTOOL_4 = `esptool.py v4.7.0
Serial port /dev/ttyUSB0
Connecting....
Detecting chip type... ESP32-C3
Chip is ESP32-C3 (QFN32) (revision v0.4)
Features: WiFi, BLE, Embedded Flash 4MB (XMC)
Crystal is 40MHz
MAC: 7c:df:a1:0b:02:FE
Uploading stub...
Running stub...
Stub running...
Manufacturer: 46
Device: 4016
Detected flash size: 4MB
Staying in bootloader.
`;

/** What esptool 4.7.0 prints of a closed chip, by its cmds.py. */
const CLOSED = `esptool.py v4.7.0
Serial port /dev/ttyUSB0
Connecting....
Chip is ESP32-C3 in Secure Download Mode

Security Information:
=====================
Flags: 0x00000635 (0b11000110101)
Key Purposes: (9, 4, 0, 0, 0, 0, 12)
Chip ID: 5
API Version: 3
Secure Boot: Enabled
Secure Boot Key Revocation Status:

	Secure Boot Key1 is Revoked

	Secure Boot Key2 is Revoked

Flash Encryption: Enabled
SPI Boot Crypt Count (SPI_BOOT_CRYPT_CNT): 0x7
Dcache in UART download mode: Disabled
Icache in UART download mode: Disabled
`;

const ESPTOOL_5 = `esptool v5.1.0
Connected to ESP32-C6 on /dev/ttyACM0:
Chip type:          ESP32-C6FH4 (QFN32) (revision v0.1)
Features:           Wi-Fi 6, BT 5 (LE), IEEE802.15.4, Single Core + LP Core, 160MHz
Crystal frequency:  40MHz
USB mode:           USB-Serial/JTAG
MAC:                40:4c:ca:ff:fe:5b:a1:00
BASE MAC:           40:4c:ca:5b:a1:00
MAC_EXT:            ff:fe

Stub flasher running.

Flash Memory Information:
=========================
Manufacturer: c8
Device: 4016
Detected flash size: 4MB
`;

export default function suite(t: Suite): void {
	t.test("a configuration reads with its paths beside it, and with what it does not say", () => {
		const config = check.accepted(decode(CONFIG) as { ok: true; value: never }) as unknown as Changed;
		check.equal(config.journal, "/line/line.db");
		check.deepEqual(config.images, [
			{ offset: 0, file: "/line/bootloader.bin" },
			{ offset: 32_768, file: "/line/partitions.bin" },
		]);
		check.deepEqual(config.mayLack, ["radio"]);
		check.equal(config.demandEncryption, true);
		check.equal(config.newChips, "blank");
		check.deepEqual(config.production, {
			images: [{ offset: 0, file: "/line/production/bootloader.bin" }],
			firstStartMs: 180_000,
		});
		check.deepEqual((config.driver as Changed).esptool, ["esptool"]);
	});

	t.test("a configuration with a flaw is refused with its place, whatever the flaw", () => {
		const cases: readonly (readonly [Changed, string])[] = [
			[{ format: 2 }, "format: must be 1"],
			[{ colour: "red" }, 'it: has "colour", which is unknown'],
			[{ name: "two words" }, "name:"],
			[{ serials: { prefix: "lk", digits: 6 } }, "serials.prefix:"],
			[{ serials: { prefix: "LK-", digits: 6.5 } }, "serials.digits:"],
			[{ serials: { prefix: "LK-0123456789ABC", digits: 12 } }, "serials: a serial has"],
			[{ hardwareClass: "a b" }, "hardwareClass:"],
			[{ images: [] }, "images:"],
			[{ images: [{ offset: 1, file: "a" }] }, "images: an offset"],
			[{ images: [{ offset: 8_388_608, file: "a" }] }, "images: an offset"],
			[{ images: [CONFIG.images[0], CONFIG.images[0]] }, "images: an offset is there twice"],
			[{ stations: [CONFIG.stations[0], CONFIG.stations[0]] }, "stations: a name is there twice"],
			[{ stations: [{ name: "a" }] }, "stations[0].port:"],
			[{ selfTest: { pins: "maybe" } }, "selfTest.pins:"],
			[{ selfTest: { wings: "needed" } }, "selfTest:"],
			[{ driver: { kind: "virtual", baud: 1 } }, "driver:"],
			[{ driver: { kind: "esptool", esptool: [] } }, "driver.esptool:"],
			[{ fuses: [{ field: "SECURE_BOOT_EN", value: 1 }] }, "fuses: SECURE_BOOT_EN comes after a digest"],
			[{ fuses: [{ field: "DIS_PAD_JTAG", value: 0 }] }, "fuses[0].value:"],
			[{ fuses: [{ field: "DIS_PAD_JTAG", value: 1, digest: "x" }] }, "fuses[0]:"],
			[{ labels: { title: "x" } }, "labels: needs a folder"],
			[{ labels: { title: "x", folder: "l", formats: ["gif"] } }, "labels.formats[0]:"],
			[{ labels: { title: "a\nb", folder: "l", formats: ["svg"] } }, "labels.title:"],
			[{ issuer: { key: "pkcs11:token=x;object=y" } }, "issuer"],
			[{ issuer: { key: "pkcs11:pin-value=1", certificate: "x.pem" } }, "issuer.key:"],
			[{ demandEncryption: "yes" }, "demandEncryption:"],
			[{ newChips: "all" }, "newChips:"],
			[{ fuses: [] }, "production: it and fuses go together"],
			[{ production: undefined }, "production: it and fuses go together"],
			[{ production: { images: [{ offset: 1, file: "a" }] } }, "production.images: an offset"],
			[{ production: { images: [], firstStartMs: 1 } }, "production.images:"],
		];
		for (const [change, flaw] of cases) {
			const found = flawOf({ ...CONFIG, ...change });
			check.ok(found.startsWith(flaw), `${JSON.stringify(change)}: ${found}`);
		}
		for (const text of ["", "null", "[]", "{", `"${"x".repeat(70_000)}"`, `${"[".repeat(60_000)}`])
			check.equal(decodeLineConfig(text, "/line").ok, false);
	});

	t.test("a configuration that was bent never throws, and what is accepted is whole (I9)", ({ random }) => {
		const text = JSON.stringify(CONFIG);
		let accepted = 0;
		for (let round = 0; round < ROUNDS; round++) {
			const decoded = decodeLineConfig(bent(random, text), "/line");
			if (!decoded.ok) continue;
			accepted++;
			check.ok(decoded.value.stations.length > 0 && decoded.value.images.length > 0);
		}
		check.ok(accepted < ROUNDS);
	});

	t.test("what esptool says of a chip is read, of versions 4 and 5", () => {
		check.deepEqual(check.accepted(decodeIdentity(ESPTOOL_4)), {
			chip: "ESP32-C3",
			mac: "7c:df:a1:0b:02:fe",
			flashBytes: 4_194_304,
		});
		check.deepEqual(check.accepted(decodeIdentity(ESPTOOL_5)), {
			chip: "ESP32-C6",
			mac: "40:4c:ca:5b:a1:00",
			flashBytes: 4_194_304,
		});
		const plain = ESPTOOL_4.replace("Chip is ESP32-C3 (QFN32)", "Chip is ESP32-D0WD-V3");
		check.equal(check.accepted(decodeIdentity(plain)).chip, "ESP32");
		check.refused(decodeIdentity(ESPTOOL_4.replace("4MB\nStaying", "Unknown\nStaying")), "output");
		check.refused(decodeIdentity(ESPTOOL_4.replace("MAC: 7c", "MAC: 7")), "output");
		check.refused(decodeIdentity("Chip is ESP32-C3 in Secure Download Mode\n"), "secured");
		check.refused(decodeIdentity(`${ESPTOOL_4}${"x".repeat(OUTPUT_BYTES_MAX)}`), "output");
	});

	t.test("what espefuse says is read as it was recorded of its version 4.7.0", () => {
		const text = readFileSync(join(PATHS.root, "test/tools/support/espefuse-4.7.0-esp32c3.txt"), "utf8");
		const reading = check.accepted(decodeSummary(text));
		check.equal(reading.get("SECURE_BOOT_EN"), "1");
		check.equal(reading.get("DIS_PAD_JTAG"), "0");
		check.equal(reading.get("KEY_PURPOSE_0"), "SECURE_BOOT_DIGEST0");
		check.ok(/^[0-9a-f]{64}$/.test(reading.get("BLOCK_KEY0") ?? ""));
		check.equal(reading.get("SPI_BOOT_CRYPT_CNT"), "Disable");
		check.refused(decodeSummary(text.replace(/\}\s*$/, "")), "output");
		check.refused(decodeSummary("espefuse.py v4.7.0\n"), "output");
		check.refused(decodeSummary("{}\n"), "output");
		// What may not be read has no value.
		const hidden = text.replaceAll('"readable": true', '"readable": false');
		check.equal(check.accepted(decodeSummary(hidden)).size, 0);
	});

	t.test("what a closed chip says of itself is read by its flags, and nothing else is taken for it", () => {
		const told = check.accepted(decodeSecurity(CLOSED));
		check.deepEqual(
			[
				"SECURE_BOOT_EN",
				"ENABLE_SECURITY_DOWNLOAD",
				"SECURE_BOOT_KEY_REVOKE0",
				"SECURE_BOOT_KEY_REVOKE1",
			].map((name) => told.get(name)),
			["1", "1", "0", "1"],
		);
		check.deepEqual(
			[
				told.get("KEY_PURPOSE_0"),
				told.get("KEY_PURPOSE_1"),
				told.get("KEY_PURPOSE_2"),
				told.get("SPI_BOOT_CRYPT_CNT"),
			],
			["SECURE_BOOT_DIGEST0", "4", "USER", "7"],
		);
		check.equal(
			check
				.accepted(decodeSecurity(CLOSED.replace("0x00000635", "0x00000631")))
				.get("ENABLE_SECURITY_DOWNLOAD"),
			"0",
		);
		for (const cut of ["Flags: 0x", "Key Purposes: (9, 4", "SPI Boot Crypt Count"])
			check.refused(decodeSecurity(CLOSED.replace(cut, "")), "output", cut);
		check.refused(decodeSecurity(ESPTOOL_4), "output");
		check.equal(macSaid(ESPTOOL_4), "7c:df:a1:0b:02:fe");
		check.equal(macSaid(CLOSED), undefined);
		check.equal(macOf(new Map([["MAC", "7C:df:a1:0b:02:fe (OK)"]])), "7c:df:a1:0b:02:fe");
		check.equal(macOf(new Map([["MAC", "7c:df"]])), undefined);
	});

	t.test("output of tools and answers of benches never throw, however bent (I9)", ({ random }) => {
		const summary = '{"A": {"readable": true, "value": true}, "B": {"readable": true, "value": "00 01"}}';
		const answer =
			'{"ok":true,"chip":{"chip":"ESP32-C3","mac":"02:00:00:00:00:01","flashBytes":4194304},"fuses":{"A":"1"}}';
		check.accepted(decodeSummary(summary));
		check.accepted(decodeChipReply(answer));
		for (let round = 0; round < ROUNDS; round++) {
			decodeIdentity(bent(random, random.pick([ESPTOOL_4, ESPTOOL_5])));
			decodeSummary(bent(random, summary));
			decodeSecurity(bent(random, CLOSED));
			const decoded = decodeChipReply(bent(random, answer));
			if (decoded.ok && decoded.value.ok && decoded.value.chip !== undefined)
				check.ok(decoded.value.chip.flashBytes > 0);
		}
		for (const text of [
			"{}",
			'{"ok":1}',
			'{"ok":false,"code":"x"}',
			'{"ok":true,"chip":{}}',
			'{"ok":true,"fuses":{"a":1}}',
			'{"ok":true,"blank":"yes"}',
		])
			check.refused(decodeChipReply(text), "output", text);
	});
}
