/**
 * Entries of the event log (PROTOCOL 9): what a lock writes and a phone reads. Decoding never throws; a kind that
 * this version does not know is kept as it came, so that an older phone can still follow the chain.
 */

import { assert, unreachable } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { decodeCbor } from "./cbor-decode.ts";
import { type CborInput, encodeCbor } from "./cbor-encode.ts";
import { asArray, asText, asUint, type CborValue } from "./cbor-map.ts";
import { asName } from "./names.ts";

export type LogEvent =
	| { readonly kind: "boot"; readonly resetReason: string; readonly firmware: string }
	| { readonly kind: "claimed"; readonly grantId: number; readonly name: string }
	| { readonly kind: "session"; readonly grantId: number; readonly transport: string }
	| {
			readonly kind: "decision";
			readonly grantId: number;
			readonly command: number;
			/** PROTOCOL 5.2 */
			readonly status: number;
	  }
	/** bolt: PROTOCOL 5.5 */
	| { readonly kind: "bolt"; readonly bolt: number; readonly cause: BoltCause }
	| { readonly kind: "window"; readonly opened: boolean }
	| { readonly kind: "reset" }
	| {
			readonly kind: "strangers";
			readonly transport: string;
			readonly count: number;
			readonly hour: number;
	  }
	| {
			readonly kind: "member-added";
			readonly grantId: number;
			readonly role: number;
			readonly name: string;
			readonly byGrantId: number;
	  }
	| { readonly kind: "member-removed"; readonly grantId: number; readonly byGrantId: number }
	| { readonly kind: "fault"; readonly code: string }
	/** way: over which of its ways in the bundle came. */
	| { readonly kind: "trust"; readonly version: number; readonly way: string }
	/** A new operational certificate serves. */
	| { readonly kind: "certificate"; readonly notAfter: number }
	/** step: of a list that the lock's update keeps (docs/UPDATE.md 12). */
	| { readonly kind: "update"; readonly sequence: number; readonly step: string };

export type BoltCause = "command" | "exit" | "relock" | "manual" | "fault";

/** A kind of a later version: its number and details as they came. Never written. */
export interface UnknownLogEvent {
	readonly kind: "unknown";
	readonly number: number;
	readonly detail: readonly CborValue[];
}

export interface LogEntry<Event = LogEvent> {
	/** From 1 after each reset of the lock. */
	readonly sequence: number;
	readonly boot: number;
	readonly secondsSinceBoot: number;
	/** Absent when the lock had no trusted time. */
	readonly unixSeconds?: number;
	readonly event: Event;
}

const KINDS = Object.freeze({
	boot: 1,
	claimed: 2,
	session: 3,
	decision: 4,
	bolt: 5,
	window: 6,
	reset: 7,
	strangers: 8,
	"member-added": 9,
	"member-removed": 10,
	fault: 11,
	trust: 12,
	certificate: 13,
	update: 14,
} as const);

const BOLT_CAUSES: readonly BoltCause[] = Object.freeze(["command", "exit", "relock", "manual", "fault"]);
const FIXED_FIELDS = 5;
const DETAILS_MAX = 8;
const ID_MAX = 0xffffffff;
const COMMAND_MAX = 0xffff;
const STATUS_MAX = 10;
const BOLT_MAX = 5;
const ROLE_MAX = 255;

/** The chain before entry 1. */
export function firstLogHead(): Uint8Array {
	return new Uint8Array(32);
}

/** head(n) from head(n - 1) and the encoding of entry n. */
export function nextLogHead(
	sha256: (data: Uint8Array) => Uint8Array,
	head: Uint8Array,
	encodedEntry: Uint8Array,
): Uint8Array {
	return sha256(concatBytes(head, encodedEntry));
}

export function encodeLogEntry(entry: LogEntry): Uint8Array {
	return encodeCbor([
		entry.sequence,
		entry.boot,
		entry.secondsSinceBoot,
		entry.unixSeconds ?? null,
		KINDS[entry.event.kind],
		...encodeDetail(entry.event),
	]);
}

function encodeDetail(event: LogEvent): readonly CborInput[] {
	switch (event.kind) {
		case "boot":
			return [logText(event.resetReason), logText(event.firmware)];
		case "claimed":
			return [event.grantId, event.name];
		case "session":
			return [event.grantId, logText(event.transport)];
		case "decision":
			return [event.grantId, event.command, event.status];
		case "bolt":
			return [event.bolt, event.cause];
		case "window":
			return [event.opened];
		case "reset":
			return [];
		case "strangers":
			return [logText(event.transport), event.count, event.hour];
		case "member-added":
			return [event.grantId, event.role, event.name, event.byGrantId];
		case "member-removed":
			return [event.grantId, event.byGrantId];
		case "fault":
			return [logText(event.code)];
		case "trust":
			return [event.version, logText(event.way)];
		case "certificate":
			return [event.notAfter];
		case "update":
			return [event.sequence, logText(event.step)];
		default:
			return unreachable(event);
	}
}

