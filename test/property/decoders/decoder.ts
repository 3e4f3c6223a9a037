/**
 * What the properties of decoders.test.ts know of a decoder: one row of the table in table.ts. A row says how valid bytes
 * are made, and how what was read is written again; everything hostile is made from the valid bytes.
 */
import type { Result } from "../../../modules/base/result.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { type RecordCodec, Store } from "../../../modules/store/store.ts";
import { decodeCbor, decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import type { CborMap, CborValue } from "../../../modules/wire/cbor-map.ts";
import { describe } from "../../harness/compare.ts";
import type { Random } from "../../harness/random.ts";

/** Writes again what was read, from the value alone. */
export type Again = () => Uint8Array;

export interface Decoder {
	/** The file of the decoder, from the root, and the name that it exports. */
	readonly file: string;
	readonly name: string;
	valid(random: Random, crypto: TestCrypto): Uint8Array;
	/** Undefined for bytes that are refused. Never throws. */
	decode(bytes: Uint8Array, crypto: TestCrypto): Again | undefined;
	/**
	 * Why accepted bytes need not be the one encoding of what they say. Without it `again` must give the very bytes back; with
	 * it, `again` must be accepted and give itself back, unless nothing encodes it.
	 */
	readonly loose?: string;
	/** Nothing encodes it: `again` describes the value, in bytes of no other meaning. */
	readonly describes?: true;
	/** Where its documentation says that what was read is a view of the caller's bytes. */
	readonly views?: string;
}

export type Row = Omit<Decoder, "file" | "name">;

/** A row for an exported name of a file. */
export function decoder(file: string, name: string, row: Row): Decoder {
	return Object.freeze({ file: `modules/${file}`, name, ...row });
}

/** The value of an accepted result; refusals become undefined. */
export function accepted<Value>(result: Result<Value, string>): Value | undefined {
	return result.ok ? result.value : undefined;
}

export function again<Value>(
	value: Value | undefined,
	encode: (value: Value) => Uint8Array,
): Again | undefined {
	return value === undefined ? undefined : () => encode(value);
}

/** `again` of what nothing encodes. */
export function describing(value: unknown): Uint8Array {
	return encodeUtf8(describe(value));
}

/** What decodes a map that stands alone in the bytes. */
export function fromMap<Value>(bytes: Uint8Array, decode: (map: CborMap) => Value): Value | undefined {
	const map = decodeCborMap(bytes);
	return map.ok ? decode(map.value) : undefined;
}

export function fromItem<Value>(bytes: Uint8Array, decode: (value: CborValue) => Value): Value | undefined {
	const item = decodeCbor(bytes);
	return item.ok ? decode(item.value) : undefined;
}

/** A record as the store reads it: bytes of the flash to a value, and back. */
export function record<Value>(
	file: string,
	name: string,
	codec: RecordCodec<Value>,
	make: (random: Random) => Value,
	loose?: string,
): Decoder {
	const encode = (value: Value): Uint8Array => encodeCbor({ ...codec.encode(value), 0: codec.format });
	const index = codec.row.count === undefined ? undefined : 0;
	return decoder(file, name, {
		valid: (random) => encode(make(random)),
		decode(bytes) {
			const storage = { read: () => bytes, write() {}, delete() {}, names: () => [] };
			return again(accepted(new Store(storage).read(codec, index)), encode);
		},
		...(loose === undefined ? {} : { loose }),
	});
}
