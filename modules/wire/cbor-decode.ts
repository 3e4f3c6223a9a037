/**
 * CBOR decoder for deterministic encoding (RFC 8949 4.2.1, PROTOCOL 1): one item, shortest heads, definite lengths,
 * map keys (integers and text) strictly ascending bytewise, strict UTF-8, integers within ±(2^53 - 1), false, true
 * and null; everything else is refused with a reason. So a value has exactly one accepted encoding.
 *
 * It never throws on any bytes (I9), never reads past them, keeps no reference to them, and takes time linear
 * in their number; nesting and items are bounded (I8).
 */
import { copyBytes } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import { type CborKey, CborMap, type CborValue } from "./cbor-map.ts";

export type CborReason =
	| "truncated" // the bytes end inside the item
	| "trailing" // bytes follow the item
	| "reserved" // a head that RFC 8949 does not define
	| "not-shortest" // an integer or length that has a shorter form
	| "indefinite" // an indefinite length, or a break
	| "range" // an integer or length beyond 2^53 - 1
	| "text" // text that is not well-formed UTF-8
	| "key" // a map key that is neither an integer nor text
	| "order" // map keys that do not ascend
	| "duplicate" // a map key that occurs twice
	| "depth" // nesting beyond the limit
	| "items" // an array or a map beyond the limit
	| "unsupported" // a float, a tag, or a simple value other than false, true and null
	| "not-a-map"; // decodeCborMap only

export interface CborLimits {
	/** Nesting of arrays and maps. */
	readonly depth: number;
	/** Items in one array, entries in one map. */
	readonly items: number;
}

const DEFAULT_LIMITS: CborLimits = Object.freeze({ depth: LIMITS.cborDepth, items: LIMITS.cborItems });

const WORD = 4294967296;
const HIGH_MAX = 0x1fffff;

/**
 * One use each. `undefined` from a method means that the reason is set. What is protected is there for the one
 * subclass, in the tests, that reads the rest of RFC 8949 to meet the published vectors.
 */
export class CborDecoder {
	protected readonly bytes: Uint8Array;
	protected offset = 0;
	#reason: CborReason | undefined;
	readonly #limits: CborLimits;

	constructor(bytes: Uint8Array, limits: CborLimits) {
		// A view of plain type: what `slice` gives must be a copy, also for a caller's subclass (Node's Buffer).
		this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.#limits = limits;
	}

	decode(): Result<CborValue, CborReason> {
		const value = this.item(0);
		if (value === undefined) return refuse(this.#reason ?? "reserved");
		return this.offset === this.bytes.length ? accept(value) : refuse("trailing");
	}

	protected stop(reason: CborReason): undefined {
		this.#reason = reason;
		return undefined;
	}

	protected item(depth: number): CborValue | undefined {
		const initial = this.bytes[this.offset];
		if (initial === undefined) return this.stop("truncated");
		this.offset++;
		if (initial < 24) return initial;
		switch (initial >> 5) {
			case 0:
			case 1:
				return this.#integer(initial);
			case 2: {
				const content = this.#take(initial);
				return content && copyBytes(content);
			}
			case 3: {
				const encoded = this.#take(initial);
				return encoded && (decodeUtf8(encoded) ?? this.stop("text"));
			}
			case 4:
				return this.#array(initial, depth);
			case 5:
				return this.#map(initial, depth);
		}
		if (initial === 0xf4) return false;
		if (initial === 0xf5) return true;
		if (initial === 0xf6) return null;
		return this.#beyond(initial);
	}

	#integer(initial: number): CborValue | undefined {
		const argument = this.#argument(initial);
		if (argument === undefined) return undefined;
		return initial < 0x20 ? argument : -1 - argument;
	}

