/**
 * A board as a file (boards/NAME.json): its chip, pins by role with their polarity, what moves the bolt, flash, network and service
 * line. The decoder takes anything and never throws; what the pins may not be is pin-check.ts's. Specification: docs/BOARDS.md 2.
 */
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import type { OutputKind } from "../../modules/lock/bolt-config.ts";
import type { DriveRole, InputRole } from "../../modules/platform/pins.ts";
import { CHIPS, type Chip } from "./chip-pins.ts";

export const INPUT_ROLES: readonly InputRole[] = Object.freeze([
	"button",
	"exit",
	"thrown",
	"retracted",
	"door",
	"tamper",
	"inhibit",
]);
export const DRIVE_ROLES: readonly DriveRole[] = Object.freeze(["drive-throw", "drive-retract", "brake"]);

export interface InputPin {
	readonly pin: number;
	readonly activeLow: boolean;
	readonly pull?: "up" | "down";
}

export type Network =
	| { readonly kind: "wifi" }
	| { readonly kind: "openeth" }
	| { readonly kind: "rmii"; readonly pins: RmiiPins; readonly address: number }
	| { readonly kind: "spi"; readonly pins: SpiPins };

/** `reset` -1: the PHY has none. */
export interface RmiiPins {
	readonly mdc: number;
	readonly mdio: number;
	readonly clock: number;
	readonly reset: number;
}

export interface SpiPins {
	readonly mosi: number;
	readonly miso: number;
	readonly clock: number;
	readonly select: number;
	readonly interrupt: number;
	readonly reset: number;
}

export interface Line {
	readonly port: number;
	readonly receive: number;
	readonly transmit: number;
	readonly baud: number;
}

export interface Board {
	readonly name: string;
	readonly chip: Chip;
	readonly summary: string;
	/** Runs in an emulator alone. */
	readonly emulated: boolean;
	readonly flashMb: 4 | 8;
	readonly psram: "none" | "quad" | "octal";
	readonly network: Network;
	readonly actuator: OutputKind;
	/** High is energised, and nothing else can be: a pin that floats, or a chip in reset, must move nothing. */
	readonly drive: Readonly<Record<DriveRole, number>>;
	readonly inputs: Readonly<Record<InputRole, InputPin>>;
	readonly indicator: InputPin;
	readonly line: Line;
	readonly console: "none" | "usb" | "uart0";
	/** KiB that the engine has for slots, chunks and stack. */
	readonly heapKb: number;
	/** TCP port of the local network; 0: none. */
	readonly localPort: number;
	/** Strapping pins that are used all the same: number -> why that is sound. */
	readonly straps: Readonly<Record<string, string>>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Names the field and what it must be. */
class Reader {
	readonly flaws: string[] = [];

	fields(value: unknown, at: string, keys: readonly string[], optional: readonly string[] = []): Fields {
		if (typeof value !== "object" || value === null || Array.isArray(value)) {
			this.flaws.push(`${at} must be an object`);
			return {};
		}
		for (const key of Object.keys(value)) {
			if (!keys.includes(key) && !optional.includes(key))
				this.flaws.push(`${at}: there is no field "${key}"`);
		}
		for (const key of keys) {
			if (!Object.hasOwn(value, key)) this.flaws.push(`${at}: "${key}" is missing`);
		}
		return value as Fields;
	}

	integer(value: unknown, at: string, minimum: number, maximum: number): number {
		if (typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum)
			return value;
		if (value !== undefined) this.flaws.push(`${at} must be an integer of ${minimum} to ${maximum}`);
		return minimum;
	}

	oneOf<Value extends string>(value: unknown, at: string, values: readonly Value[]): Value {
		const found = values.find((each) => each === value);
		if (found === undefined && value !== undefined)
			this.flaws.push(`${at} must be one of ${values.join(", ")}`);
		return found ?? values[0]!;
	}

	text(value: unknown, at: string, pattern: RegExp): string {
		if (typeof value === "string" && pattern.test(value)) return value;
		if (value !== undefined) this.flaws.push(`${at} must match ${pattern.source}`);
		return "";
	}

	truth(value: unknown, at: string): boolean {
		if (value !== undefined && typeof value !== "boolean") this.flaws.push(`${at} must be true or false`);
		return value === true;
	}

