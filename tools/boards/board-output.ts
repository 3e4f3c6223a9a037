/**
 * What a build takes of a board: the table for hosts/esp32/platform.ts, and the SDK's manifest of a target whose folder is
 * `build/boards/NAME`. Nothing here is written; build.ts writes it. The SDK's stock targets are not used: they bring their own
 * set-up, which drives a light over RMT and links Wi-Fi (docs/BOARDS.md 4).
 */
import { LIMITS } from "../../modules/base/limits.ts";
import type { Firmware } from "../../modules/base/version.ts";
import { type Board, INPUT_ROLES, type InputPin } from "./board-file.ts";

function inputText({ pin, activeLow, pull }: InputPin): string {
	const parts = [`pin: ${pin}`];
	if (activeLow) parts.push("activeLow: true");
	if (pull !== undefined) parts.push(`pull: "${pull}"`);
	return `Object.freeze({ ${parts.join(", ")} })`;
}

/** hosts/esp32/board.ts of this board; `root` and `hosts`: where those folders are, seen from the file. */
export function boardModule(board: Board, root: string, hosts: string): string {
	const { drive, line } = board;
	return `/** The board ${board.name}, made of boards/${board.name}.json by tools/boards: change that one. */
import type { DriveRole } from "${root}/modules/platform/pins.ts";
import type { BoardPin, InputPins } from "${hosts}/ecma419/pins.ts";
import type { SerialLineOptions } from "${hosts}/ecma419/serial-port.ts";

export const INPUT_PINS: InputPins = Object.freeze({
${INPUT_ROLES.map((role) => `\t${role}: ${inputText(board.inputs[role])},`).join("\n")}
});

export const INDICATOR_PIN: BoardPin = ${inputText(board.indicator)};

export const DRIVE_PINS: Readonly<Record<DriveRole, number>> = Object.freeze({
	"drive-throw": ${drive["drive-throw"]},
	"drive-retract": ${drive["drive-retract"]},
	brake: ${drive.brake},
});

export const SERVICE_LINE: SerialLineOptions = Object.freeze({
	receive: ${line.receive},
	transmit: ${line.transmit},
	port: ${line.port},
	baud: ${line.baud},
});

/** TCP port of the local network; 0: none. */
export const LOCAL_PORT: number = ${board.localPort};
`;
}

/** The C file of the interface, and what of ESP-IDF it needs. */
const INTERFACES = Object.freeze({
	wifi: { files: ["port_interface_wifi"], dependency: [{ idf: "esp_wifi" }] },
	openeth: { files: ["port_ethernet", "port_interface_openeth"], dependency: [{ idf: "esp_eth" }] },
	rmii: { files: ["port_ethernet", "port_interface_rmii"], dependency: [{ idf: "esp_eth" }] },
	spi: {
		files: ["port_ethernet", "port_interface_spi"],
		dependency: [{ idf: "esp_eth" }, { idf: "esp_driver_spi" }, { name: "w5500", version: "^1.0.0" }],
	},
} as const);

export interface BuildStamp {
	readonly firmware: Firmware;
	/** Seconds since 1970. */
	readonly builtUnixS: number;
	/** The folder of the checkout, as the SDK's tools see it. */
	readonly root: string;
	readonly program: "firmware" | "recovery";
}

/**
 * Of the engine's block: slots and chunks begin with a third each and share what is left, in these steps, as on the Linux host. An
 * increment of 0 would hold each to what it began with, and end the engine while the block has room. The stack is what the scenarios were measured to need (BOARDS 7).
 */
export const STACK_SLOTS = 768;
const SLOT_BYTES = 16;
const CHUNK_STEP_BYTES = 512;
const HEAP_STEP_SLOTS = 64;

function creationOf(heapKb: number): Record<string, unknown> {
	const bytes = heapKb * 1024;
	const third = Math.floor((bytes - STACK_SLOTS * SLOT_BYTES) / 3 / SLOT_BYTES) * SLOT_BYTES;
	return {
		static: bytes,
		chunk: { initial: third, incremental: CHUNK_STEP_BYTES },
		heap: { initial: third / SLOT_BYTES, incremental: HEAP_STEP_SLOTS },
		stack: STACK_SLOTS,
	};
}

/** manifest.json of the target. A string that begins with # is a C string to the SDK. */
export function targetManifest(board: Board, stamp: BuildStamp): Record<string, unknown> {
	const { files, dependency } = INTERFACES[board.network.kind];
	const latchkey: Record<string, unknown> = {
		board: `#${board.name}`,
		sequence: stamp.firmware.sequence,
		build_unix_s: stamp.builtUnixS,
	};
	if (board.network.kind === "rmii")
		latchkey.rmii = { ...board.network.pins, address: board.network.address };
	if (board.network.kind === "spi") latchkey.spi = { ...board.network.pins };
	const folder = `${stamp.root}/build/boards/${board.name}`;
	const recovers = stamp.program === "recovery";
	return {
		build: {
			SUBPLATFORM: board.name,
			ESP32_SUBCLASS: board.chip,
			SDKCONFIGPATH: `${folder}/sdkconfig`,
			PARTITIONS_FILE: `${stamp.root}/partitions-${board.flashMb}mb.csv`,
		},
		modules: {
			"hosts/esp32/board": `${folder}/board`,
			"*": recovers ? [] : files.map((file) => `${stamp.root}/hosts/esp32/${file}`),
		},
		preload: ["hosts/esp32/board"],
		creation: creationOf(board.heapKb),
		defines: { latchkey, xs: { abortHook: 1 }, task: { queueLength: 24 } },
		platforms: { "esp32/*": { dependency: recovers ? [] : dependency } },
	};
}

/** sdkconfig lines that follow from the board and the version alone; the fragments of sdkconfig/ come before them. */
export function boardSdkconfig(board: Board, stamp: BuildStamp, isProduction: boolean): string[] {
	const { version } = stamp.firmware;
	// What must start whatever the fuse says, which no release may then pass by.
	const securityVersion =
		stamp.program === "recovery" ? LIMITS.securityVersionMax : stamp.firmware.securityVersion;
	const lines = [
		`CONFIG_ESPTOOLPY_FLASHSIZE_${board.flashMb}MB=y`,
		"CONFIG_APP_PROJECT_VER_FROM_CONFIG=y",
		`CONFIG_APP_PROJECT_VER="${version}"`,
	];
	if (isProduction) {
		lines.push(`CONFIG_BOOTLOADER_APP_SECURE_VERSION=${securityVersion}`);
		if (board.chip === "esp32") lines.push("CONFIG_ESP32_REV_MIN_3=y", "CONFIG_SECURE_DISABLE_ROM_DL_MODE=y");
		else lines.push("CONFIG_SECURE_ENABLE_SECURE_ROM_DL_MODE=y");
	}
	lines.push(
		board.console === "usb" && !isProduction
			? "CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG=y"
			: board.console === "uart0" && !isProduction
				? "CONFIG_ESP_CONSOLE_UART_DEFAULT=y"
				: "CONFIG_ESP_CONSOLE_NONE=y",
	);
	if (board.network.kind === "openeth") lines.push("CONFIG_ETH_USE_OPENETH=y");
	if (board.network.kind !== "spi" && board.network.kind !== "wifi")
		lines.push("CONFIG_ETH_USE_SPI_ETHERNET=n");
	if (board.psram !== "none" && board.chip === "esp32s3")
		lines.push(
			"CONFIG_SPIRAM=y",
			board.psram === "octal" ? "CONFIG_SPIRAM_MODE_OCT=y" : "CONFIG_SPIRAM_MODE_QUAD=y",
		);
	return lines;
}
