/**
 * Whether a board's pins can be what its file says. A wrong pin is refused when the image is built, by number and reason: on the
 * board it would be a chip that does not boot, a lock that moves at reset, or one that never moves. Pure.
 */
import { type Board, DRIVE_ROLES, INPUT_ROLES } from "./board-file.ts";
import { CHIP_PINS } from "./chip-pins.ts";

export type PinUse = "drive" | "output" | "input" | "network" | "line";

export interface UsedPin {
	readonly pin: number;
	readonly role: string;
	readonly use: PinUse;
	readonly pull?: "up" | "down";
}

/** Every pin of the board with what it is for. */
export function usedPins(board: Board): UsedPin[] {
	const used: UsedPin[] = DRIVE_ROLES.map((role) => ({ pin: board.drive[role], role, use: "drive" }));
	for (const role of INPUT_ROLES) {
		const { pin, pull } = board.inputs[role];
		used.push({ pin, role, use: "input", ...(pull === undefined ? {} : { pull }) });
	}
	used.push({ pin: board.indicator.pin, role: "indicator", use: "output" });
	used.push({ pin: board.line.receive, role: "line.receive", use: "line" });
	used.push({ pin: board.line.transmit, role: "line.transmit", use: "line" });
	if (board.network.kind === "rmii" || board.network.kind === "spi") {
		for (const [name, pin] of Object.entries(board.network.pins))
			if (pin >= 0) used.push({ pin, role: `network.${name}`, use: "network" });
	}
	if (board.network.kind === "rmii") {
		for (const pin of CHIP_PINS[board.chip].rmii) used.push({ pin, role: "network (RMII)", use: "network" });
	}
	return used;
}

function flawOf(board: Board, { pin, role, use, pull }: UsedPin): string | undefined {
	const chip = CHIP_PINS[board.chip];
	const isInput = use === "input" || /\.(receive|miso|interrupt|clock)$/.test(role);
	if (!chip.pins.includes(pin)) return `does not exist on ${board.chip}`;
	if (chip.flash.includes(pin)) return "belongs to the flash (SPI0/1): the chip would lose its program";
	if (board.psram !== "none" && chip.psram.includes(pin)) return "belongs to the PSRAM of this module";
	if (board.psram === "octal" && chip.octal.includes(pin)) return "belongs to the octal PSRAM of this module";
	if (chip.inputOnly.includes(pin) && !isInput) return "is input only";
	if (chip.inputOnly.includes(pin) && pull !== undefined)
		return `is input only and has no pull "${pull}": fit a resistor and leave "pull" out`;
	if (chip.strapping.includes(pin)) {
		if (use === "drive")
			return "is a strapping pin: its level at reset is not ours, and the driver's pull-down could keep the chip from booting";
		if (board.straps[String(pin)] === undefined)
			return 'is a strapping pin: its level at reset decides how the chip boots. Take another, or say in "straps" why that is sound';
	}
	if (chip.usb.includes(pin) && board.console === "usb") return "is the USB console's (USB-JTAG)";
	if (chip.usb.includes(pin) && use === "drive")
		return "is a USB-JTAG pin: the ROM pulls it up, and moves it while it starts";
	if (use === "drive" && chip.jtag.includes(pin)) return "is a JTAG pin: it is pulled up or moves at reset";
	const { transmit, receive } = chip.uart0;
	if ((pin === transmit || pin === receive) && use !== "line")
		return use === "input" && pin === receive
			? undefined
			: "belongs to UART 0: the ROM prints there at each boot";
	return undefined;
}

function networkFlaw(board: Board): string | undefined {
	const chip = CHIP_PINS[board.chip];
	if (board.network.kind === "openeth" && !board.emulated)
		return 'network: no chip has "openeth"; it is an emulator\'s ("emulated": true)';
	if (board.network.kind === "wifi" && (board.emulated || !chip.radio))
		return "network: an emulator has no radio";
	if (board.network.kind === "rmii" && chip.rmii.length === 0)
		return `network: ${board.chip} has no Ethernet MAC of its own; take "spi" or "wifi"`;
	return undefined;
}

/** Each names the pin, its role and the reason; empty: the board can be built. */
export function pinFlaws(board: Board): string[] {
	const used = usedPins(board);
	const flaws: string[] = [];
	const network = networkFlaw(board);
	if (network !== undefined) flaws.push(network);
	for (const each of used) {
		const flaw = flawOf(board, each);
		if (flaw !== undefined) flaws.push(`GPIO${each.pin} (${each.role}) ${flaw}`);
	}
	const first = new Map<number, string>();
	for (const { pin, role } of used) {
		const other = first.get(pin);
		if (other === undefined) first.set(pin, role);
		else flaws.push(`GPIO${pin} (${role}) is ${other} already`);
	}
	for (const pin of Object.keys(board.straps)) {
		if (!used.some((each) => each.pin === Number(pin)))
			flaws.push(`straps: GPIO${pin} is used for nothing here`);
		else if (!CHIP_PINS[board.chip].strapping.includes(Number(pin)))
			flaws.push(`straps: GPIO${pin} is no strapping pin of ${board.chip}`);
	}
	if (board.psram === "octal" && CHIP_PINS[board.chip].octal.length === 0)
		flaws.push(`psram: ${board.chip} has no octal PSRAM`);
	if (board.console === "usb" && CHIP_PINS[board.chip].usb.length === 0)
		flaws.push(`console: ${board.chip} has no USB`);
	if (board.console === "uart0" && board.line.port === 0)
		flaws.push("console: UART 0 is the service line's already");
	return flaws;
}