	pin(value: unknown, at: string, least = 0): number {
		return this.integer(value, at, least, 63);
	}
}

function readInput(reader: Reader, value: unknown, at: string): InputPin {
	const fields = reader.fields(value, at, ["pin"], ["activeLow", "pull"]);
	const pin = {
		pin: reader.pin(fields.pin, `${at}.pin`),
		activeLow: reader.truth(fields.activeLow, `${at}.activeLow`),
	};
	if (fields.pull === undefined) return pin;
	return { ...pin, pull: reader.oneOf(fields.pull, `${at}.pull`, ["up", "down"]) };
}

function readNetwork(reader: Reader, value: unknown): Network {
	const kind = reader.oneOf((value as { readonly kind?: unknown } | null | undefined)?.kind, "network.kind", [
		"wifi",
		"openeth",
		"rmii",
		"spi",
	]);
	const pins = (names: readonly string[], fields: Fields): Record<string, number> =>
		Object.fromEntries(
			names.map((name) => [name, reader.pin(fields[name], `network.${name}`, name === "reset" ? -1 : 0)]),
		);
	if (kind === "rmii") {
		const names = ["mdc", "mdio", "clock", "reset"];
		const fields = reader.fields(value, "network", ["kind", "address", ...names]);
		const address = reader.integer(fields.address, "network.address", 0, 31);
		return { kind, address, pins: pins(names, fields) as unknown as RmiiPins };
	}
	if (kind === "spi") {
		const names = ["mosi", "miso", "clock", "select", "interrupt", "reset"];
		return {
			kind,
			pins: pins(names, reader.fields(value, "network", ["kind", ...names])) as unknown as SpiPins,
		};
	}
	reader.fields(value, "network", ["kind"]);
	return { kind };
}

function readStraps(reader: Reader, value: unknown): Record<string, string> {
	const straps: Record<string, string> = {};
	if (value === undefined) return straps;
	if (typeof value !== "object" || value === null || Array.isArray(value)) {
		reader.flaws.push("straps must be an object");
		return straps;
	}
	for (const [pin, why] of Object.entries(value)) {
		if (!/^\d{1,2}$/.test(pin)) reader.flaws.push(`straps: "${pin}" is no pin`);
		straps[pin] = reader.text(why, `straps.${pin}`, /^.{10,200}$/);
	}
	return straps;
}

const KEYS = [
	"name",
	"chip",
	"summary",
	"flashMb",
	"psram",
	"network",
	"actuator",
	"drive",
	"inputs",
	"indicator",
	"line",
	"console",
	"heapKb",
	"localPort",
] as const;

/** The board, or every flaw of the file. */
export function decodeBoard(value: unknown): Result<Board, "form"> & { readonly flaws: readonly string[] } {
	const reader = new Reader();
	const fields = reader.fields(value, "board", KEYS, ["straps", "emulated"]);
	const drive = reader.fields(fields.drive, "drive", DRIVE_ROLES);
	const inputs = reader.fields(fields.inputs, "inputs", INPUT_ROLES);
	const line = reader.fields(fields.line, "line", ["port", "receive", "transmit", "baud"]);
	const board: Board = {
		name: reader.text(fields.name, "name", /^[a-z][a-z0-9-]{0,22}$/),
		chip: reader.oneOf(fields.chip, "chip", CHIPS),
		summary: reader.text(fields.summary, "summary", /^.{1,200}$/),
		emulated: reader.truth(fields.emulated, "emulated"),
		flashMb: reader.integer(fields.flashMb, "flashMb", 4, 8) === 8 ? 8 : 4,
		psram: reader.oneOf(fields.psram, "psram", ["none", "quad", "octal"]),
		network: readNetwork(reader, fields.network),
		actuator: reader.oneOf(fields.actuator, "actuator", ["motor", "fail-secure", "fail-safe"]),
		drive: {
			"drive-throw": reader.pin(drive["drive-throw"], "drive.drive-throw"),
			"drive-retract": reader.pin(drive["drive-retract"], "drive.drive-retract"),
			brake: reader.pin(drive.brake, "drive.brake"),
		},
		inputs: Object.fromEntries(
			INPUT_ROLES.map((role) => [role, readInput(reader, inputs[role], `inputs.${role}`)]),
		) as Record<InputRole, InputPin>,
		indicator: readInput(reader, fields.indicator, "indicator"),
		line: {
			port: reader.integer(line.port, "line.port", 0, 2),
			receive: reader.pin(line.receive, "line.receive"),
			transmit: reader.pin(line.transmit, "line.transmit"),
			baud: reader.integer(line.baud, "line.baud", 9600, 921600),
		},
		console: reader.oneOf(fields.console, "console", ["none", "usb", "uart0"]),
		heapKb: reader.integer(fields.heapKb, "heapKb", 64, 1024),
		localPort: reader.integer(fields.localPort, "localPort", 0, 65535),
		straps: readStraps(reader, fields.straps),
	};
	if (fields.flashMb !== 4 && fields.flashMb !== 8 && fields.flashMb !== undefined)
		reader.flaws.push("flashMb must be 4 or 8: there is a partition table for each");
	if (reader.flaws.length > 0) return { ...refuse("form"), flaws: reader.flaws };
	return { ...accept(board), flaws: [] };
}
