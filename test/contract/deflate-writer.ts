/**
 * Writes raw deflate by hand (RFC 1951), block by block: what no compressor would make. Fixed codes and stored blocks only.
 */
export class DeflateWriter {
	readonly #bytes: number[] = [];
	#bits = 0;

	/** The lowest bit first, as RFC 1951 3.1.1 packs numbers. */
	number(value: number, count: number): this {
		for (let bit = 0; bit < count; bit++) this.#bit((value >> bit) & 1);
		return this;
	}

	/** A block's head: 0 stored, 1 fixed codes, 2 codes of its own, 3 reserved. */
	block(kind: number, last: boolean): this {
		return this.number(last ? 1 : 0, 1).number(kind, 2);
	}

	stored(bytes: Uint8Array, last: boolean): this {
		this.block(0, last);
		this.#bits = 0;
		const length = bytes.length;
		this.#bytes.push(length & 255, length >> 8, ~length & 255, (~length >> 8) & 255, ...bytes);
		return this;
	}

	/** RFC 1951 3.2.6. */
	literal(symbol: number): this {
		if (symbol < 144) return this.#code(0x30 + symbol, 8);
		if (symbol < 256) return this.#code(0x190 + symbol - 144, 9);
		if (symbol < 280) return this.#code(symbol - 256, 7);
		return this.#code(0xc0 + symbol - 280, 8);
	}

	endOfBlock(): this {
		return this.literal(256);
	}

	/** A copy of 3 (code 257) or 258 (code 285) bytes. */
	copy(bytes: 3 | 258, distanceCode: number, extra: number, extraBits: number): this {
		return this.literal(bytes === 3 ? 257 : 285)
			.#code(distanceCode, 5)
			.number(extra, extraBits);
	}

	bytes(): Uint8Array {
		return Uint8Array.from(this.#bytes);
	}

	/** The highest bit first, as RFC 1951 3.1.1 packs codes. */
	#code(code: number, count: number): this {
		for (let bit = count - 1; bit >= 0; bit--) this.#bit((code >> bit) & 1);
		return this;
	}

	#bit(bit: number): void {
		if (this.#bits === 0) this.#bytes.push(0);
		const last = this.#bytes.length - 1;
		this.#bytes[last] = this.#bytes[last]! | (bit << this.#bits);
		this.#bits = (this.#bits + 1) & 7;
	}
}

/** Stored blocks alone: what packs anything on any engine. */
export function storedDeflate(plain: Uint8Array): Uint8Array {
	const writer = new DeflateWriter();
	const most = 65535;
	let at = 0;
	do {
		const part = plain.subarray(at, at + most);
		at += part.length;
		writer.stored(part, at >= plain.length);
	} while (at < plain.length);
	return writer.bytes();
}
