/**
 * A grant: which phone may do what, and when (DESIGN 8). Its two keys are enrolled together, in one record. This file
 * is the value and its encoding (docs/STORAGE.md 3); what it allows is decided in verdict.ts alone.
 */
import { LIMITS } from "../base/limits.ts";
import type { CborFields } from "../wire/cbor-encode.ts";
import { asArray, asInt, asUint, type CborMap, type CborValue } from "../wire/cbor-map.ts";
import { ROLES, type RoleName } from "../wire/command.ts";
import { asName } from "../wire/names.ts";
import { isWeekSchedule, type Validity, type WeekSchedule, type WeekWindow } from "./schedule.ts";

/** In the order of their bits, from bit 0. */
export const PERMISSIONS = Object.freeze([
	"unlock",
	"lock",
	"status",
	"log",
	"invite",
	"manage",
	"configure",
	"update",
	"reset",
] as const);
export type Permission = (typeof PERMISSIONS)[number];

/** A set of permissions: bit n for PERMISSIONS[n]. */
export type PermissionSet = number;

export function permissionSet(...permissions: readonly Permission[]): PermissionSet {
	return permissions.reduce((set, permission) => set | (1 << PERMISSIONS.indexOf(permission)), 0);
}

export function hasPermission(set: PermissionSet, permission: Permission): boolean {
	return (set & permissionSet(permission)) !== 0;
}

const ALL_PERMISSIONS: PermissionSet = permissionSet(...PERMISSIONS);

/** What a role's name stands for when a grant is made; the grant keeps its own set. */
export const ROLE_PERMISSIONS: Readonly<Record<RoleName, PermissionSet>> = Object.freeze({
	owner: ALL_PERMISSIONS,
	member: permissionSet("unlock", "lock", "status"),
});

export interface Grant {
	/** 1 .. GRANT_ID_MAX, given once between two resets. */
	readonly id: number;
	readonly role: RoleName;
	readonly permissions: PermissionSet;
	readonly name: string;
	/** The phone's Noise key. */
	readonly key25519: Uint8Array;
	/** Its signing key, whose possession was proven. */
	readonly keyP256: Uint8Array;
	/** Absent: always. */
	readonly validity?: Validity;
	/** Absent: at any hour. */
	readonly schedule?: WeekSchedule;
	/** Absent: any number of unlocks. */
	readonly usesLeft?: number;
}

export const GRANT_ID_MAX = 0xffffffff;
const OFFSET_MAX_MINUTES = 840;
const KEYS = Object.freeze([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

export function roleFromNumber(number: number | undefined): RoleName | undefined {
	if (number === ROLES.owner) return "owner";
	return number === ROLES.member ? "member" : undefined;
}

/** An owner whom nothing limits: at least one of them must remain. */
export function isFullOwner(grant: Grant): boolean {
	return grant.role === "owner" && grant.permissions === ALL_PERMISSIONS && !isLimited(grant);
}

/** Nobody gives what they do not hold (T9), and a grant made by a role's name has no limits. */
export function mayGive(giver: Grant, role: RoleName): boolean {
	return (ROLE_PERMISSIONS[role] & ~giver.permissions) === 0 && !isLimited(giver);
}

function isLimited({ validity, schedule, usesLeft }: Grant): boolean {
	return validity !== undefined || schedule !== undefined || usesLeft !== undefined;
}

export function encodeGrant(grant: Grant): CborFields {
	const { validity, schedule } = grant;
	return {
		1: grant.id,
		2: ROLES[grant.role],
		3: grant.permissions,
		4: grant.name,
		5: grant.key25519,
		6: grant.keyP256,
		7: validity?.notBefore,
		8: validity?.notAfter,
		9: schedule && [
			schedule.utcOffsetMinutes,
			schedule.windows.map(({ startMinute, endMinute }) => [startMinute, endMinute]),
		],
		10: grant.usesLeft,
	};
}

/** Undefined for anything that encodeGrant does not make of a valid grant. */
export function decodeGrant(map: CborMap): Grant | undefined {
	const id = map.uint(1, GRANT_ID_MAX);
	const role = roleFromNumber(map.uint(2));
	const permissions = map.uint(3, ALL_PERMISSIONS);
	const name = asName(map.get(4));
	const key25519 = map.bytes(5, 32);
	const keyP256 = map.bytes(6, 65);
	const limits = decodeLimits(map);
	if (!map.hasOnly(KEYS) || id === undefined || id === 0 || role === undefined) return undefined;
	if (permissions === undefined || name === undefined || limits === undefined) return undefined;
	if (key25519 === undefined || keyP256 === undefined) return undefined;
	return { id, role, permissions, name, key25519, keyP256, ...limits };
}

function decodeLimits(map: CborMap): Pick<Grant, "validity" | "schedule" | "usesLeft"> | undefined {
	const notBefore = map.uint(7, LIMITS.unixSecondsMax);
	const notAfter = map.uint(8, LIMITS.unixSecondsMax);
	if (map.has(7) !== (notBefore !== undefined) || map.has(8) !== (notAfter !== undefined)) return undefined;
	if (notBefore !== undefined && notAfter !== undefined && notAfter < notBefore) return undefined;
	const schedule = map.has(9) ? decodeSchedule(map.get(9)) : undefined;
	if (map.has(9) !== (schedule !== undefined)) return undefined;
	const usesLeft = map.uint(10, LIMITS.grantUses);
	if (map.has(10) !== (usesLeft !== undefined)) return undefined;
	const bounded = notBefore !== undefined || notAfter !== undefined;
	const validity: Validity = {
		...(notBefore === undefined ? {} : { notBefore }),
		...(notAfter === undefined ? {} : { notAfter }),
	};
	return {
		...(bounded ? { validity } : {}),
		...(schedule === undefined ? {} : { schedule }),
		...(usesLeft === undefined ? {} : { usesLeft }),
	};
}

function decodeSchedule(value: CborValue | undefined): WeekSchedule | undefined {
	const fields = asArray(value, 2);
	const utcOffsetMinutes = asInt(fields?.[0], -OFFSET_MAX_MINUTES, OFFSET_MAX_MINUTES);
	const items = asArray(fields?.[1], { min: 1, max: LIMITS.scheduleWindows });
	if (utcOffsetMinutes === undefined || items === undefined) return undefined;
	const windows: WeekWindow[] = [];
	for (const item of items) {
		const pair = asArray(item, 2);
		const startMinute = asUint(pair?.[0]);
		const endMinute = asUint(pair?.[1]);
		if (startMinute === undefined || endMinute === undefined) return undefined;
		windows.push({ startMinute, endMinute });
	}
	const schedule = { utcOffsetMinutes, windows };
	return isWeekSchedule(schedule) ? schedule : undefined;
}