/** Undefined when the bytes are not an entry of PROTOCOL 9. */
export function decodeLogEntry(bytes: Uint8Array): LogEntry<LogEvent | UnknownLogEvent> | undefined {
	if (bytes.length > LIMITS.logEntryBytes) return undefined;
	const decoded = decodeCbor(bytes);
	const items = decoded.ok
		? asArray(decoded.value, { min: FIXED_FIELDS, max: FIXED_FIELDS + DETAILS_MAX })
		: undefined;
	if (items === undefined) return undefined;
	const sequence = asUint(items[0]);
	const boot = asUint(items[1]);
	const secondsSinceBoot = asUint(items[2]);
	const unixSeconds = items[3] === null ? null : asUint(items[3]);
	const kind = asUint(items[4]);
	if (sequence === undefined || sequence === 0 || boot === undefined || secondsSinceBoot === undefined)
		return undefined;
	if (unixSeconds === undefined || kind === undefined) return undefined;
	const event = decodeDetail(kind, items.slice(FIXED_FIELDS));
	if (event === undefined) return undefined;
	return {
		sequence,
		boot,
		secondsSinceBoot,
		...(unixSeconds === null ? {} : { unixSeconds }),
		event,
	};
}

function decodeDetail(kind: number, detail: readonly CborValue[]): LogEvent | UnknownLogEvent | undefined {
	const [first, second, third, fourth] = detail;
	const count = detail.length;
	switch (kind) {
		case KINDS.boot: {
			const resetReason = asLogText(first);
			const firmware = asLogText(second);
			if (count !== 2 || resetReason === undefined || firmware === undefined) return undefined;
			return { kind: "boot", resetReason, firmware };
		}
		case KINDS.claimed: {
			const grantId = asUint(first, ID_MAX);
			const name = asName(second);
			if (count !== 2 || grantId === undefined || name === undefined) return undefined;
			return { kind: "claimed", grantId, name };
		}
		case KINDS.session: {
			const grantId = asUint(first, ID_MAX);
			const transport = asLogText(second);
			if (count !== 2 || grantId === undefined || transport === undefined) return undefined;
			return { kind: "session", grantId, transport };
		}
		case KINDS.decision: {
			const grantId = asUint(first, ID_MAX);
			const command = asUint(second, COMMAND_MAX);
			const status = asUint(third, STATUS_MAX);
			if (count !== 3 || grantId === undefined || command === undefined || status === undefined)
				return undefined;
			return { kind: "decision", grantId, command, status };
		}
		case KINDS.bolt: {
			const bolt = asUint(first, BOLT_MAX);
			const cause = BOLT_CAUSES.find((known) => known === second);
			if (count !== 2 || bolt === undefined || cause === undefined) return undefined;
			return { kind: "bolt", bolt, cause };
		}
		case KINDS.window:
			return count === 1 && typeof first === "boolean" ? { kind: "window", opened: first } : undefined;
		case KINDS.reset:
			return count === 0 ? { kind: "reset" } : undefined;
		case KINDS.strangers: {
			const transport = asLogText(first);
			const refused = asUint(second);
			const hour = asUint(third);
			if (count !== 3 || transport === undefined || refused === undefined || hour === undefined)
				return undefined;
			return { kind: "strangers", transport, count: refused, hour };
		}
		case KINDS["member-added"]: {
			const grantId = asUint(first, ID_MAX);
			const role = asUint(second, ROLE_MAX);
			const name = asName(third);
			const byGrantId = asUint(fourth, ID_MAX);
			if (count !== 4 || grantId === undefined || role === undefined) return undefined;
			if (name === undefined || byGrantId === undefined) return undefined;
			return { kind: "member-added", grantId, role, name, byGrantId };
		}
		case KINDS["member-removed"]: {
			const grantId = asUint(first, ID_MAX);
			const byGrantId = asUint(second, ID_MAX);
			if (count !== 2 || grantId === undefined || byGrantId === undefined) return undefined;
			return { kind: "member-removed", grantId, byGrantId };
		}
		case KINDS.fault: {
			const code = asLogText(first);
			return count === 1 && code !== undefined ? { kind: "fault", code } : undefined;
		}
		case KINDS.trust: {
			const version = asUint(first);
			const way = asLogText(second);
			if (count !== 2 || version === undefined || way === undefined) return undefined;
			return { kind: "trust", version, way };
		}
		case KINDS.certificate: {
			const notAfter = asUint(first);
			return count === 1 && notAfter !== undefined ? { kind: "certificate", notAfter } : undefined;
		}
		case KINDS.update: {
			const sequence = asUint(first);
			const step = asLogText(second);
			if (count !== 2 || sequence === undefined || step === undefined) return undefined;
			return { kind: "update", sequence, step };
		}
		default:
			return { kind: "unknown", number: kind, detail };
	}
}

/** Texts of the firmware's own: an oversized one is a programmer's error. */
function logText(text: string): string {
	assert(asLogText(text) !== undefined, "a log text beyond its bound");
	return text;
}

function asLogText(value: CborValue | undefined): string | undefined {
	return asText(value, LIMITS.logTextBytes);
}
