/**
 * Every record that the firmware keeps, in one table (DESIGN 11): where it lies, who owns it, how large it gets, what
 * erases it and whether it outlives a factory reset. docs/STORAGE.md shows this table; a test holds the two equal.
 * A record that is not in this table does not exist: the store takes rows of it only.
 */
import { LIMITS } from "../base/limits.ts";

export type RecordOwner =
	| "access"
	| "app"
	| "bindings"
	| "identity"
	| "log"
	| "store"
	| "time"
	| "trust"
	| "update";

/**
 * reset: a factory reset; removal: an authorised command; replacement: never erased, only written anew; sending: done with once sent;
 * sealing: the end of the factory line.
 */
export type RecordEraser = "reset" | "removal" | "replacement" | "sending" | "sealing";

export interface RecordRow {
	/** 1 to 15 bytes of [0-9A-Za-z_.-], as the name. */
	readonly domain: string;
	/** The name; of a family the prefix before a number. */
	readonly name: string;
	/** A family has the names <name>0 .. <name><count - 1>. Absent: one record. */
	readonly count?: number;
	readonly owner: RecordOwner;
	/** The most bytes of one record. */
	readonly bytesMax: number;
	readonly erasedBy: RecordEraser;
	readonly survivesReset: boolean;
	readonly holds: string;
}

function row(fields: RecordRow): RecordRow {
	return Object.freeze(fields);
}

