/** The closed lists of a session (PROTOCOL 5): commands, statuses, events, bolt positions, roles. */

export const COMMANDS = Object.freeze({
	anchor: 1,
	status: 2,
	unlock: 3,
	lock: 4,
	"log.read": 5,
	"members.list": 6,
	"members.remove": 7,
	"members.add": 8,
	enrol: 9,
	"trust.put": 10,
	"trust.status": 11,
	"time.nonce": 12,
	"time.put": 13,
	"time.set": 14,
	health: 15,
	"relays.list": 16,
	"relays.set": 17,
	"update.offer": 18,
	"update.piece": 19,
	"update.status": 20,
	"update.attest": 21,
	"update.retry": 22,
	"radio.key": 23,
	"wifi.set": 24,
	"wifi.status": 25,
} as const);
export type CommandName = keyof typeof COMMANDS;

const COMMAND_NAMES: readonly (CommandName | undefined)[] = Object.freeze([
	undefined,
	"anchor",
	"status",
	"unlock",
	"lock",
	"log.read",
	"members.list",
	"members.remove",
	"members.add",
	"enrol",
	"trust.put",
	"trust.status",
	"time.nonce",
	"time.put",
	"time.set",
	"health",
	"relays.list",
	"relays.set",
	"update.offer",
	"update.piece",
	"update.status",
	"update.attest",
	"update.retry",
	"radio.key",
	"wifi.set",
	"wifi.status",
]);

/** Undefined for a number that names no command. */
export function commandName(number: number): CommandName | undefined {
	return COMMAND_NAMES[number];
}

/** PROTOCOL 5.2, in the order of their numbers: `done` is 0. */
export const STATUSES = Object.freeze([
	"done",
	"stale",
	"not-permitted",
	"outside-schedule",
	"used-up",
	"busy",
	"jammed",
	"inhibited",
	"no-time",
	"unknown-command",
	"try-later",
] as const);
export type Status = (typeof STATUSES)[number];
export type Refusal = Exclude<Status, "done">;

export const BOLT_POSITIONS = Object.freeze([
	"unknown",
	"thrown",
	"retracted",
	"throwing",
	"retracting",
	"jammed",
] as const);
export type BoltPosition = (typeof BOLT_POSITIONS)[number];

export const ROLES = Object.freeze({ owner: 1, member: 2 } as const);
export type RoleName = keyof typeof ROLES;

export const EVENT_BOLT = 1;
