/**
 * The verbs of the serial line (PROTOCOL 6), both directions: shared by the lock and the factory line. Envelopes of
 * channels on the same line are wire/envelope. Decoders never throw; a lock refuses unknown keys.
 */
import { accept, type Result, refuse } from "../base/result.ts";
import { decodeCborMap } from "./cbor-decode.ts";
import { type CborFields, encodeCbor } from "./cbor-encode.ts";
import { CborMap } from "./cbor-map.ts";

const VERB = 16;
const ANSWER = 17;

export const LINE_VERBS = Object.freeze({
	identify: 1,
	begin: 2,
	install: 3,
	label: 4,
	seal: 5,
	trust: 6,
	time: 7,
	health: 8,
	"update-offer": 9,
	"update-piece": 10,
	"update-status": 11,
	attest: 12,
	"self-test": 13,
	"read-back": 14,
} as const);
export type LineVerbName = keyof typeof LINE_VERBS;

/** In the order of their numbers. */
export const LINE_CODES = Object.freeze([
	"done",
	"sealed",
	"conflict",
	"malformed",
	"out-of-order",
	"certificate-refused",
	"storage",
	"refused",
	"later",
] as const);
export type LineCode = (typeof LINE_CODES)[number];

/** In the order of their numbers: how far the line got. */
export const LINE_STAGES = Object.freeze(["blank", "keyed", "installed", "sealed"] as const);
export type LineStage = (typeof LINE_STAGES)[number];

export interface LineRequest {
	readonly verb: number;
	/** Empty when there are none. */
	readonly args: CborMap;
}

export interface LineAnswer {
	readonly verb: number;
	readonly code: LineCode;
	/** Empty when there is none. */
	readonly result: CborMap;
}

/** Whether a frame on the line is a verb or an answer, and not the envelope of a channel. */
export function isLineFrame(map: CborMap): boolean {
	const kind = map.uint(0);
	return kind === VERB || kind === ANSWER;
}

export function encodeLineRequest(verb: LineVerbName, args?: CborFields): Uint8Array {
	return encodeCbor({ 0: VERB, 1: LINE_VERBS[verb], 2: args });
}

/** From a decoded frame, of which `isLineFrame` holds. */
export function decodeLineRequest(map: CborMap): Result<LineRequest, "malformed"> {
	const verb = map.uint(1);
	const args = map.has(2) ? map.map(2) : new CborMap();
	if (map.uint(0) !== VERB || !map.hasOnly([0, 1, 2])) return refuse("malformed");
	return verb === undefined || args === undefined ? refuse("malformed") : accept({ verb, args });
}

export function encodeLineAnswer(verb: number, code: LineCode, result?: CborFields): Uint8Array {
	return encodeCbor({ 0: ANSWER, 1: verb, 2: LINE_CODES.indexOf(code), 3: result });
}

/** The line's side: unknown keys are ignored. */
export function decodeLineAnswer(frame: Uint8Array): Result<LineAnswer, "malformed"> {
	const map = decodeCborMap(frame);
	if (!map.ok || map.value.uint(0) !== ANSWER) return refuse("malformed");
	const verb = map.value.uint(1);
	const code = LINE_CODES[map.value.uint(2, LINE_CODES.length - 1) ?? -1];
	const result = map.value.has(3) ? map.value.map(3) : new CborMap();
	if (verb === undefined || code === undefined || result === undefined) return refuse("malformed");
	return accept({ verb, code, result });
}
