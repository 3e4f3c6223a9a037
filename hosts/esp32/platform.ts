/** The Platform of an ESP32 board: the SDK's ECMA-419 classes and the bindings, put together. Opened once a boot. */
import type { Platform } from "../../modules/platform/platform.ts";
import { PsaCrypto } from "../bindings/crypto.ts";
import { NativeDrive } from "../bindings/drive.ts";
import { ZLIB_INFLATE } from "../bindings/inflate.ts";
import { PsaKeyStore } from "../bindings/keys.ts";
import { NativeSlots } from "../bindings/slots.ts";
import { NativeTls } from "../bindings/tls.ts";
import { NATIVE_WS_BYTES } from "../bindings/websocket.ts";
import { CLOCK } from "../ecma419/clock.ts";
import { Machine } from "../ecma419/machine.ts";
import { DigitalPins } from "../ecma419/pins.ts";
import { KeyValueRecords } from "../ecma419/records.ts";
import { StandardSerialPort } from "../ecma419/serial-port.ts";
import { DRIVE_PINS, INDICATOR_PIN, INPUT_PINS, SERVICE_LINE } from "./board.ts";

export function openPlatform(): Platform {
	return {
		clock: CLOCK,
		crypto: new PsaCrypto(),
		keys: new PsaKeyStore(),
		storage: new KeyValueRecords(),
		tls: new NativeTls(),
		pins: new DigitalPins(INPUT_PINS, INDICATOR_PIN),
		drive: new NativeDrive(DRIVE_PINS),
		serial: new StandardSerialPort(SERVICE_LINE, false),
		system: new Machine(),
		slots: new NativeSlots(),
		inflate: ZLIB_INFLATE,
		wsBytes: NATIVE_WS_BYTES,
	};
}
