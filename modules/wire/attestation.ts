/**
 * What a lock attests of itself (docs/UPDATE.md 9): signed by its device key over whoever asked's nonce. Without secure boot it
 * proves that the holder of the key says so, and no more. Read by relay and phone, which ignore keys that they do not
 * know. The decoder never throws.
 */
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import { SLOT_STATES, type SlotState } from "../platform/slots.ts";
import { decodeCborMap } from "./cbor-decode.ts";
import { encodeCbor } from "./cbor-encode.ts";
import { asSerial } from "./names.ts";

const FORMAT = 1;
const COUNT_MAX = 4294967295;

export const ATTESTATION_NONCE_BYTES = 16;
export const ATTESTATION_BYTES_MAX = 512;

export interface Attestation {
	readonly nonce: Uint8Array;
	readonly serial: string;
	readonly board: string;
	/** SHA-256 of the running image as it lies in flash; undefined while it has not been measured, or in no slot. */
	readonly runningDigest: Uint8Array | undefined;
	readonly version: string;
	readonly sequence: number;
	readonly securityVersion: number;
	readonly sequenceFloor: number;
	/** The record's, and the fuse's. */
	readonly securityFloor: number;
	readonly securityFuse: number;
	readonly trustVersion: number;
	/** undefined: no slot runs. */
	readonly runningSlot: 0 | 1 | undefined;
	readonly runningState: SlotState;
	readonly otherState: SlotState;
	readonly sealed: boolean;
	readonly boots: number;
}

/** Says that a signature is one of an attestation, and of nothing else (DESIGN 4). */
export function attestationAad(): Uint8Array {
	return encodeUtf8("latchkey attestation");
}

export function encodeAttestation(attestation: Attestation): Uint8Array {
	return encodeCbor({
		0: FORMAT,
		1: attestation.nonce,
		2: attestation.serial,
		3: attestation.board,
		4: attestation.runningDigest ?? null,
		5: attestation.version,
		6: attestation.sequence,
		7: attestation.securityVersion,
		8: attestation.sequenceFloor,
		9: attestation.securityFloor,
		10: attestation.securityFuse,
		11: attestation.trustVersion,
		12: attestation.runningSlot ?? null,
		13: SLOT_STATES.indexOf(attestation.runningState),
		14: SLOT_STATES.indexOf(attestation.otherState),
		15: attestation.sealed,
		16: attestation.boots,
	});
}

export function decodeAttestation(payload: Uint8Array): Result<Attestation, "malformed"> {
	const map = decodeCborMap(payload);
	if (!map.ok || map.value.uint(0) !== FORMAT) return refuse("malformed");
	const fields = map.value;
	const nonce = fields.bytes(1, ATTESTATION_NONCE_BYTES);
	const serial = asSerial(fields.get(2));
	const board = fields.text(3, 24);
	const runningDigest = fields.get(4) === null ? null : fields.bytes(4, 32);
	const version = fields.text(5, 64);
	const sequence = fields.uint(6, LIMITS.sequenceMax);
	const securityVersion = fields.uint(7, LIMITS.securityVersionMax);
	const sequenceFloor = fields.uint(8, LIMITS.sequenceMax);
	const securityFloor = fields.uint(9, LIMITS.securityVersionMax);
	const securityFuse = fields.uint(10, LIMITS.securityVersionMax);
	const trustVersion = fields.uint(11);
	const runningSlot = fields.get(12) === null ? null : fields.uint(12, 1);
	const runningState = SLOT_STATES[fields.uint(13) ?? -1];
	const otherState = SLOT_STATES[fields.uint(14) ?? -1];
	const sealed = fields.bool(15);
	const boots = fields.uint(16, COUNT_MAX);
	if (nonce === undefined || serial === undefined || board === undefined) return refuse("malformed");
	if (runningDigest === undefined || version === undefined || sequence === undefined)
		return refuse("malformed");
	if (securityVersion === undefined || sequenceFloor === undefined) return refuse("malformed");
	if (securityFloor === undefined || securityFuse === undefined) return refuse("malformed");
	if (trustVersion === undefined || runningSlot === undefined) return refuse("malformed");
	if (runningState === undefined || otherState === undefined) return refuse("malformed");
	if (sealed === undefined || boots === undefined) return refuse("malformed");
	return accept({
		nonce,
		serial,
		board,
		runningDigest: runningDigest ?? undefined,
		version,
		sequence,
		securityVersion,
		sequenceFloor,
		securityFloor,
		securityFuse,
		trustVersion,
		runningSlot: runningSlot === null ? undefined : runningSlot === 0 ? 0 : 1,
		runningState,
		otherState,
		sealed,
		boots,
	});
}
