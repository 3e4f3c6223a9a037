/** The service line of the simulated Linux board. */
import type { SerialPort } from "../../modules/platform/serial.ts";
import type { System } from "../../modules/platform/system.ts";
import { NO_SERIAL_PORT, StandardSerialPort } from "../ecma419/serial-port.ts";

/** A board that was started without --serial has no line. */
export function openSerial(system: System): SerialPort {
	try {
		return new StandardSerialPort({}, true);
	} catch (error) {
		system.log(`serial: none, ${(error as Error).message}`);
		return NO_SERIAL_PORT;
	}
}
