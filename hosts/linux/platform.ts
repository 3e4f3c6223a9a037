/** The Platform of the simulated Linux board: ECMA-419 classes and bindings, put together. Opened once a boot. */
import type { Platform } from "../../modules/platform/platform.ts";
import type { SerialPort } from "../../modules/platform/serial.ts";
import type { System } from "../../modules/platform/system.ts";
import type { Tls } from "../../modules/platform/tls.ts";
import { PsaCrypto } from "../bindings/crypto.ts";
import { NativeDrive } from "../bindings/drive.ts";
import { PsaKeyStore } from "../bindings/keys.ts";
import { CLOCK } from "../ecma419/clock.ts";
import { DigitalPins } from "../ecma419/pins.ts";
import { KeyValueRecords } from "../ecma419/records.ts";
import { NO_SERIAL_PORT, StandardSerialPort } from "../ecma419/serial-port.ts";
import { BOARD_PINS } from "./board.ts";
import { LinuxSystem } from "./system.ts";

/** Until the bindings' TLS client is there: a board that reaches nobody. */
const NO_TLS: Tls = Object.freeze({
	connect(...[, handlers]: Parameters<Tls["connect"]>): ReturnType<Tls["connect"]> {
		const timer = CLOCK.after(0, () => handlers.onClosed("connect"));
		return { read: () => undefined, write: () => 0, close: () => timer.cancel() };
	},
	dropSessions(): void {},
});

/** A board that was started without --serial has no line. */
function openSerial(system: System): SerialPort {
	try {
		return new StandardSerialPort({}, true);
	} catch (error) {
		system.log(`serial: none, ${(error as Error).message}`);
		return NO_SERIAL_PORT;
	}
}

export function openPlatform(): Platform {
	const system = new LinuxSystem();
	const {
		button,
		exit,
		thrown,
		retracted,
		door,
		tamper,
		inhibit,
		indicator,
		"drive-throw": driveThrow,
		"drive-retract": driveRetract,
		brake,
	} = BOARD_PINS;
	const inputs = {
		button: { pin: button },
		exit: { pin: exit },
		thrown: { pin: thrown },
		retracted: { pin: retracted },
		door: { pin: door },
		tamper: { pin: tamper },
		inhibit: { pin: inhibit },
	};
	return {
		clock: CLOCK,
		crypto: new PsaCrypto(),
		keys: new PsaKeyStore(),
		storage: new KeyValueRecords(),
		tls: NO_TLS,
		pins: new DigitalPins(inputs, { pin: indicator }),
		drive: new NativeDrive({ "drive-throw": driveThrow, "drive-retract": driveRetract, brake }),
		serial: openSerial(system),
		system,
	};
}