	/** The argument of the head whose initial byte was just read. */
	#argument(initial: number): number | undefined {
		const info = initial & 31;
		if (info < 24) return info;
		if (info > 27) return info === 31 ? this.#indefinite(initial) : this.stop("reserved");
		const count = 1 << (info - 24);
		const end = this.offset + count;
		if (end > this.bytes.length) return this.stop("truncated");
		const low = this.#bigEndian(count === 8 ? this.offset + 4 : this.offset, end);
		const high = count === 8 ? this.#bigEndian(this.offset, this.offset + 4) : 0;
		this.offset = end;
		const shortest =
			count === 1 ? low >= 24 : count === 2 ? low > 0xff : count === 4 ? low > 0xffff : high > 0;
		if (!shortest) return this.stop("not-shortest");
		if (high > HIGH_MAX || (high === HIGH_MAX && low === WORD - 1 && initial >> 5 === 1)) {
			return this.stop("range");
		}
		return high * WORD + low;
	}

	#indefinite(initial: number): undefined {
		return this.stop(initial >> 5 < 2 ? "reserved" : "indefinite");
	}

	#bigEndian(from: number, end: number): number {
		let value = 0;
		for (let index = from; index < end; index++) value = value * 256 + this.bytes[index]!;
		return value;
	}

	/** A view of the content of a string. */
	#take(initial: number): Uint8Array | undefined {
		const length = this.#argument(initial);
		if (length === undefined) return undefined;
		const from = this.offset;
		if (length > this.bytes.length - from) return this.stop("truncated");
		this.offset = from + length;
		return this.bytes.subarray(from, from + length);
	}

	/** How many items or entries a container announces, when that many may follow. */
	#count(initial: number, depth: number): number | undefined {
		if (depth >= this.#limits.depth) return this.stop("depth");
		const count = this.#argument(initial);
		if (count === undefined) return undefined;
		if (count > this.bytes.length - this.offset) return this.stop("truncated");
		return count > this.#limits.items ? this.stop("items") : count;
	}

	#array(initial: number, depth: number): readonly CborValue[] | undefined {
		const count = this.#count(initial, depth);
		if (count === undefined) return undefined;
		const items: CborValue[] = [];
		for (let index = 0; index < count; index++) {
			const item = this.item(depth + 1);
			if (item === undefined) return undefined;
			items.push(item);
		}
		return items;
	}

	#map(initial: number, depth: number): CborMap | undefined {
		const count = this.#count(initial, depth);
		if (count === undefined) return undefined;
		const map = new CborMap();
		let previous = -1;
		let previousEnd = 0;
		for (let index = 0; index < count; index++) {
			const start = this.offset;
			const key = this.#key();
			if (key === undefined) return undefined;
			if (previous >= 0) {
				const order = this.#compare(previous, previousEnd, start, this.offset);
				if (order >= 0) return this.stop(order === 0 ? "duplicate" : "order");
			}
			previous = start;
			previousEnd = this.offset;
			const value = this.item(depth + 1);
			if (value === undefined) return undefined;
			map.set(key, value);
		}
		return map;
	}

	#key(): CborKey | undefined {
		const initial = this.bytes[this.offset];
		const major = initial === undefined ? 0 : initial >> 5;
		if (major > 1 && major !== 3) return this.stop("key");
		return this.item(0) as CborKey | undefined;
	}

	/** Bytewise lexicographic order of two encoded keys. */
	#compare(a: number, aEnd: number, b: number, bEnd: number): number {
		const bytes = this.bytes;
		while (a < aEnd && b < bEnd) {
			const difference = bytes[a]! - bytes[b]!;
			if (difference !== 0) return difference;
			a++;
			b++;
		}
		return aEnd - a - (bEnd - b);
	}

	/** A head of major type 6 or 7 other than false, true, null. */
	#beyond(initial: number): undefined {
		const info = initial & 31;
		if (info > 27) return this.stop(initial === 0xff ? "indefinite" : "reserved");
		return this.stop("unsupported");
	}
}

export function decodeCbor(
	bytes: Uint8Array,
	limits: CborLimits = DEFAULT_LIMITS,
): Result<CborValue, CborReason> {
	return new CborDecoder(bytes, limits).decode();
}

/** decodeCbor for messages, which are maps. */
export function decodeCborMap(
	bytes: Uint8Array,
	limits: CborLimits = DEFAULT_LIMITS,
): Result<CborMap, CborReason> {
	const decoded = decodeCbor(bytes, limits);
	if (!decoded.ok) return decoded;
	return decoded.value instanceof CborMap ? accept(decoded.value) : refuse("not-a-map");
}
