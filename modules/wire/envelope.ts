/**
 * Envelopes of the link (PROTOCOL 2) and of apps (PROTOCOL 3): one CBOR map each, in one WebSocket message. They
 * carry frames and know nothing of their content. Decoding never throws; each receiver reads only what the protocol
 * lets the other side say, and only an app ignores keys that it does not know (PROTOCOL 1).
 */
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { type CborReason, decodeCborMap } from "./cbor-decode.ts";
import { type CborFields, encodeCbor } from "./cbor-encode.ts";
import { asBytes, type CborMap } from "./cbor-map.ts";
import { isSerial } from "./names.ts";
import {
	ATTEST,
	OBJECT,
	OFFER,
	readUpdateFromLock,
	readUpdateToLock,
	type UpdateFromLock,
	type UpdateToLock,
	updateFields,
} from "./update-envelope.ts";

export const CHANNEL_MAX = 4294967295;
export const ENVELOPE_FRAME_BYTES_MAX = 4096;
export const NOTICE_BYTES_MAX = 512;
export const ADDRESS_BYTES = 16;
export const LISTEN_ADDRESSES_MAX = 16;

export const LINK_PATH = "/v1/device";
export const LINK_SUBPROTOCOL = "latchkey.device.1";
export const APP_PATH = "/v1/app";
export const APP_SUBPROTOCOL = "latchkey.app.1";

const OPEN = 1;
const DATA = 2;
const CLOSE = 3;
const TIME = 4;
const RENEWAL = 5;
const LISTEN = 6;
const NOTICE = 7;
const TRUST = 8;
const REPORT = 9;

export const TIME_NONCE_BYTES = 16;
export const TIME_STATEMENT_BYTES_MAX = 256;
const SIGNATURE_BYTES = 64;

export interface OpenEnvelope {
	readonly kind: "open";
	readonly channel: number;
}

export interface DataEnvelope {
	readonly kind: "data";
	readonly channel: number;
	/** 1 .. ENVELOPE_FRAME_BYTES_MAX bytes. */
	readonly frame: Uint8Array;
}

export interface CloseEnvelope {
	readonly kind: "close";
	readonly channel: number;
}

export interface NoticeEnvelope {
	readonly kind: "notice";
	readonly address: Uint8Array;
	/** 1 .. NOTICE_BYTES_MAX bytes. */
	readonly sealed: Uint8Array;
}

export interface AppOpenEnvelope {
	readonly kind: "open";
	readonly channel: number;
	readonly serial: string;
}

export interface ListenEnvelope {
	readonly kind: "listen";
	readonly addresses: readonly Uint8Array[];
}

/** The lock asks what time it is (PROTOCOL 11). */
export interface TimeRequestEnvelope {
	readonly kind: "time-request";
	readonly nonce: Uint8Array;
}

export interface TimeAnswerEnvelope {
	readonly kind: "time-answer";
	/** COSE_Sign1 of the time role over the lock's nonce, 1 .. TIME_STATEMENT_BYTES_MAX bytes. */
	readonly statement: Uint8Array;
}

/** The lock asks for an operational certificate (PROTOCOL 8.1). */
export interface RenewalEnvelope {
	readonly kind: "renewal";
	/** PKCS#10, DER, 1 .. LIMITS.csrBytes bytes. */
	readonly csr: Uint8Array;
	/** By the factory key. */
	readonly signature: Uint8Array;
}

export interface CertificateEnvelope {
	readonly kind: "certificate";
	/** DER, leaf first; undefined: refused. */
	readonly chain: readonly Uint8Array[] | undefined;
}

export interface TrustEnvelope {
	readonly kind: "trust";
	/** A signed trust bundle (PROTOCOL 10), 1 .. LIMITS.bundleBytes bytes. */
	readonly message: Uint8Array;
}

/** What a lock says of itself (PROTOCOL 12), encoded. */
export interface ReportEnvelope {
	readonly kind: "report";
	/** 1 .. LIMITS.reportBytes bytes. */
	readonly report: Uint8Array;
}

export interface ReportRequestEnvelope {
	readonly kind: "report-request";
}

/** What the computer on the serial line says to a lock, besides verbs. */
export type ChannelEnvelope = OpenEnvelope | DataEnvelope | CloseEnvelope;
/** What a relay says to a lock. */
export type ToLock =
	| ChannelEnvelope
	| TimeAnswerEnvelope
	| CertificateEnvelope
	| TrustEnvelope
	| ReportRequestEnvelope
	| UpdateToLock;
/** What a lock says to its relay. */
export type FromLock =
	| DataEnvelope
	| CloseEnvelope
	| NoticeEnvelope
	| TimeRequestEnvelope
	| RenewalEnvelope
	| ReportEnvelope
	| UpdateFromLock;
