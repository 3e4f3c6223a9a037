/**
 * CBOR reader for all of RFC 8949, for tools that look at what others made, and for the published vectors. No image
 * carries it, and nothing decides on what it returns: the one profile that is acted on is cbor-decode's.
 *
 * Beyond that profile it reads floats (as CborFloat, so that 1.0 is not 1), integers to 64 bits (as bigint), tags, other
 * simple values, indefinite lengths and maps in any order. As there, integers and lengths are shortest, keys
 * occur once and are integers or text, nothing throws, and nesting and items are bounded.
 */
import { accept, type Result, refuse } from "../base/result.ts";
import { CborDecoder, type CborLimits, type CborReason } from "./cbor-decode.ts";
import type { CborValue } from "./cbor-map.ts";

export class CborFloat {
	readonly value: number;
	constructor(value: number) {
		this.value = value;
	}
}

/** undefined is simple(23). */
export class CborSimple {
	readonly number: number;
	constructor(number: number) {
		this.number = number;
	}
}

export class CborTag {
	readonly tag: number;
	readonly content: CborGeneral;
	constructor(tag: number, content: CborGeneral) {
		this.tag = tag;
		this.content = content;
	}
}

export type CborGeneral =
	| CborValue
	| bigint
	| CborFloat
	| CborSimple
	| CborTag
	| readonly CborGeneral[]
	| ReadonlyMap<number | string, CborGeneral>;

const BREAK = 0xff;

/** RFC 8949 appendix D. */
function halfFloat(bits: number): number {
	const exponent = (bits >> 10) & 31;
	const fraction = bits & 0x3ff;
	const magnitude =
		exponent === 0
			? fraction * 2 ** -24
			: exponent === 31
				? fraction === 0
					? Number.POSITIVE_INFINITY
					: Number.NaN
				: (fraction + 1024) * 2 ** (exponent - 25);
	return bits & 0x8000 ? -magnitude : magnitude;
}

function tagFits(tag: number, content: CborGeneral): boolean {
	if (tag === 0) return typeof content === "string";
	if (tag === 1) return typeof content === "number" || content instanceof CborFloat;
	if (tag === 2 || tag === 3) return content instanceof Uint8Array;
	return true;
}

/** The base class types its items as CborValue; what this class adds travels under that type until `decodeGeneral`. */
class GeneralDecoder extends CborDecoder {
	readonly #limits: CborLimits;

	constructor(bytes: Uint8Array, limits: CborLimits) {
		super(bytes, limits);
		this.#limits = limits;
	}

	/** On XS 13 `super` in a private method finds the method of this class again, so it stands in this one only. */
	protected override item(depth: number): CborValue | undefined {
		const initial = this.bytes[this.offset];
		if (initial === undefined) return this.stop("truncated");
		const major = initial >> 5;
		const info = initial & 31;
		const beyond =
			info === 31
				? major >= 2 && major <= 5
				: major === 7
					? info < 20 || info > 22
					: major >= 5 || (major < 2 && info === 27);
		if (!beyond) return super.item(depth);
		return this.#beyond(initial, depth) as CborValue | undefined;
	}

