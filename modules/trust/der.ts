/**
 * DER (ITU-T X.690 10), as little as a certificate request and a certificate need: single-byte tags, definite
 * minimal lengths of at most two bytes. The reader is bounded by the bytes it was given, returns views of them and
 * undefined for what it refuses; it never throws (I9).
 */
import { assert } from "../base/assert.ts";
import { concatBytes, fromHex } from "../base/bytes.ts";

export const DER = Object.freeze({
	boolean: 0x01,
	integer: 0x02,
	bitString: 0x03,
	octetString: 0x04,
	null: 0x05,
	objectIdentifier: 0x06,
	utf8String: 0x0c,
	printableString: 0x13,
	utcTime: 0x17,
	generalizedTime: 0x18,
	sequence: 0x30,
	set: 0x31,
	/** Context-specific, constructed, by number. */
	context0: 0xa0,
	context3: 0xa3,
} as const);

const LENGTH_MAX = 0xffff;

/** One element; the contents are joined. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
	const content = concatBytes(...contents);
	const length = content.length;
	assert(length <= LENGTH_MAX, "DER element too long");
	if (length < 0x80) return concatBytes(new Uint8Array([tag, length]), content);
	if (length < 0x100) return concatBytes(new Uint8Array([tag, 0x81, length]), content);
	return concatBytes(new Uint8Array([tag, 0x82, length >> 8, length & 0xff]), content);
}

/** A non-negative INTEGER from big-endian bytes (X.690 8.3). */
export function derUnsigned(bigEndian: Uint8Array): Uint8Array {
	let start = 0;
	while (start < bigEndian.length - 1 && bigEndian[start] === 0) start++;
	const digits = bigEndian.subarray(start);
	if (digits.length === 0) return der(DER.integer, new Uint8Array(1));
	return digits[0]! < 0x80 ? der(DER.integer, digits) : der(DER.integer, new Uint8Array(1), digits);
}

/** Whether the content of an INTEGER is not negative, in its shortest form (X.690 8.3.2). */
export function isUnsigned(content: Uint8Array): boolean {
	if (content.length === 0 || content[0]! >= 0x80) return false;
	return content.length === 1 || content[0] !== 0 || content[1]! >= 0x80;
}

/** A BIT STRING of whole bytes. */
export function derBits(bytes: Uint8Array): Uint8Array {
	return der(DER.bitString, new Uint8Array(1), bytes);
}

/** An OBJECT IDENTIFIER from its content in hexadecimal (object-identifiers.ts). */
export function derIdentifier(hex: string): Uint8Array {
	const content = fromHex(hex);
	assert(content !== undefined, "an object identifier is written in hexadecimal");
	return der(DER.objectIdentifier, content);
}

export interface DerElement {
	readonly tag: number;
	/** The bytes between length and end. */
	readonly content: Uint8Array;
	/** Tag, length and content: what a signature or a comparison is over. */
	readonly whole: Uint8Array;
}

/** Reads elements one after the other. After the first refusal every call refuses. */
export class DerReader {
	#bytes: Uint8Array;
	#failed = false;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	/** True when every byte was read and nothing was refused. */
	get done(): boolean {
		return !this.#failed && this.#bytes.length === 0;
	}

	/** The tag of the next element; undefined at the end. */
	peek(): number | undefined {
		return this.#failed ? undefined : this.#bytes[0];
	}

	next(): DerElement | undefined {
		if (this.#failed) return undefined;
		const element = split(this.#bytes);
		if (element === undefined) {
			this.#failed = true;
			return undefined;
		}
		this.#bytes = this.#bytes.subarray(element.end);
		return { tag: element.tag, content: element.content, whole: element.whole };
	}

	/** The content of the next element when it has this tag. */
	read(tag: number): Uint8Array | undefined {
		return this.readElement(tag)?.content;
	}

	/** The next element when it has this tag. */
	readElement(tag: number): DerElement | undefined {
		const element = this.next();
		if (element?.tag === tag) return element;
		this.#failed = true;
		return undefined;
	}

	/** A reader of the next element's content when it has this tag. */
	enter(tag: number): DerReader | undefined {
		const content = this.read(tag);
		return content && new DerReader(content);
	}
}

function split(bytes: Uint8Array): (DerElement & { readonly end: number }) | undefined {
	const tag = bytes[0];
	const first = bytes[1];
	if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
	let length = first;
	let start = 2;
	if (first === 0x81) {
		length = bytes[2] ?? 0;
		start = 3;
		if (length < 0x80) return undefined;
	} else if (first === 0x82) {
		length = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
		start = 4;
		if (length < 0x100) return undefined;
	} else if (first >= 0x80) {
		return undefined;
	}
	const end = start + length;
	if (end > bytes.length) return undefined;
	return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(0, end), end };
}
