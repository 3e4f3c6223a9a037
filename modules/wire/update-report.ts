/**
 * How a lock's update stands (docs/UPDATE.md 8): the same bytes over the link, in a session and on the serial line. Written by
 * the lock; read by relay, phone and line, who believe none of it and ignore keys that they do not know. Nothing in it is
 * secret. The decoder never throws.
 */
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { decodeCborMap } from "./cbor-decode.ts";
import { encodeCbor } from "./cbor-encode.ts";

const FORMAT = 1;

export const UPDATE_REPORT_BYTES_MAX = 384;

/** In the order of their numbers. waiting: complete and verified, the machine restarts in a quiet moment. */
export const UPDATE_STATES = Object.freeze([
	"idle",
	"downloading",
	"patching",
	"verifying",
	"waiting",
	"trial",
	"parked",
] as const);
export type UpdateState = (typeof UPDATE_STATES)[number];

/** How the last update ended, or why the last offer was refused. Numbers never change; new ones go to the end. */
export const UPDATE_RESULTS = Object.freeze([
	"none",
	"installed",
	// refusals of an offer
	"malformed",
	"untrusted", // signatures, or their threshold
	"trust-expired",
	"trust-older", // the manifest asks for newer trust
	"foreign", // another vendor, class or board
	"rollback-security",
	"rollback-sequence",
	"fast-forward",
	"not-fresh", // no statement for this very manifest, or one that is over
	"too-large",
	"parked",
	"storage",
	"no-slots",
	// ends of a download
	"chunk-digest",
	"object-digest",
	"patch", // the delta did not decode, or gave another image
	"slot-io", // flash that does not take what is written
	"too-often", // the day's allowance of flash is used up
	"slot-digest", // what was read back is not the image
	// ends of a trial
	"trial-crashed", // it ended without a word: crash, hang, power cut
	"trial-storage",
	"trial-bolt",
	"trial-unreachable", // neither link nor session, where there was one before
	"trial-wrong-image", // it says that it is another release than its manifest
	"trial-late",
] as const);
export type UpdateResult = (typeof UPDATE_RESULTS)[number];

export interface UpdateReport {
	readonly state: UpdateState;
	readonly version: string;
	readonly sequence: number;
	readonly securityVersion: number;
	readonly sequenceFloor: number;
	readonly securityFloor: number;
	readonly trustVersion: number;
	/** What is being installed, or is parked. */
	readonly offered?: number;
	/** Of what is being downloaded or made: bytes that are good, and bytes in all. */
	readonly goodBytes: number;
	readonly totalBytes: number;
	readonly viaDelta: boolean;
	readonly result: UpdateResult;
	/** Of the manifest that `result` speaks of; absent where it could not be read. */
	readonly resultSequence?: number;
	/** How often it was reverted. */
	readonly reverts: number;
	/** Of the newest statement; absent when there is none. */
	readonly freshUntilUnixSeconds?: number;
	/** There is no statement that holds still. */
	readonly stale: boolean;
}

export function encodeUpdateReport(report: UpdateReport): Uint8Array {
	return encodeCbor({
		0: FORMAT,
		1: UPDATE_STATES.indexOf(report.state),
		2: report.version,
		3: report.sequence,
		4: report.securityVersion,
		5: report.sequenceFloor,
		6: report.securityFloor,
		7: report.trustVersion,
		8: report.offered,
		9: report.goodBytes,
		10: report.totalBytes,
		11: report.viaDelta,
		12: UPDATE_RESULTS.indexOf(report.result),
		13: report.resultSequence,
		14: report.reverts,
		15: report.freshUntilUnixSeconds,
		16: report.stale,
	});
}

/** A result of a later version reads as "none". */
export function decodeUpdateReport(bytes: Uint8Array): Result<UpdateReport, "malformed"> {
	const map = bytes.length <= UPDATE_REPORT_BYTES_MAX ? decodeCborMap(bytes) : undefined;
	if (map === undefined || !map.ok || map.value.uint(0) !== FORMAT) return refuse("malformed");
	const fields = map.value;
	const state = UPDATE_STATES[fields.uint(1) ?? -1];
	const version = fields.text(2, 64);
	const sequence = fields.uint(3, LIMITS.sequenceMax);
	const securityVersion = fields.uint(4, LIMITS.securityVersionMax);
	const sequenceFloor = fields.uint(5, LIMITS.sequenceMax);
	const securityFloor = fields.uint(6, LIMITS.securityVersionMax);
	const trustVersion = fields.uint(7);
	const offered = fields.uint(8, LIMITS.sequenceMax);
	const goodBytes = fields.uint(9, LIMITS.imageBytes);
	const totalBytes = fields.uint(10, LIMITS.imageBytes);
	const viaDelta = fields.bool(11);
	const result = fields.uint(12);
	const resultSequence = fields.uint(13, LIMITS.sequenceMax);
	const reverts = fields.uint(14);
	const freshUntilUnixSeconds = fields.uint(15, LIMITS.unixSecondsMax);
	const stale = fields.bool(16);
	if (state === undefined || version === undefined || sequence === undefined) return refuse("malformed");
	if (securityVersion === undefined || sequenceFloor === undefined) return refuse("malformed");
	if (securityFloor === undefined || trustVersion === undefined) return refuse("malformed");
	if (goodBytes === undefined || totalBytes === undefined || viaDelta === undefined)
		return refuse("malformed");
	if (result === undefined || reverts === undefined || stale === undefined) return refuse("malformed");
	if (offered === undefined && fields.has(8)) return refuse("malformed");
	if (resultSequence === undefined && fields.has(13)) return refuse("malformed");
	if (freshUntilUnixSeconds === undefined && fields.has(15)) return refuse("malformed");
	return accept({
		state,
		version,
		sequence,
		securityVersion,
		sequenceFloor,
		securityFloor,
		trustVersion,
		...(offered === undefined ? {} : { offered }),
		goodBytes,
		totalBytes,
		viaDelta,
		result: UPDATE_RESULTS[result] ?? "none",
		...(resultSequence === undefined ? {} : { resultSequence }),
		reverts,
		...(freshUntilUnixSeconds === undefined ? {} : { freshUntilUnixSeconds }),
		stale,
	});
}
