/**
 * What each pin of a chip is beside being a pin, as a table. Source of every row: ESP-IDF v6.0,
 * docs/en/api-reference/peripherals/gpio/{esp32,esp32s3,esp32c3,esp32c6}.inc, which repeats the datasheets ("Strapping pin",
 * "SPI0/1", "USB-JTAG", "JTAG", "GPI"); the RMII pins of the ESP32's own MAC from docs/en/api-reference/network/esp_eth.rst; the
 * pins of UART 0 from components/soc/<chip>/include/soc/uart_pins.h. `npm run check:sdk` compares it with the sources where they are.
 */

export const CHIPS = Object.freeze(["esp32", "esp32s3", "esp32c3", "esp32c6"] as const);
export type Chip = (typeof CHIPS)[number];

export interface ChipPins {
	/** Numbers that exist. */
	readonly pins: readonly number[];
	/** The ROM reads their level at reset: it decides from where and how the chip boots. */
	readonly strapping: readonly number[];
	readonly flash: readonly number[];
	/** Taken where the module has such memory. */
	readonly psram: readonly number[];
	readonly octal: readonly number[];
	/** No output, no pull. */
	readonly inputOnly: readonly number[];
	readonly usb: readonly number[];
	readonly jtag: readonly number[];
	/** The ROM and the boot loader print there, whatever the firmware does. */
	readonly uart0: { readonly transmit: number; readonly receive: number };
	/** Of the chip's own Ethernet MAC; empty: it has none. MDC, MDIO and the clock are the board's. */
	readonly rmii: readonly number[];
	readonly radio: boolean;
}

function range(first: number, last: number): number[] {
	return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

export const CHIP_PINS: Readonly<Record<Chip, ChipPins>> = Object.freeze({
	esp32: Object.freeze({
		pins: Object.freeze([...range(0, 19), ...range(21, 23), ...range(25, 27), ...range(32, 39)]),
		strapping: Object.freeze([0, 2, 5, 12, 15]),
		flash: Object.freeze(range(6, 11)),
		psram: Object.freeze([16, 17]),
		octal: Object.freeze([]),
		inputOnly: Object.freeze(range(34, 39)),
		usb: Object.freeze([]),
		jtag: Object.freeze(range(12, 15)),
		uart0: Object.freeze({ transmit: 1, receive: 3 }),
		rmii: Object.freeze([19, 21, 22, 25, 26, 27]),
		radio: true,
	}),
	esp32s3: Object.freeze({
		pins: Object.freeze([...range(0, 21), ...range(26, 48)]),
		strapping: Object.freeze([0, 3, 45, 46]),
		flash: Object.freeze(range(26, 32)),
		psram: Object.freeze([]),
		octal: Object.freeze(range(33, 37)),
		inputOnly: Object.freeze([]),
		usb: Object.freeze([19, 20]),
		jtag: Object.freeze([]),
		uart0: Object.freeze({ transmit: 43, receive: 44 }),
		rmii: Object.freeze([]),
		radio: true,
	}),
	esp32c3: Object.freeze({
		pins: Object.freeze(range(0, 21)),
		strapping: Object.freeze([2, 8, 9]),
		flash: Object.freeze(range(12, 17)),
		psram: Object.freeze([]),
		octal: Object.freeze([]),
		inputOnly: Object.freeze([]),
		usb: Object.freeze([18, 19]),
		jtag: Object.freeze([]),
		uart0: Object.freeze({ transmit: 21, receive: 20 }),
		rmii: Object.freeze([]),
		radio: true,
	}),
	esp32c6: Object.freeze({
		pins: Object.freeze(range(0, 30)),
		strapping: Object.freeze([4, 5, 8, 9, 15]),
		flash: Object.freeze(range(24, 30)),
		psram: Object.freeze([]),
		octal: Object.freeze([]),
		inputOnly: Object.freeze([]),
		usb: Object.freeze([12, 13]),
		jtag: Object.freeze([]),
		uart0: Object.freeze({ transmit: 16, receive: 17 }),
		rmii: Object.freeze([]),
		radio: true,
	}),
});
