/** The Platform of the simulated Linux board: ECMA-419 classes and bindings, put together. Opened once a boot. */
import type { Listener } from "../../modules/platform/listener.ts";
import type { Platform } from "../../modules/platform/platform.ts";
import type { Radio } from "../../modules/platform/radio.ts";
import type { System } from "../../modules/platform/system.ts";
import { PsaCrypto } from "../bindings/crypto.ts";
import { NativeDrive } from "../bindings/drive.ts";
import { ZLIB_INFLATE } from "../bindings/inflate.ts";
import { PsaKeyStore } from "../bindings/keys.ts";
import { NativeSlots } from "../bindings/slots.ts";
import { NativeTls } from "../bindings/tls.ts";
import { NATIVE_WS_BYTES } from "../bindings/websocket.ts";
import { forgetWifi } from "../bindings/wifi.ts";
import { CLOCK } from "../ecma419/clock.ts";
import { Machine } from "../ecma419/machine.ts";
import { DigitalPins } from "../ecma419/pins.ts";
import { KeyValueRecords } from "../ecma419/records.ts";
import { TcpListener } from "../ecma419/tcp-listener.ts";
import { GattRadio } from "../radio/gatt-radio.ts";
import { BOARD_PINS } from "./board.ts";
import { openRadioScan } from "./radio-scan.ts";
import { openSerial } from "./service-line.ts";
import { boardArgument } from "./system.ts";
import { StandInWifi } from "./wifi.ts";

/** `--arg local=ADDRESS:PORT` opens the local network there, of an address in digits; port 0 lets the system choose. */
function openListener(system: System): Listener | undefined {
	const at = boardArgument("local");
	if (at === undefined) return undefined;
	const colon = at.lastIndexOf(":");
	try {
		const port = Number(at.slice(colon + 1));
		return new TcpListener({ address: at.slice(0, Math.max(0, colon)), port });
	} catch (error) {
		system.log(`local: none, ${(error as Error).message}`);
		return undefined;
	}
}

/** `--arg radio=ADDRESS:PORT` is the air around the board (peripheral.ts); port 0 lets the system choose. */
function openRadio(system: System): Radio | undefined {
	if (boardArgument("radio") === undefined) return undefined;
	try {
		const radio = new GattRadio();
		system.log(`radio: on the air at port ${radio.port}`);
		return radio;
	} catch (error) {
		system.log(`radio: none, ${(error as Error).message}`);
		return undefined;
	}
}

export function openPlatform(): Platform {
	const system = new Machine();
	const listener = openListener(system);
	const radioScan = openRadioScan();
	const radio = openRadio(system);
	const { indicator, "drive-throw": driveThrow, "drive-retract": driveRetract, brake } = BOARD_PINS;
	const inputs = {
		button: { pin: BOARD_PINS.button },
		exit: { pin: BOARD_PINS.exit },
		thrown: { pin: BOARD_PINS.thrown },
		retracted: { pin: BOARD_PINS.retracted },
		door: { pin: BOARD_PINS.door },
		tamper: { pin: BOARD_PINS.tamper },
		inhibit: { pin: BOARD_PINS.inhibit },
	};
	return {
		clock: CLOCK,
		crypto: new PsaCrypto(),
		keys: new PsaKeyStore(),
		storage: new KeyValueRecords(),
		tls: new NativeTls(),
		pins: new DigitalPins(inputs, { pin: indicator }),
		drive: new NativeDrive({ "drive-throw": driveThrow, "drive-retract": driveRetract, brake }),
		serial: openSerial(system),
		system,
		slots: new NativeSlots(),
		inflate: ZLIB_INFLATE,
		wsBytes: NATIVE_WS_BYTES,
		forgetWifi,
		...(listener === undefined ? {} : { listener }),
		...(radio === undefined ? {} : { radio }),
		...(radioScan === undefined ? {} : { radioScan }),
		// Whether this board has a Wi-Fi that an owner sets, `--arg wifi=yes` says.
		...(boardArgument("wifi") === "yes" ? { wifi: new StandInWifi(system) } : {}),
	};
}
