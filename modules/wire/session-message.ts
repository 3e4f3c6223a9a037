/**
 * What travels inside a session (PROTOCOL 5.1, 5.2, 5.4): requests, replies, notices. Shared by lock and phone;
 * decoders never throw. A lock refuses unknown keys in requests, a phone ignores them in replies and notices.
 */
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { decodeCborMap } from "./cbor-decode.ts";
import { type CborFields, encodeCbor } from "./cbor-encode.ts";
import { CborMap } from "./cbor-map.ts";
import { STATUSES, type Status } from "./command.ts";

const ID_MAX = 4294967295;
const ANCHOR_MAX = 65535;

export interface Request {
	readonly id: number;
	readonly command: number;
	readonly anchor: number;
	readonly stampMs: number;
	/** Empty when the request has none. */
	readonly args: CborMap;
}

export interface Reply {
	readonly id: number;
	readonly status: Status;
	/** Empty when the reply has none. */
	readonly result: CborMap;
}

export interface Notice {
	readonly event: number;
	readonly data: CborMap;
}

export function encodeRequest(
	request: Omit<Request, "args"> & { readonly args: CborFields | undefined },
): Uint8Array {
	return encodeCbor({
		0: request.id,
		1: request.command,
		2: request.anchor,
		3: request.stampMs,
		4: request.args,
	});
}

export function decodeRequest(plaintext: Uint8Array): Result<Request, "malformed"> {
	const map = decodeCborMap(plaintext);
	if (!map.ok || !map.value.hasOnly([0, 1, 2, 3, 4])) return refuse("malformed");
	const id = map.value.uint(0, ID_MAX);
	const command = map.value.uint(1);
	const anchor = map.value.uint(2, ANCHOR_MAX);
	const stampMs = map.value.int(3);
	const args = map.value.has(4) ? map.value.map(4) : new CborMap();
	if (id === undefined || command === undefined || anchor === undefined) return refuse("malformed");
	if (stampMs === undefined || args === undefined) return refuse("malformed");
	return accept({ id, command, anchor, stampMs, args });
}

export function encodeReply(id: number, status: Status, result: CborFields | undefined): Uint8Array {
	return encodeCbor({ 0: id, 1: STATUSES.indexOf(status), 2: result });
}

export function encodeNotice(event: number, data: CborFields | undefined): Uint8Array {
	return encodeCbor({ 5: event, 6: data });
}

export type FromLock =
	| { readonly kind: "reply"; readonly reply: Reply }
	| { readonly kind: "notice"; readonly notice: Notice };

export function decodeFromLock(plaintext: Uint8Array): Result<FromLock, "malformed"> {
	const map = decodeCborMap(plaintext, { depth: LIMITS.cborDepth, items: LIMITS.cborItems });
	if (!map.ok) return refuse("malformed");
	if (map.value.has(5)) {
		const event = map.value.uint(5);
		const data = map.value.has(6) ? map.value.map(6) : new CborMap();
		if (event === undefined || data === undefined) return refuse("malformed");
		return accept({ kind: "notice", notice: { event, data } });
	}
	const id = map.value.uint(0, ID_MAX);
	const status = STATUSES[map.value.uint(1, STATUSES.length - 1) ?? -1];
	const result = map.value.has(2) ? map.value.map(2) : new CborMap();
	if (id === undefined || status === undefined || result === undefined) return refuse("malformed");
	return accept({ kind: "reply", reply: { id, status, result } });
}
