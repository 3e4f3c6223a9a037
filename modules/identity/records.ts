/** The records of identity (docs/STORAGE.md): what the factory line leaves on the board. */
import { ALPHANUMERIC, isMadeOf } from "../base/characters.ts";
import { LIMITS } from "../base/limits.ts";
import { RECORDS } from "../store/records.ts";
import { type RecordCodec, recordCodec } from "../store/store.ts";
import { asArray, asBytes, asUint, type CborMap, type CborValue } from "../wire/cbor-map.ts";
import { asSerial } from "../wire/names.ts";

export interface Device {
	readonly serial: string;
	readonly hardwareClass: string;
}

const CLASS_CHARACTERS = `${ALPHANUMERIC}._-`;

/** 1 to LIMITS.hardwareClassBytes of [0-9A-Za-z._-]. */
export function isHardwareClass(text: string): boolean {
	return isMadeOf(text, CLASS_CHARACTERS, 1, LIMITS.hardwareClassBytes);
}

function decodeDevice(fields: CborMap): Device | undefined {
	const serial = asSerial(fields.get(1));
	const hardwareClass = fields.text(2, LIMITS.hardwareClassBytes);
	if (!fields.hasOnly([0, 1, 2]) || serial === undefined || hardwareClass === undefined) return undefined;
	return isHardwareClass(hardwareClass) ? { serial, hardwareClass } : undefined;
}

/** Certificates, DER, leaf first; bytesMax: of each. */
export function decodeChain(
	value: CborValue | undefined,
	bytesMax: number,
): readonly Uint8Array[] | undefined {
	const items = asArray(value, { min: 1, max: LIMITS.ownChainCertificates });
	const chain: Uint8Array[] = [];
	for (const item of items ?? []) {
		const certificate = asBytes(item, { min: 1, max: bytesMax });
		if (certificate === undefined) return undefined;
		chain.push(certificate);
	}
	return items && chain;
}

/** An operational certificate and the slot of its key (keys/op-0 and op-1). */
export interface StoredPair {
	readonly slot: 0 | 1;
	/** DER, leaf first. */
	readonly chain: readonly Uint8Array[];
}

/** Which pair serves and which is on trial, one fact; never both in one slot. */
export interface StoredOperational {
	readonly current: StoredPair | undefined;
	readonly trial: StoredPair | undefined;
}

function decodePair(value: CborValue): StoredPair | undefined {
	const parts = asArray(value, 2);
	const slot = asUint(parts?.[0], 1);
	const chain = decodeChain(parts?.[1], LIMITS.operationalChainBytes);
	return slot === undefined || chain === undefined ? undefined : { slot: slot === 0 ? 0 : 1, chain };
}

function decodeOperational(fields: CborMap): StoredOperational | undefined {
	const [current, trial] = [1, 2].map((key) => {
		const value = fields.get(key);
		return value === undefined ? undefined : decodePair(value);
	});
	if (!fields.hasOnly([0, 1, 2])) return undefined;
	if ((fields.has(1) && current === undefined) || (fields.has(2) && trial === undefined)) return undefined;
	return current !== undefined && current.slot === trial?.slot ? undefined : { current, trial };
}

export const DEVICE_CODEC: RecordCodec<Device> = recordCodec({
	row: RECORDS.device,
	format: 1,
	encode: ({ serial, hardwareClass }) => ({ 1: serial, 2: hardwareClass }),
	decode: decodeDevice,
});

/** DER, leaf first. */
export const CERTIFICATE_CODEC: RecordCodec<readonly Uint8Array[]> = recordCodec({
	row: RECORDS.certificate,
	format: 1,
	encode: (chain) => ({ 1: chain }),
	decode: (fields) => (fields.hasOnly([0, 1]) ? decodeChain(fields.get(1), LIMITS.ownChainBytes) : undefined),
});

export const OPERATIONAL_CODEC: RecordCodec<StoredOperational> = recordCodec({
	row: RECORDS.operational,
	format: 1,
	encode: ({ current, trial }) => ({
		1: current && [current.slot, current.chain],
		2: trial && [trial.slot, trial.chain],
	}),
	decode: decodeOperational,
});

export const LINE_CODEC: RecordCodec<true> = recordCodec({
	row: RECORDS.line,
	format: 1,
	encode: () => ({}),
	decode: (fields) => (fields.hasOnly([0]) ? true : undefined),
});

export const SEAL_CODEC: RecordCodec<true> = recordCodec({
	row: RECORDS.seal,
	format: 1,
	encode: () => ({}),
	decode: () => true,
});
