/** The board esp32c3-devkit, made of boards/esp32c3-devkit.json by tools/boards: change that one. */
import type { DriveRole } from "../../modules/platform/pins.ts";
import type { BoardPin, InputPins } from "../ecma419/pins.ts";
import type { SerialLineOptions } from "../ecma419/serial-port.ts";

export const INPUT_PINS: InputPins = Object.freeze({
	button: Object.freeze({ pin: 9, activeLow: true, pull: "up" }),
	exit: Object.freeze({ pin: 4, activeLow: true, pull: "up" }),
	thrown: Object.freeze({ pin: 0, activeLow: true, pull: "up" }),
	retracted: Object.freeze({ pin: 1, activeLow: true, pull: "up" }),
	door: Object.freeze({ pin: 3, activeLow: true, pull: "up" }),
	tamper: Object.freeze({ pin: 5, activeLow: true, pull: "up" }),
	inhibit: Object.freeze({ pin: 18, activeLow: true, pull: "up" }),
});

export const INDICATOR_PIN: BoardPin = Object.freeze({ pin: 19 });

export const DRIVE_PINS: Readonly<Record<DriveRole, number>> = Object.freeze({
	"drive-throw": 6,
	"drive-retract": 7,
	brake: 10,
});

export const SERVICE_LINE: SerialLineOptions = Object.freeze({
	receive: 20,
	transmit: 21,
	port: 0,
	baud: 115200,
});

/** TCP port of the local network; 0: none. */
export const LOCAL_PORT: number = 4433;
