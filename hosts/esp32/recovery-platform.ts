/** What the recovery program has of an ESP32 board: no network, no pins, no outputs. */
import type { Platform } from "../../modules/platform/platform.ts";
import { PsaCrypto } from "../bindings/crypto.ts";
import { ZLIB_INFLATE } from "../bindings/inflate.ts";
import { PsaKeyStore } from "../bindings/keys.ts";
import { NativeSlots } from "../bindings/slots.ts";
import { CLOCK } from "../ecma419/clock.ts";
import { Machine } from "../ecma419/machine.ts";
import { KeyValueRecords } from "../ecma419/records.ts";
import { StandardSerialPort } from "../ecma419/serial-port.ts";
import { SERVICE_LINE } from "./board.ts";
import { startHost } from "./host-start.ts";

export function openRecoveryPlatform(): Pick<
	Platform,
	"clock" | "crypto" | "keys" | "storage" | "serial" | "system" | "slots" | "inflate"
> {
	startHost();
	return {
		clock: CLOCK,
		crypto: new PsaCrypto(),
		keys: new PsaKeyStore(),
		storage: new KeyValueRecords(),
		serial: new StandardSerialPort(SERVICE_LINE, false),
		system: new Machine(),
		slots: new NativeSlots(),
		inflate: ZLIB_INFLATE,
	};
}
