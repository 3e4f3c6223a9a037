/** The records of identity (docs/STORAGE.md): what the factory line leaves on the board. */
import { LIMITS } from "../base/limits.ts";
import { RECORDS } from "../store/records.ts";
import { type RecordCodec, recordCodec } from "../store/store.ts";
import { asBytes, type CborMap } from "../wire/cbor-map.ts";
import { asSerial } from "../wire/names.ts";

export interface Device {
	readonly serial: string;
	readonly hardwareClass: string;
}

const HARDWARE_CLASS = /^[0-9A-Za-z._-]{1,24}$/;

/** 1 to LIMITS.hardwareClassBytes of [0-9A-Za-z._-]. */
export function isHardwareClass(text: string): boolean {
	return HARDWARE_CLASS.test(text);
}

function decodeDevice(fields: CborMap): Device | undefined {
	const serial = asSerial(fields.get(1));
	const hardwareClass = fields.text(2, LIMITS.hardwareClassBytes);
	if (!fields.hasOnly([0, 1, 2]) || serial === undefined || hardwareClass === undefined) return undefined;
	return isHardwareClass(hardwareClass) ? { serial, hardwareClass } : undefined;
}

function decodeChain(fields: CborMap): readonly Uint8Array[] | undefined {
	const items = fields.array(1, { min: 1, max: LIMITS.ownChainCertificates });
	if (items === undefined || !fields.hasOnly([0, 1])) return undefined;
	const chain: Uint8Array[] = [];
	for (const item of items) {
		const certificate = asBytes(item, { min: 1, max: LIMITS.ownChainBytes });
		if (certificate === undefined) return undefined;
		chain.push(certificate);
	}
	return chain;
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
	decode: decodeChain,
});

export const SEAL_CODEC: RecordCodec<true> = recordCodec({
	row: RECORDS.seal,
	format: 1,
	encode: () => ({}),
	decode: () => true,
});
