/** The Platform of an ESP32 board: the SDK's ECMA-419 classes and the bindings, put together. Opened once a boot. */
import type { Listener } from "../../modules/platform/listener.ts";
import type { Platform } from "../../modules/platform/platform.ts";
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
import { StandardSerialPort } from "../ecma419/serial-port.ts";
import { TcpListener } from "../ecma419/tcp-listener.ts";
import { DRIVE_PINS, INDICATOR_PIN, INPUT_PINS, LOCAL_PORT, SERVICE_LINE } from "./board.ts";
import { startHost } from "./host-start.ts";
import { BoardNetwork } from "./network.ts";
import { BoardWifi } from "./wifi.ts";

/** The port of the board's file; lwIP takes listeners before there is an address, and none where there is no network. */
function openListener(system: System): Listener | undefined {
	if (LOCAL_PORT === 0) return undefined;
	try {
		return new TcpListener({ port: LOCAL_PORT });
	} catch (error) {
		system.log(`local: none, ${(error as Error).message}`);
		return undefined;
	}
}

export function openPlatform(): Platform {
	startHost();
	const system = new Machine();
	// Before anything that may take its time: what moves the bolt is pulled low.
	const drive = new NativeDrive(DRIVE_PINS);
	const network = new BoardNetwork(CLOCK, (up) => system.log(up ? "network: up" : "network: down"));
	if (!network.exists) system.log("network: none");
	const listener = network.exists ? openListener(system) : undefined;
	return {
		clock: CLOCK,
		crypto: new PsaCrypto(),
		keys: new PsaKeyStore(),
		storage: new KeyValueRecords(),
		tls: new NativeTls(),
		pins: new DigitalPins(INPUT_PINS, INDICATOR_PIN),
		drive,
		serial: new StandardSerialPort(SERVICE_LINE, false),
		system,
		slots: new NativeSlots(),
		inflate: ZLIB_INFLATE,
		wsBytes: NATIVE_WS_BYTES,
		forgetWifi,
		...(listener === undefined ? {} : { listener }),
		...(network.joins ? { wifi: new BoardWifi(CLOCK, network) } : {}),
	};
}
