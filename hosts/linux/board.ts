/** The pins of the simulated Linux board by role. Both sides of the pins socket use this one table. */
export const BOARD_PINS = Object.freeze({
	button: 1,
	exit: 2,
	thrown: 3,
	retracted: 4,
	door: 5,
	tamper: 6,
	inhibit: 7,
	"drive-throw": 16,
	"drive-retract": 17,
	brake: 18,
	indicator: 19,
} as const);

/** High, also where nobody drives it: the access point of the Wi-Fi stand-in (wifi.ts) is in reach. */
export const ACCESS_POINT_PIN = 8;
