/** A board's file is read or refused, whatever it is; and a pin that cannot be what it is used for is refused by number and reason. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import fastCheck from "fast-check";
import { decodeBoard } from "../../tools/boards/board-file.ts";
import { BOARDS_FOLDER, boardFlaws, boardFor, boardNames, readBoard } from "../../tools/boards/board-list.ts";
import { boardModule, targetManifest } from "../../tools/boards/board-output.ts";
import { stampOf } from "../../tools/boards/build.ts";
import { CHIP_PINS, CHIPS } from "../../tools/boards/chip-pins.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { check, type Suite } from "../harness/test.ts";

type Json = Record<string, unknown>;

function fileOf(name: string): Json {
	return JSON.parse(readFileSync(join(BOARDS_FOLDER, `${name}.json`), "utf8")) as Json;
}

/** The flaws of a board with some of its file otherwise: "inputs.exit" -> value. */
function flawsWith(name: string, changes: Json): readonly string[] {
	const file = structuredClone(fileOf(name));
	for (const [path, value] of Object.entries(changes)) {
		const keys = path.split(".");
		let place = file;
		for (const key of keys.slice(0, -1)) place = place[key] as Json;
		if (value === undefined) delete place[keys.at(-1)!];
		else place[keys.at(-1)!] = value;
	}
	return boardFlaws(JSON.stringify(file), name);
}

const CONTACT = { activeLow: true, pull: "up" };

