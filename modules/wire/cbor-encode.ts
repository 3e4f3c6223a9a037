/**
 * CBOR encoder, deterministic (RFC 8949 4.2.1, PROTOCOL 1): what it writes, cbor-decode reads back as the same value.
 *
 * A map is given as a Map, or as an object with keys 0 to 22, whose undefined fields are left out:
 *
 *   encodeCbor({ 0: 2, 1: channel, 2: data })
 *   encodeCbor(["latchkey", 1, serial, method, challenge])
 *
 * A value that has no encoding here (a fraction, an integer beyond ±(2^53 - 1), nesting beyond the limit) is
 * a programmer's error and asserts: what is encoded was made by this program.
 */
import { assert } from "../base/assert.ts";
import { compareBytes, copyBytes } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { CborKey } from "./cbor-map.ts";

/** A map with keys 0 to 22, as every message and record here has. */
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

const MAJOR_UNSIGNED = 0;
const MAJOR_NEGATIVE = 1;
const MAJOR_BYTES = 2;
const MAJOR_TEXT = 3;
const MAJOR_ARRAY = 4;
const MAJOR_MAP = 5;
const MAJOR_SIMPLE = 7;

const FIRST_BYTES = 128;
const HEAD_BYTES_MAX = 9;
/** Up to it, keys and their count have heads of one byte. */
const FIELD_KEY_MAX = 22;
const WORD = 4294967296;
/** Read once: a property of a large object is found by search. */
const DEPTH_MAX = LIMITS.cborDepth;
const ITEMS_MAX = LIMITS.cborItems;

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

/** An encoding under way: a plain record, which an engine without a compiler makes and reads faster than a class. */
interface Output {
	bytes: Uint8Array;
	length: number;
}

/** Makes room for `count` bytes more. */
function reserve(out: Output, count: number): void {
	const needed = out.length + count;
	if (needed <= out.bytes.length) return;
	const larger = new Uint8Array(Math.max(needed, 2 * out.bytes.length));
	larger.set(out.bytes);
	out.bytes = larger;
}

function putItem(out: Output, value: CborInput, depth: number): void {
	if (typeof value === "number") putInteger(out, value);
	else if (typeof value === "string") putString(out, MAJOR_TEXT, encodeUtf8(value));
	else if (typeof value === "boolean") putHead(out, MAJOR_SIMPLE, value ? 21 : 20);
	else if (value === null) putHead(out, MAJOR_SIMPLE, 22);
	else if (value instanceof Uint8Array) putString(out, MAJOR_BYTES, value);
	else putContainer(out, value, depth);
}

function putContainer(
	out: Output,
	value: Exclude<CborInput, number | string | boolean | null | Uint8Array>,
	depth: number,
): void {
	assert(typeof value === "object", "a value without a CBOR encoding");
	assert(depth < DEPTH_MAX, "CBOR nesting beyond the limit");
	if (Array.isArray(value)) putArray(out, value as readonly CborInput[], depth);
	else if (isMap(value)) putMap(out, value, depth);
	else putFields(out, value as CborFields, depth);
}

function putInteger(out: Output, value: number): void {
	assert(Number.isSafeInteger(value), "a number without a CBOR encoding");
	if (value >= 0) putHead(out, MAJOR_UNSIGNED, value);
	else putHead(out, MAJOR_NEGATIVE, -1 - value);
}

/** The shortest head. */
function putHead(out: Output, major: number, argument: number): void {
	if (out.length + HEAD_BYTES_MAX > out.bytes.length) reserve(out, HEAD_BYTES_MAX);
	if (argument < 24) out.bytes[out.length++] = (major << 5) | argument;
	else out.length = putLongHead(out.bytes, out.length, major << 5, argument);
}

/** A head of more than one byte; what is behind it. A byte that is stored keeps the low eight bits of what it is given. */
function putLongHead(bytes: Uint8Array, at: number, type: number, argument: number): number {
	if (argument <= 0xff) {
		bytes[at] = type | 24;
		bytes[at + 1] = argument;
		return at + 2;
	}
	if (argument <= 0xffff) {
		bytes[at] = type | 25;
		bytes[at + 1] = argument >> 8;
		bytes[at + 2] = argument;
		return at + 3;
	}
	if (argument < WORD) {
		bytes[at] = type | 26;
		return putWord(bytes, at + 1, argument);
	}
	bytes[at] = type | 27;
	return putWord(bytes, putWord(bytes, at + 1, Math.floor(argument / WORD)), argument);
}

/** The low 32 bits of word, the highest first; what is behind them. */
function putWord(bytes: Uint8Array, at: number, word: number): number {
	bytes[at] = word >>> 24;
	bytes[at + 1] = word >>> 16;
	bytes[at + 2] = word >>> 8;
	bytes[at + 3] = word >>> 0;
	return at + 4;
}

function putString(out: Output, major: number, content: Uint8Array): void {
	putHead(out, major, content.length);
	reserve(out, content.length);
	out.bytes.set(content, out.length);
	out.length += content.length;
}

function putArray(out: Output, items: readonly CborInput[], depth: number): void {
	const count = items.length;
	assert(count <= ITEMS_MAX, "CBOR items beyond the limit");
	putHead(out, MAJOR_ARRAY, count);
	for (let index = 0; index < count; index++) putItem(out, items[index]!, depth + 1);
}

function putMap(out: Output, map: ReadonlyMap<CborKey, CborInput>, depth: number): void {
	assert(map.size <= ITEMS_MAX, "CBOR items beyond the limit");
	putHead(out, MAJOR_MAP, map.size);
	for (const key of [...map.keys()].sort(compareKeys)) {
		putItem(out, key, depth);
		putItem(out, map.get(key)!, depth + 1);
	}
}

/** The count is written last; keys are asked for in the order of their encodings, until each own key was met. */
function putFields(out: Output, fields: CborFields, depth: number): void {
	const own = Object.keys(fields).length;
	const head = out.length;
	let met = 0;
	let count = 0;
	putHead(out, MAJOR_MAP, 0);
	for (let key = 0; met < own && key <= FIELD_KEY_MAX; key++) {
		if (!(key in fields)) continue;
		met++;
		const value = fields[key];
		if (value === undefined) continue;
		count++;
		putHead(out, MAJOR_UNSIGNED, key);
		putItem(out, value, depth + 1);
	}
	assert(met === own, "a CBOR field whose key is not 0 to 22");
	out.bytes[head] = (MAJOR_MAP << 5) | count;
}

export function encodeCbor(value: CborInput): Uint8Array {
	const out: Output = { bytes: new Uint8Array(FIRST_BYTES), length: 0 };
	putItem(out, value, 0);
	return copyBytes(out.bytes.subarray(0, out.length));
}