/** What an app says to a relay. */
export type FromApp = AppOpenEnvelope | DataEnvelope | CloseEnvelope | ListenEnvelope;
/** What a relay says to an app. */
export type ToApp = DataEnvelope | CloseEnvelope | NoticeEnvelope;

export type EnvelopeReason = CborReason | "kind" | "fields";

export function decodeToLock(bytes: Uint8Array): Result<ToLock, EnvelopeReason> {
	const map = decodeCborMap(bytes);
	if (!map.ok) return map;
	const kind = map.value.uint(0);
	switch (kind) {
		case OPEN: {
			const channel = readChannel(map.value, [0, 1]);
			return channel === undefined ? refuse("fields") : accept({ kind: "open", channel });
		}
		case DATA:
			return orFields(readData(map.value, true));
		case CLOSE:
			return orFields(readClose(map.value, true));
		case TIME:
			return orFields(readTimeAnswer(map.value));
		case RENEWAL:
			return orFields(readCertificate(map.value));
		case TRUST:
			return orFields(readTrust(map.value));
		case REPORT:
			return map.value.hasOnly([0]) ? accept({ kind: "report-request" }) : refuse("fields");
		case OFFER:
		case OBJECT:
		case ATTEST:
			return orFields(readUpdateToLock(kind, map.value));
		default:
			return refuse("kind");
	}
}

/** What the serial line may say: channels only; it has verbs for the rest (PROTOCOL 6). */
export function decodeChannelEnvelope(bytes: Uint8Array): Result<ChannelEnvelope, EnvelopeReason> {
	const envelope = decodeToLock(bytes);
	if (!envelope.ok) return envelope;
	const { kind } = envelope.value;
	if (kind !== "open" && kind !== "data" && kind !== "close") return refuse("kind");
	return accept(envelope.value);
}

export function decodeFromLock(bytes: Uint8Array): Result<FromLock, EnvelopeReason> {
	const map = decodeCborMap(bytes);
	if (!map.ok) return map;
	const kind = map.value.uint(0);
	switch (kind) {
		case DATA:
			return orFields(readData(map.value, true));
		case CLOSE:
			return orFields(readClose(map.value, true));
		case NOTICE:
			return orFields(readNotice(map.value, true));
		case TIME:
			return orFields(readTimeRequest(map.value));
		case RENEWAL:
			return orFields(readRenewal(map.value));
		case REPORT:
			return orFields(readReport(map.value));
		case OFFER:
		case OBJECT:
		case ATTEST:
			return orFields(readUpdateFromLock(kind, map.value));
		default:
			return refuse("kind");
	}
}

export function decodeFromApp(bytes: Uint8Array): Result<FromApp, EnvelopeReason> {
	const map = decodeCborMap(bytes);
	if (!map.ok) return map;
	switch (map.value.uint(0)) {
		case OPEN:
			return orFields(readAppOpen(map.value));
		case DATA:
			return orFields(readData(map.value, true));
		case CLOSE:
			return orFields(readClose(map.value, true));
		case LISTEN:
			return orFields(readListen(map.value));
		default:
			return refuse("kind");
	}
}

export function decodeToApp(bytes: Uint8Array): Result<ToApp, EnvelopeReason> {
	const map = decodeCborMap(bytes);
	if (!map.ok) return map;
	switch (map.value.uint(0)) {
		case DATA:
			return orFields(readData(map.value, false));
		case CLOSE:
			return orFields(readClose(map.value, false));
		case NOTICE:
			return orFields(readNotice(map.value, false));
		default:
			return refuse("kind");
	}
}

function orFields<Envelope>(envelope: Envelope | undefined): Result<Envelope, EnvelopeReason> {
	return envelope === undefined ? refuse("fields") : accept(envelope);
}

function readChannel(map: CborMap, only: readonly number[] | undefined): number | undefined {
	if (only !== undefined && !map.hasOnly(only)) return undefined;
	return map.uint(1, CHANNEL_MAX);
}

function readData(map: CborMap, strict: boolean): DataEnvelope | undefined {
	const channel = readChannel(map, strict ? [0, 1, 2] : undefined);
	const frame = map.bytes(2, { min: 1, max: ENVELOPE_FRAME_BYTES_MAX });
	return channel === undefined || frame === undefined ? undefined : { kind: "data", channel, frame };
}

function readClose(map: CborMap, strict: boolean): CloseEnvelope | undefined {
	const channel = readChannel(map, strict ? [0, 1] : undefined);
	return channel === undefined ? undefined : { kind: "close", channel };
}

