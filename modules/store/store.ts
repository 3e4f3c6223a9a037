/**
 * Typed records over a host's RecordStorage (DESIGN 11, docs/STORAGE.md). A record is one CBOR map whose key 0 is its
 * format; one record holds one fact, so each write is atomic by the host's promise (I5).
 *
 * Faults of the flash that a caller can act on come back as values: a handler refuses and changes neither flash nor
 * RAM. The store logs nothing, caches nothing and never writes while reading.
 */

import { assert } from "../base/assert.ts";
import { DIGITS, isMadeOf } from "../base/characters.ts";
import { DeviceError } from "../base/device-error.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { RecordStorage } from "../platform/storage.ts";
import { decodeCborMap } from "../wire/cbor-decode.ts";
import { type CborFields, encodeCbor } from "../wire/cbor-encode.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import type { RecordRow } from "./records.ts";

export type ReadReason =
	| "absent"
	| "corrupt" // the bytes fail their checksum, do not decode, or say what cannot be
	| "newer-format" // written by a newer firmware: not misread, and not to be overwritten
	| "io";

export type WriteReason =
	| "full" // no space; the old record stands
	| "on-trial" // in a format that the image before may not read, while this one may have to give way to it
	| "io"; // not written; the old record stands

export interface RecordCodec<Value> {
	readonly row: RecordRow;
	/** The format that `encode` writes, from 1. */
	readonly format: number;
	/** Every field but key 0. */
	encode(value: Value): CborFields;
	/** Undefined when the fields say what cannot be. `fields` includes key 0. */
	decode(fields: CborMap): Value | undefined;
	/** Reads an older format as the present value; it becomes the present format when it is next written. */
	migrate?(fields: CborMap, format: number): Value | undefined;
}

/** Freezes a codec; codecs are module-level tables. */
export function recordCodec<Value>(codec: RecordCodec<Value>): RecordCodec<Value> {
	return Object.freeze(codec);
}

/** The name of a record: of a row, or of member `index` of a family. */
export function recordName(row: RecordRow, index?: number): string {
	if (row.count === undefined) {
		assert(index === undefined, "an index for a record that is no family");
		return row.name;
	}
	assert(index !== undefined && index >= 0 && index < row.count, "an index outside the record family");
	return row.name + String(index);
}

/** Whether the running image has yet to be confirmed. */
export type IsOnTrial = () => boolean;

export class Store {
	readonly #storage: RecordStorage;
	readonly #isOnTrial: IsOnTrial;

	/** `isOnTrial`: while true no record rises in format (docs/STORAGE.md 1). */
	constructor(storage: RecordStorage, isOnTrial: IsOnTrial = () => false) {
		this.#storage = storage;
		this.#isOnTrial = isOnTrial;
	}

	read<Value>(codec: RecordCodec<Value>, index?: number): Result<Value, ReadReason> {
		const bytes = this.#readBytes(codec.row, index);
		if (!bytes.ok) return bytes;
		if (bytes.value.length > codec.row.bytesMax) return refuse("corrupt");
		const map = decodeCborMap(bytes.value);
		const format = map.ok ? map.value.uint(0) : undefined;
		if (!map.ok || format === undefined || format === 0) return refuse("corrupt");
		if (format > codec.format) return refuse("newer-format");
		const value = format === codec.format ? codec.decode(map.value) : codec.migrate?.(map.value, format);
		return value === undefined ? refuse("corrupt") : accept(value);
	}

	/** Durable when accepted; when refused the old record stands. A value beyond the row's bound asserts. */
	write<Value>(codec: RecordCodec<Value>, value: Value, index?: number): Result<void, WriteReason> {
		const bytes = encodeCbor({ ...codec.encode(value), 0: codec.format });
		const name = recordName(codec.row, index);
		assert(bytes.length <= codec.row.bytesMax, `${codec.row.domain}/${name} beyond its bound`);
		if (codec.format > 1 && this.#isOnTrial() && !this.#hasFormat(codec, index)) return refuse("on-trial");
		try {
			this.#storage.write(codec.row.domain, name, bytes);
		} catch (error) {
			return refuse(writeReason(error));
		}
		return accept(undefined);
	}

	/** Durable when accepted. Erasing an absent record is accepted. */
	erase(row: RecordRow, index?: number): Result<void, WriteReason> {
		try {
			this.#storage.delete(row.domain, recordName(row, index));
		} catch (error) {
			return refuse(writeReason(error));
		}
		return accept(undefined);
	}

	/** Whether the record is there, whatever it holds; it is not read. */
	has(row: RecordRow, index?: number): Result<boolean, "io"> {
		const names = this.#names(row.domain);
		return names.ok ? accept(names.value.includes(recordName(row, index))) : names;
	}

	/** Members of a family that are stored, ascending. */
	indexes(row: RecordRow): Result<readonly number[], "io"> {
		const { count } = row;
		assert(count !== undefined, "no record family");
		const names = this.#names(row.domain);
		if (!names.ok) return names;
		const indexes: number[] = [];
		for (const name of names.value) {
			const digits = name.startsWith(row.name) ? name.slice(row.name.length) : "";
			const isIndex = isMadeOf(digits, DIGITS, 1, 5) && (digits.length === 1 || digits.charAt(0) !== "0");
			const index = isIndex ? Number(digits) : count;
			if (index < count) indexes.push(index);
		}
		return accept(indexes.sort((a, b) => a - b));
	}

	/** Whether the record is there in this format: whoever wrote it reads it. What does not read is not known to. */
	#hasFormat<Value>({ row, format }: RecordCodec<Value>, index: number | undefined): boolean {
		const bytes = this.#readBytes(row, index);
		const map = bytes.ok ? decodeCborMap(bytes.value) : bytes;
		return map.ok && map.value.uint(0) === format;
	}

	#names(domain: string): Result<readonly string[], "io"> {
		try {
			return accept(this.#storage.names(domain));
		} catch (error) {
			if (error instanceof DeviceError && error.code === "record/io") return refuse("io");
			throw error;
		}
	}

	#readBytes(row: RecordRow, index: number | undefined): Result<Uint8Array, "absent" | "corrupt" | "io"> {
		try {
			const bytes = this.#storage.read(row.domain, recordName(row, index));
			return bytes === undefined ? refuse("absent") : accept(bytes);
		} catch (error) {
			if (error instanceof DeviceError && error.code === "record/corrupt") return refuse("corrupt");
			if (error instanceof DeviceError && error.code === "record/io") return refuse("io");
			throw error;
		}
	}
}

function writeReason(error: unknown): WriteReason {
	if (error instanceof DeviceError && error.code === "record/full") return "full";
	if (error instanceof DeviceError && error.code === "record/io") return "io";
	throw error;
}