	#item(depth: number): CborGeneral | undefined {
		return this.item(depth);
	}

	#beyond(initial: number, depth: number): CborGeneral | undefined {
		const major = initial >> 5;
		if ((initial & 31) === 31 && major <= 5) return this.#indefinite(major, depth);
		if (major === 5) return this.#map(this.#head(initial), depth);
		if (major === 6) return this.#tag(initial, depth);
		return major === 7 ? this.#simple(initial) : this.#wide(major);
	}

	/** The argument of a head, through the integer that has the same one. */
	#head(initial: number): number | undefined {
		const info = initial & 31;
		if (info < 24) {
			this.offset++;
			return info;
		}
		if (info > 27) return this.stop("reserved");
		const end = this.offset + 1 + (1 << (info - 24));
		if (end > this.bytes.length) return this.stop("truncated");
		const copy = this.bytes.slice(this.offset, end);
		copy[0] = info;
		const argument = new CborDecoder(copy, this.#limits).decode();
		if (!argument.ok) return this.stop(argument.reason);
		this.offset = end;
		return argument.value as number;
	}

	#wide(major: number): CborGeneral | undefined {
		const end = this.offset + 9;
		if (end > this.bytes.length) return this.stop("truncated");
		let value = 0n;
		for (let index = this.offset + 1; index < end; index++) value = value * 256n + BigInt(this.bytes[index]!);
		if (value < 4294967296n) return this.stop("not-shortest");
		this.offset = end;
		const signed = major === 0 ? value : -1n - value;
		const narrow = Number(signed);
		return Number.isSafeInteger(narrow) ? narrow : signed;
	}

	#tag(initial: number, depth: number): CborTag | undefined {
		if (depth >= this.#limits.depth) return this.stop("depth");
		const tag = this.#head(initial);
		if (tag === undefined) return undefined;
		const content = this.#item(depth + 1);
		if (content === undefined) return undefined;
		return tagFits(tag, content) ? new CborTag(tag, content) : this.stop("unsupported");
	}

	#simple(initial: number): CborGeneral | undefined {
		const info = initial & 31;
		const bytes = info < 24 ? 0 : 1 << (info - 24);
		const at = this.offset + 1;
		if (info > 27) return this.stop("reserved");
		if (at + bytes > this.bytes.length) return this.stop("truncated");
		this.offset = at + bytes;
		if (info < 24) return new CborSimple(info);
		const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + at, bytes);
		if (info === 24) return view.getUint8(0) >= 32 ? new CborSimple(view.getUint8(0)) : this.stop("reserved");
		if (info === 25) return new CborFloat(halfFloat(view.getUint16(0)));
		return new CborFloat(info === 26 ? view.getFloat32(0) : view.getFloat64(0));
	}

	#map(count: number | undefined, depth: number): CborGeneral | undefined {
		if (count === undefined) return undefined;
		if (depth >= this.#limits.depth) return this.stop("depth");
		if (count > this.#limits.items) return this.stop("items");
		const map = new Map<number | string, CborGeneral>();
		for (let index = 0; index < count; index++) if (!this.#entry(map, depth)) return undefined;
		return map;
	}

	/** False means that the reason is set. */
	#entry(map: Map<number | string, CborGeneral>, depth: number): boolean {
		const key = this.#item(depth + 1);
		if (key === undefined) return false;
		if (typeof key !== "number" && typeof key !== "string") this.stop("key");
		else if (map.has(key)) this.stop("duplicate");
		else {
			const value = this.#item(depth + 1);
			if (value !== undefined) map.set(key, value);
			return value !== undefined;
		}
		return false;
	}

	#atBreak(): boolean {
		if (this.bytes[this.offset] !== BREAK) return false;
		this.offset++;
		return true;
	}

	#indefinite(major: number, depth: number): CborGeneral | undefined {
		if (depth >= this.#limits.depth) return this.stop("depth");
		this.offset++;
		if (major === 5) {
			const map = new Map<number | string, CborGeneral>();
			while (!this.#atBreak()) {
				if (map.size === this.#limits.items) return this.stop("items");
				if (!this.#entry(map, depth)) return undefined;
			}
			return map;
		}
		const items: CborGeneral[] = [];
		while (!this.#atBreak()) {
			if (items.length === this.#limits.items) return this.stop("items");
			const initial = this.bytes[this.offset];
			const chunk = initial !== undefined && initial >> 5 === major && (initial & 31) !== 31;
			if (major !== 4 && !chunk) return this.stop(initial === undefined ? "truncated" : "indefinite");
			const item = this.#item(depth + 1);
			if (item === undefined) return undefined;
			items.push(item);
		}
		if (major === 4) return items;
		if (major === 3) return items.join("");
		return Uint8Array.from((items as Uint8Array[]).flatMap((chunk) => [...chunk]));
	}
}

export function decodeGeneral(bytes: Uint8Array, limits: CborLimits): Result<CborGeneral, CborReason> {
	const decoded = new GeneralDecoder(bytes, limits).decode();
	return decoded.ok ? accept(decoded.value as CborGeneral) : refuse(decoded.reason);
}