function readNotice(map: CborMap, strict: boolean): NoticeEnvelope | undefined {
	if (strict && !map.hasOnly([0, 1, 2])) return undefined;
	const address = map.bytes(1, ADDRESS_BYTES);
	const sealed = map.bytes(2, { min: 1, max: NOTICE_BYTES_MAX });
	return address === undefined || sealed === undefined ? undefined : { kind: "notice", address, sealed };
}

function readTimeRequest(map: CborMap): TimeRequestEnvelope | undefined {
	const nonce = map.bytes(1, TIME_NONCE_BYTES);
	return nonce === undefined || !map.hasOnly([0, 1]) ? undefined : { kind: "time-request", nonce };
}

function readTimeAnswer(map: CborMap): TimeAnswerEnvelope | undefined {
	const statement = map.bytes(1, { min: 1, max: TIME_STATEMENT_BYTES_MAX });
	return statement === undefined || !map.hasOnly([0, 1]) ? undefined : { kind: "time-answer", statement };
}

function readRenewal(map: CborMap): RenewalEnvelope | undefined {
	const csr = map.bytes(1, { min: 1, max: LIMITS.csrBytes });
	const signature = map.bytes(2, SIGNATURE_BYTES);
	if (csr === undefined || signature === undefined || !map.hasOnly([0, 1, 2])) return undefined;
	return { kind: "renewal", csr, signature };
}

function readCertificate(map: CborMap): CertificateEnvelope | undefined {
	if (!map.hasOnly([0, 1])) return undefined;
	if (!map.has(1)) return { kind: "certificate", chain: undefined };
	const items = map.array(1, { min: 1, max: LIMITS.ownChainCertificates });
	const chain: Uint8Array[] = [];
	for (const item of items ?? []) {
		const certificate = asBytes(item, { min: 1, max: LIMITS.operationalChainBytes });
		if (certificate === undefined) return undefined;
		chain.push(certificate);
	}
	return items && { kind: "certificate", chain };
}

function readTrust(map: CborMap): TrustEnvelope | undefined {
	const message = map.bytes(1, { min: 1, max: LIMITS.bundleBytes });
	return message === undefined || !map.hasOnly([0, 1]) ? undefined : { kind: "trust", message };
}

function readReport(map: CborMap): ReportEnvelope | undefined {
	const report = map.bytes(1, { min: 1, max: LIMITS.reportBytes });
	return report === undefined || !map.hasOnly([0, 1]) ? undefined : { kind: "report", report };
}

function readAppOpen(map: CborMap): AppOpenEnvelope | undefined {
	const channel = readChannel(map, [0, 1, 3]);
	const serial = map.text(3, 24);
	if (channel === undefined || serial === undefined || !isSerial(serial)) return undefined;
	return { kind: "open", channel, serial };
}

function readListen(map: CborMap): ListenEnvelope | undefined {
	if (!map.hasOnly([0, 1])) return undefined;
	const values = map.array(1, { min: 0, max: LISTEN_ADDRESSES_MAX });
	if (values === undefined) return undefined;
	const addresses: Uint8Array[] = [];
	for (const value of values) {
		const address = asBytes(value, ADDRESS_BYTES);
		if (address === undefined) return undefined;
		addresses.push(address);
	}
	return { kind: "listen", addresses };
}

export function encodeEnvelope(envelope: ToLock | FromLock | FromApp | ToApp): Uint8Array {
	return encodeCbor(fieldsOf(envelope));
}

function fieldsOf(envelope: ToLock | FromLock | FromApp | ToApp): CborFields {
	switch (envelope.kind) {
		case "open":
			return { 0: OPEN, 1: envelope.channel, 3: "serial" in envelope ? envelope.serial : undefined };
		case "data":
			return { 0: DATA, 1: envelope.channel, 2: envelope.frame };
		case "close":
			return { 0: CLOSE, 1: envelope.channel };
		case "notice":
			return { 0: NOTICE, 1: envelope.address, 2: envelope.sealed };
		case "listen":
			return { 0: LISTEN, 1: envelope.addresses };
		case "time-request":
			return { 0: TIME, 1: envelope.nonce };
		case "time-answer":
			return { 0: TIME, 1: envelope.statement };
		case "renewal":
			return { 0: RENEWAL, 1: envelope.csr, 2: envelope.signature };
		case "certificate":
			return { 0: RENEWAL, 1: envelope.chain };
		case "trust":
			return { 0: TRUST, 1: envelope.message };
		case "report":
			return { 0: REPORT, 1: envelope.report };
		case "report-request":
			return { 0: REPORT };
		default:
			return updateFields(envelope);
	}
}
