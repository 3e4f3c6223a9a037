/**
 * What a scenario has of the lock in front of it: its service line, hands at its buttons, eyes at its pins, its power. A driver offers a
 * part of that and says which; what it does not offer is "not possible with this driver" and never passed (docs/RIG.md 1).
 */
import type { Mechanism } from "../board/mechanism.ts";
import type { Endpoint } from "../cli/arguments.ts";
import type { RigRole, RigTarget } from "./rig-message.ts";
import type { Trace } from "./trace.ts";

export const DRIVER_NAMES = Object.freeze(["virtual", "kit", "rig"] as const);
export type DriverName = (typeof DRIVER_NAMES)[number];

export const ABILITIES = Object.freeze([
	"hands",
	"sense",
	"bolt",
	"power",
	"restart",
	"network",
	"access-point",
	"wifi",
	"radio",
] as const);
export type Ability = (typeof ABILITIES)[number];

/** For people, behind "it cannot". */
export const ABILITY_TEXTS: Readonly<Record<Ability, string>> = Object.freeze({
	hands: "press the lock's buttons",
	sense: "see the lock's outputs",
	bolt: "stand for the bolt at the lock's position inputs",
	power: "take the lock's power away",
	restart: "make the lock start over",
	network: "be reached by the lock over a network",
	"access-point": "take the lock's access point away",
	wifi: "name the lock a Wi-Fi (--ssid, --passphrase-file)",
	radio: "reach the lock's radio",
});

/** How exact the times of a trace are. */
export interface TraceClock {
	readonly resolutionUs: number;
	readonly driftPpm: number;
}

/** What the instruments between the computer and the lock say of themselves; `none`: there are none. */
export interface Instrument {
	readonly target: RigTarget | "none";
	readonly name: string;
}

export interface Driver {
	readonly name: DriverName;
	readonly abilities: ReadonlySet<Ability>;
	/** Path of the lock's service line, as it is now. */
	readonly line: string;
	readonly instrument: Instrument;
	readonly clock: TraceClock;
	readonly trace: Trace;
	/** Where there are hands, eyes or a bolt by wire. */
	readonly mechanism: Mechanism | undefined;
	/** Where the air of the lock's radio is. */
	readonly radio: Endpoint | undefined;
	/** Why nothing that was seen counts. */
	readonly fault: string | undefined;
	/** The lock's own log, where there is one: the last lines. */
	readonly consoleLines: readonly string[];
	/** Resolves when every edge up to now is in the trace. */
	settled(): Promise<void>;
	/** Where a lock reaches what listens there on this machine. */
	reach(at: Endpoint): Promise<Endpoint>;
	press(role: "button" | "exit", holdMs: number): Promise<void>;
	setPower(on: boolean): Promise<void>;
	/** Once: `delayMs` after this output goes high the power goes. Resolves when that is armed. */
	tripPower(role: RigRole, delayMs: number): Promise<void>;
	/** What `tripPower` armed is forgotten. */
	untrip(): Promise<void>;
	/** By its power, or where that cannot be by its reset line. */
	restart(): Promise<void>;
	setAccessPoint(on: boolean): Promise<void>;
	/** For the report: what the instruments counted. */
	readonly notes: readonly string[];
	close(): Promise<void>;
}
