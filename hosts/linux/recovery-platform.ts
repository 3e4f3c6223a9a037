/** What the recovery program has of the simulated Linux board: no network, no pins, no outputs. */
import type { Platform } from "../../modules/platform/platform.ts";
import { PsaCrypto } from "../bindings/crypto.ts";
import { ZLIB_INFLATE } from "../bindings/inflate.ts";
import { PsaKeyStore } from "../bindings/keys.ts";
import { NativeSlots } from "../bindings/slots.ts";
import { CLOCK } from "../ecma419/clock.ts";
import { Machine } from "../ecma419/machine.ts";
import { KeyValueRecords } from "../ecma419/records.ts";
import { openSerial } from "./service-line.ts";

export function openRecoveryPlatform(): Pick<
	Platform,
	"clock" | "crypto" | "keys" | "storage" | "serial" | "system" | "slots" | "inflate"
> {
	const system = new Machine();
	return {
		clock: CLOCK,
		crypto: new PsaCrypto(),
		keys: new PsaKeyStore(),
		storage: new KeyValueRecords(),
		serial: openSerial(system),
		system,
		slots: new NativeSlots(),
		inflate: ZLIB_INFLATE,
	};
}
