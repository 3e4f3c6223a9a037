/**
 * Envelopes as a relay reads and writes them (PROTOCOL 2 and 3), and as an app does on the other side of its listener.
 * Frames inside are opaque here. Decoders never throw.
 */
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { decodeCborMap } from "../../modules/wire/cbor-decode.ts";
import { encodeCbor } from "../../modules/wire/cbor-encode.ts";
import { asBytes, type CborMap } from "../../modules/wire/cbor-map.ts";
import { RELAY_LIMITS } from "./limits.ts";

const KIND = Object.freeze({ open: 1, data: 2, close: 3, listen: 6, notice: 7 } as const);
const CHANNEL_MAX = 4_294_967_295;
const ADDRESS_BYTES = 16;
const KIND_MAX = 255;
const CBOR_LIMITS = Object.freeze({ depth: 2, items: RELAY_LIMITS.listenAddresses });
const FRAME = Object.freeze({ min: 1, max: RELAY_LIMITS.frameBytes });
const NOTICE = Object.freeze({ min: 1, max: RELAY_LIMITS.noticeBytes });
const SERIAL = /^[A-Z0-9-]{4,24}$/;
const SERIAL_BYTES_MAX = 24;

export interface DataEnvelope {
	readonly kind: "data";
	readonly channel: number;
	readonly frame: Uint8Array;
}

export interface CloseEnvelope {
	readonly kind: "close";
	readonly channel: number;
}

export interface NoticeEnvelope {
	readonly kind: "notice";
	readonly address: Uint8Array;
	readonly sealed: Uint8Array;
}

export type FromLock = DataEnvelope | CloseEnvelope | NoticeEnvelope;
export type ForLock = { readonly kind: "open"; readonly channel: number } | DataEnvelope | CloseEnvelope;
export type FromApp =
	| { readonly kind: "open"; readonly channel: number; readonly serial: string }
	| DataEnvelope
	| CloseEnvelope
	| { readonly kind: "listen"; readonly addresses: readonly Uint8Array[] };
export type ForApp = DataEnvelope | CloseEnvelope | NoticeEnvelope;

/** malformed: no envelope at all. unknown-kind: one of a later version, or not for this direction. */
export type EnvelopeReason = "malformed" | "unknown-kind";

function readMap(bytes: Uint8Array): { readonly map: CborMap; readonly kind: number } | undefined {
	const decoded = decodeCborMap(bytes, CBOR_LIMITS);
	if (!decoded.ok) return undefined;
	const kind = decoded.value.uint(0, KIND_MAX);
	return kind === undefined ? undefined : { map: decoded.value, kind };
}

function readData(map: CborMap): DataEnvelope | undefined {
	const channel = map.uint(1, CHANNEL_MAX);
	const frame = map.bytes(2, FRAME);
	if (!map.hasOnly([0, 1, 2]) || channel === undefined || frame === undefined) return undefined;
	return { kind: "data", channel, frame };
}

function readClose(map: CborMap): CloseEnvelope | undefined {
	const channel = map.uint(1, CHANNEL_MAX);
	return map.hasOnly([0, 1]) && channel !== undefined ? { kind: "close", channel } : undefined;
}

function readNotice(map: CborMap): NoticeEnvelope | undefined {
	const address = map.bytes(1, ADDRESS_BYTES);
	const sealed = map.bytes(2, NOTICE);
	if (!map.hasOnly([0, 1, 2]) || address === undefined || sealed === undefined) return undefined;
	return { kind: "notice", address, sealed };
}

function readOpen(map: CborMap): FromApp | undefined {
	const channel = map.uint(1, CHANNEL_MAX);
	const serial = map.text(3, SERIAL_BYTES_MAX);
	if (!map.hasOnly([0, 1, 3]) || channel === undefined || serial === undefined || !SERIAL.test(serial))
		return undefined;
	return { kind: "open", channel, serial };
}

function readListen(map: CborMap): FromApp | undefined {
	const items = map.array(1, { min: 0, max: RELAY_LIMITS.listenAddresses });
	if (!map.hasOnly([0, 1]) || items === undefined) return undefined;
	const addresses: Uint8Array[] = [];
	for (const item of items) {
		const address = asBytes(item, ADDRESS_BYTES);
		if (address === undefined) return undefined;
		addresses.push(address);
	}
	return { kind: "listen", addresses };
}

function settle<Envelope>(envelope: Envelope | undefined): Result<Envelope, EnvelopeReason> {
	return envelope === undefined ? refuse("malformed") : accept(envelope);
}

export function decodeFromLock(bytes: Uint8Array): Result<FromLock, EnvelopeReason> {
	const read = readMap(bytes);
	switch (read?.kind) {
		case undefined:
			return refuse("malformed");
		case KIND.data:
			return settle(readData(read!.map));
		case KIND.close:
			return settle(readClose(read!.map));
		case KIND.notice:
			return settle(readNotice(read!.map));
		default:
			return refuse("unknown-kind");
	}
}

export function decodeFromApp(bytes: Uint8Array): Result<FromApp, EnvelopeReason> {
	const read = readMap(bytes);
	switch (read?.kind) {
		case undefined:
			return refuse("malformed");
		case KIND.open:
			return settle(readOpen(read!.map));
		case KIND.data:
			return settle(readData(read!.map));
		case KIND.close:
			return settle(readClose(read!.map));
		case KIND.listen:
			return settle(readListen(read!.map));
		default:
			return refuse("unknown-kind");
	}
}

function encodeChannelled(envelope: DataEnvelope | CloseEnvelope): Uint8Array {
	if (envelope.kind === "close") return encodeCbor({ 0: KIND.close, 1: envelope.channel });
	return encodeCbor({ 0: KIND.data, 1: envelope.channel, 2: envelope.frame });
}

export function encodeForLock(envelope: ForLock): Uint8Array {
	return envelope.kind === "open"
		? encodeCbor({ 0: KIND.open, 1: envelope.channel })
		: encodeChannelled(envelope);
}

export function encodeForApp(envelope: ForApp): Uint8Array {
	if (envelope.kind !== "notice") return encodeChannelled(envelope);
	return encodeCbor({ 0: KIND.notice, 1: envelope.address, 2: envelope.sealed });
}