export const RECORDS = Object.freeze({
	resetPending: row({
		domain: "store",
		name: "reset-pending",
		owner: "store",
		bytesMax: 16,
		erasedBy: "reset",
		survivesReset: false,
		holds: "a factory reset has begun; the reset erases it last",
	}),
	claim: row({
		domain: "access",
		name: "claim",
		owner: "access",
		bytesMax: 512,
		erasedBy: "reset",
		survivesReset: false,
		holds: "lock id, whether the label is consumed, the first owner's grant",
	}),
	grant: row({
		domain: "access",
		name: "grant-",
		count: LIMITS.grants,
		owner: "access",
		bytesMax: 512,
		erasedBy: "removal",
		survivesReset: false,
		holds: "one grant: keys, role, permissions, name, validity, schedule, uses left",
	}),
	lastGrantId: row({
		domain: "access",
		name: "last-grant-id",
		owner: "access",
		bytesMax: 16,
		erasedBy: "reset",
		survivesReset: false,
		holds: "the highest grant id given since the reset, so that none is given twice",
	}),
	logEntry: row({
		domain: "log",
		name: "entry-",
		count: LIMITS.logEntries,
		owner: "log",
		bytesMax: LIMITS.logEntryBytes + 64,
		erasedBy: "reset",
		survivesReset: false,
		holds: "one log entry and the head before it; entry n lies in slot (n - 1) mod count",
	}),
	device: row({
		domain: "identity",
		name: "device",
		owner: "identity",
		bytesMax: 96,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "serial and hardware class",
	}),
	certificate: row({
		domain: "identity",
		name: "certificate",
		owner: "identity",
		bytesMax: LIMITS.ownChainBytes + 32,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the device's certificate chain, leaf first",
	}),
	deviceKey: row({
		domain: "keys",
		name: "device",
		owner: "bindings",
		bytesMax: 100,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the P-256 key of certificates; only C reads it",
	}),
	noiseKey: row({
		domain: "keys",
		name: "noise",
		owner: "bindings",
		bytesMax: 67,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the X25519 key of sessions; only C reads it",
	}),
	setupSecret: row({
		domain: "keys",
		name: "setup",
		owner: "bindings",
		bytesMax: 35,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the setup secret on the label; only C reads it",
	}),
	entropySeed: row({
		domain: "entropy",
		name: "seed",
		owner: "bindings",
		bytesMax: 64,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the seed for the next boot's generator; only C reads it",
	}),
	seal: row({
		domain: "identity",
		name: "seal",
		owner: "identity",
		bytesMax: 16,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the factory line is done; there is no way back",
	}),
	line: row({
		domain: "identity",
		name: "line",
		owner: "identity",
		bytesMax: 16,
		erasedBy: "sealing",
		survivesReset: true,
		holds: "a factory line has begun with this board; without it whatever has a key is sealed",
	}),
	operational: row({
		domain: "identity",
		name: "operational",
		owner: "identity",
		bytesMax: 2 * LIMITS.operationalChainBytes + 64,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "which operational key and certificate serve now, and which are on trial",
	}),
	operationalKey0: row({
		domain: "keys",
		name: "op-0",
		owner: "bindings",
		bytesMax: 100,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "a P-256 key of an operational certificate; only C reads it",
	}),
	operationalKey1: row({
		domain: "keys",
		name: "op-1",
		owner: "bindings",
		bytesMax: 100,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the other one: the old key stays until the new one has connected; only C reads it",
	}),
	trustBundle: row({
		domain: "trust",
		name: "bundle",
		owner: "trust",
		bytesMax: LIMITS.bundleBytes,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the newest trust bundle: roots, roles, relay addresses; its version only rises (I3)",
	}),
	ownerRelays: row({
		domain: "trust",
		name: "owner-relays",
		owner: "trust",
		bytesMax: 3584,
		erasedBy: "reset",
		survivesReset: false,
		holds: "relay roots and addresses that an owner added; no bundle touches them",
	}),
	advertisingKey: row({
		domain: "radio",
		// "advert-key" was one of builds that did not count who left.
		name: "follow-key",
		owner: "app",
		bytesMax: 32,
		erasedBy: "reset",
		survivesReset: false,
		holds:
			"the key by which paired phones know the lock's advertisements; each of them has it, until one is removed",
	}),
	wifi: row({
		domain: "network",
		name: "wifi",
		owner: "bindings",
		bytesMax: 99,
		erasedBy: "reset",
		survivesReset: false,
		holds: "name and passphrase of the owner's Wi-Fi; only C reads it",
	}),
	health: row({
		domain: "app",
		name: "health",
		owner: "app",
		bytesMax: 1536,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "boots, the last resets, the last fault's stack, least free heap, link failures, time source",
	}),
	timeFloor: row({
		domain: "time",
		name: "floor",
		owner: "time",
		bytesMax: 16,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the floor of time; it only rises (I3)",
	}),
	updateFloors: row({
		domain: "update",
		name: "floors",
		owner: "update",
		bytesMax: 24,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the floors of sequence and security version; they only rise (I3)",
	}),
	updatePlan: row({
		domain: "update",
		name: "plan",
		owner: "update",
		bytesMax: LIMITS.manifestBytes + 576,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the manifest that is being installed, as it was signed, and its freshness statement",
	}),
	updateTrial: row({
		domain: "update",
		name: "trial",
		owner: "update",
		bytesMax: 96,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "which release is on trial, for the how manyth time, and what it must be able to do",
	}),
	updateHistory: row({
		domain: "update",
		name: "history",
		owner: "update",
		bytesMax: 96,
		erasedBy: "replacement",
		survivesReset: true,
		holds:
			"how the last update ended, reverts of a sequence and whether it is parked, the allowance of flash",
	}),
	updateFreshness: row({
		domain: "update",
		name: "freshness",
		owner: "update",
		bytesMax: 576,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the newest freshness statement, as it was signed",
	}),
	updateHead: row({
		domain: "update",
		name: "head",
		owner: "update",
		bytesMax: 32,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the first 16 bytes of the image that is being downloaded, which reach its slot last",
	}),
	updateSettled: row({
		domain: "update",
		name: "settled",
		owner: "update",
		bytesMax: 16,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "hours that a confirmed release ran beside an image of a lower security version",
	}),
	keptNotices: row({
		domain: "app",
		name: "kept-notices",
		owner: "app",
		bytesMax: 448,
		erasedBy: "sending",
		survivesReset: true,
		holds: "sealed notices that no relay could take yet; the next link sends and erases them",
	}),
	noticeCounter: row({
		domain: "app",
		name: "notice-counter",
		owner: "app",
		bytesMax: 16,
		erasedBy: "replacement",
		survivesReset: true,
		holds: "the number of the last sealed notice; a phone shows none twice",
	}),
} as const);

/** Every row, in the order in which a reset erases: what lets someone in goes first, its own record last. */
export const RECORD_ROWS: readonly RecordRow[] = Object.freeze([
	RECORDS.claim,
	RECORDS.grant,
	RECORDS.lastGrantId,
	RECORDS.ownerRelays,
	RECORDS.advertisingKey,
	RECORDS.wifi,
	RECORDS.logEntry,
	RECORDS.device,
	RECORDS.certificate,
	RECORDS.deviceKey,
	RECORDS.noiseKey,
	RECORDS.setupSecret,
	RECORDS.entropySeed,
	RECORDS.seal,
	RECORDS.line,
	RECORDS.operational,
	RECORDS.operationalKey0,
	RECORDS.operationalKey1,
	RECORDS.trustBundle,
	RECORDS.timeFloor,
	RECORDS.updateFloors,
	RECORDS.updatePlan,
	RECORDS.updateTrial,
	RECORDS.updateHistory,
	RECORDS.updateFreshness,
	RECORDS.updateHead,
	RECORDS.updateSettled,
	RECORDS.noticeCounter,
	RECORDS.keptNotices,
	RECORDS.health,
	RECORDS.resetPending,
]);