/** Board, what is changed, and what the refusal must say. */
const WRONG: readonly (readonly [string, Json, RegExp])[] = [
	["esp32-devkit", { "inputs.exit": { ...CONTACT, pin: 20 } }, /GPIO20 \(exit\) does not exist on esp32/],
	["esp32-devkit", { "inputs.exit": { ...CONTACT, pin: 41 } }, /GPIO41 \(exit\) does not exist/],
	["esp32-devkit", { "inputs.door": { ...CONTACT, pin: 9 } }, /GPIO9 \(door\) belongs to the flash/],
	["esp32c6-devkit", { "drive.brake": 27 }, /GPIO27 \(brake\) belongs to the flash/],
	["esp32-devkit", { psram: "quad", "indicator.pin": 16 }, /GPIO16 \(indicator\) belongs to the PSRAM/],
	[
		"carrier-s3",
		{ psram: "octal", "inputs.door": { ...CONTACT, pin: 35 } },
		/GPIO35 \(door\) belongs to the octal PSRAM/,
	],
	["esp32-devkit", { "drive.drive-throw": 34 }, /GPIO34 \(drive-throw\) is input only/],
	[
		"esp32-devkit",
		{ "inputs.exit": { ...CONTACT, pin: 36 } },
		/GPIO36 \(exit\) is input only and has no pull "up"/,
	],
	[
		"esp32-devkit",
		{ "drive.brake": 12 },
		/GPIO12 \(brake\) is a strapping pin: its level at reset is not ours/,
	],
	[
		"esp32c3-devkit",
		{ "inputs.door": { ...CONTACT, pin: 2 } },
		/GPIO2 \(door\) is a strapping pin: .*straps/,
	],
	["esp32s3-devkit", { straps: {} }, /GPIO0 \(button\) is a strapping pin/],
	[
		"esp32c3-devkit",
		{ "straps.6": "because it is nice to have it there" },
		/straps: GPIO6 is no strapping pin/,
	],
	[
		"esp32c3-devkit",
		{ "straps.2": "because it is nice to have it there" },
		/straps: GPIO2 is used for nothing/,
	],
	[
		"esp32c3-devkit",
		{ "drive.brake": 18, "inputs.inhibit": { ...CONTACT, pin: 10 } },
		/GPIO18 \(brake\) is a USB-JTAG pin/,
	],
	["esp32c6-devkit", { "inputs.door": { ...CONTACT, pin: 12 } }, /GPIO12 \(door\) is the USB console's/],
	["esp32-devkit", { "drive.brake": 14 }, /GPIO14 \(brake\) is a JTAG pin/],
	[
		"esp32s3-devkit",
		{ "indicator.pin": 43, "line.transmit": 14 },
		/GPIO43 \(indicator\) belongs to UART 0: the ROM prints/,
	],
	["esp32c3-devkit", { "inputs.exit": { ...CONTACT, pin: 6 } }, /GPIO6 \(exit\) is drive-throw already/],
	["esp32-ethernet", { "indicator.pin": 19 }, /GPIO19 \((indicator|network \(RMII\))\) is .* already/],
	[
		"esp32c3-devkit",
		{ network: { kind: "rmii", mdc: 1, mdio: 2, clock: 3, reset: -1, address: 0 } },
		/esp32c3 has no Ethernet MAC of its own/,
	],
	["esp32c3-devkit", { network: { kind: "openeth" } }, /no chip has "openeth"/],
	["esp32c3-emulated", { network: { kind: "wifi" } }, /an emulator has no radio/],
	["esp32c3-devkit", { console: "uart0" }, /UART 0 is the service line's already/],
	["esp32-devkit", { console: "usb" }, /esp32 has no USB/],
	["esp32c3-devkit", { psram: "octal" }, /esp32c3 has no octal PSRAM/],
	[
		"esp32c3-devkit",
		{ "drive.drive-throw": { pin: 6, activeLow: true } },
		/drive\.drive-throw must be an integer/,
	],
	["esp32c3-devkit", { "inputs.door": undefined }, /inputs: "door" is missing/],
	["esp32c3-devkit", { "inputs.bell": { pin: 1 } }, /inputs: there is no field "bell"/],
	["esp32c3-devkit", { chip: "esp32c5" }, /chip must be one of/],
	["esp32c3-devkit", { flashMb: 6 }, /flashMb must be 4 or 8/],
	["esp32c3-devkit", { heapKb: 12 }, /heapKb must be an integer of 64/],
	["esp32c3-devkit", { name: "another" }, /name must be "esp32c3-devkit"/],
	["esp32c3-devkit", { straps: { "9": "short" } }, /straps\.9 must match/],
];

export default function suite(t: Suite): void {
	t.test(
		"every board of this checkout can be built, there is a kit of each chip, a carrier and an emulator's",
		() => {
			const names = boardNames();
			for (const name of names)
				check.deepEqual(boardFlaws(readFileSync(join(BOARDS_FOLDER, `${name}.json`), "utf8"), name), []);
			for (const chip of CHIPS) check.equal(boardFor(chip, undefined).name, `${chip}-devkit`);
			check.ok(names.includes("carrier-s3") && names.includes("esp32c3-emulated"));
		},
	);

	for (const [name, changes, wanted] of WRONG) {
		t.test(`${name} with ${JSON.stringify(changes)} is refused, and the refusal says why (T19)`, () => {
			const flaws = flawsWith(name, changes);
			check.ok(
				flaws.some((flaw) => wanted.test(flaw)),
				flaws.join("\n") || "it was taken",
			);
		});
	}

	t.test(
		"a board's file may hold anything: it is read or refused, and never throws (I9)",
		({ random, effort }) => {
			const good = fileOf("esp32c3-devkit");
			const keys = Object.keys(good);
			fastCheck.assert(
				fastCheck.property(fastCheck.anything(), fastCheck.constantFrom(...keys), (value, key) => {
					const whole = decodeBoard(value);
					const part = decodeBoard({ ...good, [key]: value });
					return whole.ok === (whole.flaws.length === 0) && part.ok === (part.flaws.length === 0);
				}),
				{ seed: random.uint32() | 0, numRuns: 2000 * effort },
			);
		},
	);

	t.test("no pin is two things in the table of a chip, and each that is something exists", () => {
		for (const chip of CHIPS) {
			const { pins, flash, strapping, inputOnly, usb, jtag, octal, psram, rmii, uart0 } = CHIP_PINS[chip];
			for (const pin of [...flash, ...strapping, ...inputOnly, ...usb, ...jtag, ...octal, ...psram, ...rmii])
				check.ok(pins.includes(pin), `${chip}: GPIO${pin}`);
			check.ok(pins.includes(uart0.transmit) && pins.includes(uart0.receive));
			check.equal(new Set(pins).size, pins.length);
			check.ok(!flash.some((pin) => strapping.includes(pin) || usb.includes(pin)));
		}
	});

	t.test("the table in the tree is the ESP32-C3 kit's, as its file makes it", () => {
		const made = boardModule(readBoard("esp32c3-devkit"), "../..", "..");
		check.equal(readFileSync(join(PATHS.root, "hosts/esp32/board.ts"), "utf8"), made);
	});

	t.test("an image without Wi-Fi compiles no Wi-Fi, and has exactly one interface", () => {
		for (const name of boardNames()) {
			const board = readBoard(name);
			const { modules, platforms } = targetManifest(board, stampOf("firmware")) as {
				modules: { "*": string[] };
				platforms: { "esp32/*": { dependency: { idf?: string }[] } };
			};
			const files = modules["*"].map((path) => path.split("/").at(-1)!);
			check.equal(files.filter((file) => file.startsWith("port_interface_")).length, 1, name);
			const hasWifi = files.includes("port_interface_wifi");
			check.equal(hasWifi, board.network.kind === "wifi", name);
			check.equal(
				platforms["esp32/*"].dependency.some(({ idf }) => idf === "esp_wifi"),
				hasWifi,
				name,
			);
		}
	});
}
