/** The pins of the first ESP32-C3 board by role. A product's board brings its own table. */
import type { DriveRole } from "../../modules/platform/pins.ts";
import type { BoardPin, InputPins } from "../ecma419/pins.ts";

/** Buttons and contacts close to ground. */
function contact(pin: number): BoardPin {
	return Object.freeze({ pin, activeLow: true, pull: "up" });
}

export const INPUT_PINS: InputPins = Object.freeze({
	button: contact(9),
	exit: contact(10),
	thrown: contact(0),
	retracted: contact(1),
	door: contact(3),
	tamper: contact(4),
	inhibit: contact(5),
});

export const INDICATOR_PIN: BoardPin = Object.freeze({ pin: 8, activeLow: true });

export const DRIVE_PINS: Readonly<Record<DriveRole, number>> = Object.freeze({
	"drive-throw": 6,
	"drive-retract": 7,
	brake: 2,
});

/** UART 0, which is also the console of the ROM: the service line. */
export const SERVICE_LINE = Object.freeze({ receive: 20, transmit: 21, port: 1, baud: 115200 });
