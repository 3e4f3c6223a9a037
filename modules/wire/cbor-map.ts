/**
 * CBOR values as the firmware knows them (PROTOCOL 1), and how a message is read out of them.
 *
 * A decoded map is a CborMap: a Map with one reader for each type. A reader returns the value when the key is
 * there, has that type and lies in its bounds, and undefined otherwise; it never throws. So a message is read like
 *
 *   const map = decodeCborMap(bytes);                          // Result<CborMap, CborReason>
 *   if (!map.ok || !map.value.hasOnly([0, 1, 2])) return refuse("malformed");
 *   const kind = map.value.uint(0, 7);                         // 0 .. 7
 *   const key = map.value.bytes(1, 32);                        // exactly 32 bytes
 *   const name = map.value.text(2, 32);                        // at most 32 bytes of UTF-8
 *   if (kind === undefined || key === undefined || name === undefined) return refuse("malformed");
 *
 * and an optional field like `const data = map.has(3) ? map.bytes(3, { min: 1, max: 4096 }) : NONE` (a field that
 * is present and wrong must refuse the message; `has` tells it from an absent one). Elements of arrays are
 * read by the same rules with asUint, asInt, asBytes, asText, asArray.
 *
 * Byte strings are copies that the reader of the message owns. Nothing changes a CborMap after decoding.
 */
import { encodeUtf8 } from "../base/utf8.ts";

export type CborKey = number | string;

/** Integers are within ±(2^53 - 1); there are no floats, no tags and no undefined. */
export type CborValue = number | string | boolean | null | Uint8Array | readonly CborValue[] | CborMap;

/** An exact size, or an inclusive range. */
export type CborSize = number | { readonly min: number; readonly max: number };

function fits(count: number, size: CborSize): boolean {
	return typeof size === "number" ? count === size : count >= size.min && count <= size.max;
}

export function asUint(
	value: CborValue | undefined,
	maximum: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
	return typeof value === "number" && value >= 0 && value <= maximum ? value : undefined;
}

export function asInt(
	value: CborValue | undefined,
	minimum: number = Number.MIN_SAFE_INTEGER,
	maximum: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
	return typeof value === "number" && value >= minimum && value <= maximum ? value : undefined;
}

export function asBytes(value: CborValue | undefined, size: CborSize): Uint8Array | undefined {
	return value instanceof Uint8Array && fits(value.length, size) ? value : undefined;
}

/** Text of at most (or, with a range, of so many) bytes of UTF-8. */
export function asText(
	value: CborValue | undefined,
	size: number | { readonly min: number; readonly max: number },
): string | undefined {
	if (typeof value !== "string") return undefined;
	const range = typeof size === "number" ? { min: 0, max: size } : size;
	// A UTF-16 unit takes one to three bytes: the encoding is made only when the answer depends on it.
	if (value.length > range.max) return undefined;
	if (value.length >= range.min && 3 * value.length <= range.max) return value;
	return fits(encodeUtf8(value).length, range) ? value : undefined;
}

export function asArray(value: CborValue | undefined, size: CborSize): readonly CborValue[] | undefined {
	return Array.isArray(value) && fits(value.length, size) ? (value as readonly CborValue[]) : undefined;
}

export class CborMap extends Map<CborKey, CborValue> {
	/** False when there is a key that is not among keys. */
	hasOnly(keys: readonly CborKey[]): boolean {
		let known = 0;
		for (let index = 0; index < keys.length; index++) if (this.has(keys[index]!)) known++;
		return known === this.size;
	}

	/** 0 .. maximum (2^53 - 1). */
	uint(key: CborKey, maximum?: number): number | undefined {
		return asUint(this.get(key), maximum);
	}

	/** minimum .. maximum (±(2^53 - 1)). */
	int(key: CborKey, minimum?: number, maximum?: number): number | undefined {
		return asInt(this.get(key), minimum, maximum);
	}

	bytes(key: CborKey, size: CborSize): Uint8Array | undefined {
		return asBytes(this.get(key), size);
	}

	/** size: the most bytes of UTF-8, or a range of them. */
	text(key: CborKey, size: number | { readonly min: number; readonly max: number }): string | undefined {
		return asText(this.get(key), size);
	}

	bool(key: CborKey): boolean | undefined {
		const value = this.get(key);
		return typeof value === "boolean" ? value : undefined;
	}

	array(key: CborKey, size: CborSize): readonly CborValue[] | undefined {
		return asArray(this.get(key), size);
	}

	map(key: CborKey): CborMap | undefined {
		const value = this.get(key);
		return value instanceof CborMap ? value : undefined;
	}
}
