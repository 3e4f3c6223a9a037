/**
 * CBOR encoder, deterministic (RFC 8949 4.2.1, PROTOCOL 1): what it writes, cbor-decode reads back as the same value.
 *
 * A map is given as a Map, or as an object with integer keys, whose undefined fields are left out:
 *
 *   encodeCbor({ 0: 2, 1: channel, 2: data })
 *   encodeCbor(["latchkey", 1, serial, method, challenge])
 *
 * A value that has no encoding here (a fraction, an integer beyond ±(2^53 - 1), nesting beyond the limit) is
 * a programmer's error and asserts: what is encoded was made by this program.
 */
import { assert } from "../base/assert.ts";
import { compareBytes } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { CborKey } from "./cbor-map.ts";

export interface CborFields {
	readonly [key: number]: CborInput | undefined;
}

export type CborInput =
	| number
	| string
	| boolean
	| null
	| Uint8Array
	| readonly CborInput[]
	| ReadonlyMap<CborKey, CborInput>
	| CborFields;

const FIRST_BYTES = 128;
const WORD = 4294967296;

/** Integers ascending, then negative ones descending, then text by length and bytes: the bytewise order of the encodings. */
function compareKeys(a: CborKey, b: CborKey): number {
	if (typeof a === "number") {
		if (typeof b !== "number") return -1;
		if (a >= 0 !== b >= 0) return a >= 0 ? -1 : 1;
		return a >= 0 ? a - b : b - a;
	}
	if (typeof b === "number") return 1;
	const encodedA = encodeUtf8(a);
	const encodedB = encodeUtf8(b);
	return encodedA.length - encodedB.length || compareBytes(encodedA, encodedB);
}

function isMap(value: object): value is ReadonlyMap<CborKey, CborInput> {
	return value instanceof Map;
}

class CborEncoder {
	#buffer = new Uint8Array(FIRST_BYTES);
	#length = 0;

	encode(value: CborInput): Uint8Array {
		this.#item(value, 0);
		return this.#buffer.slice(0, this.#length);
	}

	#reserve(count: number): void {
		const needed = this.#length + count;
		if (needed <= this.#buffer.length) return;
		const larger = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
		larger.set(this.#buffer);
		this.#buffer = larger;
	}

	#item(value: CborInput, depth: number): void {
		if (typeof value === "number") this.#integer(value);
		else if (typeof value === "string") this.#string(3, encodeUtf8(value));
		else if (typeof value === "boolean") this.#head(7, value ? 21 : 20);
		else if (value === null) this.#head(7, 22);
		else if (value instanceof Uint8Array) this.#string(2, value);
		else this.#container(value, depth);
	}

	#container(value: Exclude<CborInput, number | string | boolean | null | Uint8Array>, depth: number): void {
		assert(typeof value === "object", "a value without a CBOR encoding");
		assert(depth < LIMITS.cborDepth, "CBOR nesting beyond the limit");
		if (Array.isArray(value)) this.#array(value as readonly CborInput[], depth);
		else if (isMap(value)) this.#map(value, depth);
		else this.#fields(value as CborFields, depth);
	}

	#integer(value: number): void {
		assert(Number.isSafeInteger(value), "a number without a CBOR encoding");
		if (value >= 0) this.#head(0, value);
		else this.#head(1, -1 - value);
	}

	#head(major: number, argument: number): void {
		this.#reserve(9);
		const buffer = this.#buffer;
		const type = major << 5;
		if (argument < 24) {
			buffer[this.#length++] = type | argument;
			return;
		}
		const size = argument <= 0xff ? 0 : argument <= 0xffff ? 1 : argument < WORD ? 2 : 3;
		const count = 1 << size;
		buffer[this.#length++] = type | (24 + size);
		let rest = argument;
		for (let index = this.#length + count - 1; index >= this.#length; index--) {
			buffer[index] = rest % 256;
			rest = Math.floor(rest / 256);
		}
		this.#length += count;
	}

	#string(major: 2 | 3, content: Uint8Array): void {
		this.#head(major, content.length);
		this.#reserve(content.length);
		this.#buffer.set(content, this.#length);
		this.#length += content.length;
	}

	#array(items: readonly CborInput[], depth: number): void {
		assert(items.length <= LIMITS.cborItems, "CBOR items beyond the limit");
		this.#head(4, items.length);
		for (const item of items) this.#item(item, depth + 1);
	}

	#map(map: ReadonlyMap<CborKey, CborInput>, depth: number): void {
		assert(map.size <= LIMITS.cborItems, "CBOR items beyond the limit");
		this.#head(5, map.size);
		for (const key of [...map.keys()].sort(compareKeys)) {
			this.#item(key, depth);
			this.#item(map.get(key)!, depth + 1);
		}
	}

	#fields(fields: CborFields, depth: number): void {
		const keys: number[] = [];
		for (const name of Object.keys(fields)) {
			const key = Number(name);
			assert(Number.isSafeInteger(key) && String(key) === name, "a CBOR field whose key is no integer");
			if (fields[key] !== undefined) keys.push(key);
		}
		assert(keys.length <= LIMITS.cborItems, "CBOR items beyond the limit");
		this.#head(5, keys.length);
		for (const key of keys.sort(compareKeys)) {
			this.#integer(key);
			this.#item(fields[key]!, depth + 1);
		}
	}
}

export function encodeCbor(value: CborInput): Uint8Array {
	return new CborEncoder().encode(value);
}
