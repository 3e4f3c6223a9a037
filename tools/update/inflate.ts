/**
 * Raw deflate (RFC 1951) in plain TypeScript: the simulator's answer to platform/inflate.ts, and what a delta is checked with where it
 * was made. A second opinion on zlib: strict where a host may be lenient, so what it reads every host reads. It refuses a
 * distance beyond LIMITS.inflateWindowBytes, and codes that zlib refuses too.
 */
import { LIMITS } from "../../modules/base/limits.ts";
import type { Inflate, InflateStop, Inflation } from "../../modules/platform/inflate.ts";

const WINDOW = LIMITS.inflateWindowBytes;
const CODE_BITS_MAX = 15;
const END_OF_BLOCK = 256;

// RFC 1951 3.2.5
const LENGTHS = Object.freeze([
	3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
	227, 258,
]);
const LENGTH_BITS = Object.freeze([
	0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
const DISTANCES = Object.freeze([
	1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
	6145, 8193, 12289, 16385, 24577,
]);
// RFC 1951 3.2.7
const LENGTH_ORDER = Object.freeze([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

class BrokenStream extends Error {}

/** RFC 1951 3.2.2: how many codes of each length, and the symbols in the order of their codes. */
interface Code {
	readonly counts: readonly number[];
	readonly symbols: readonly number[];
}

/** Throws BrokenStream unless the lengths use every code exactly once; one single code of one bit may stand alone in some. */
function codeOf(lengths: readonly number[], single: boolean): Code {
	const counts = new Array<number>(CODE_BITS_MAX + 1).fill(0);
	for (const length of lengths) counts[length]!++;
	let left = 1;
	for (let bits = 1; bits <= CODE_BITS_MAX; bits++) {
		left = left * 2 - counts[bits]!;
		if (left < 0) throw new BrokenStream();
	}
	const used = lengths.length - counts[0]!;
	if (left > 0 && !(single && (used === 0 || (used === 1 && counts[1] === 1)))) throw new BrokenStream();
	const symbols: number[] = [];
	for (let bits = 1; bits <= CODE_BITS_MAX; bits++)
		lengths.forEach((length, symbol) => {
			if (length === bits) symbols.push(symbol);
		});
	return { counts, symbols };
}

function fixedCodes(): { readonly literals: Code; readonly distances: Code } {
	const lengths = Array.from({ length: 288 }, (_, symbol) =>
		symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
	);
	return { literals: codeOf(lengths, false), distances: codeOf(new Array<number>(32).fill(5), false) };
}

/** What a step of the decoder waits for: input, or room for output. */
type Wait = "input" | "room";

class PlainInflation implements Inflation {
	#input = new Uint8Array(0);
	#inputAt = 0;
	#bits = 0;
	#bitCount = 0;
	readonly #window = new Uint8Array(WINDOW);
	#written = 0;
	#into: Uint8Array | undefined;
	#intoAt = 0;
	#stop: InflateStop = "hungry";
	readonly #run = this.#stream();

	feed(bytes: Uint8Array): void {
		if (this.unused() > 0) throw new RangeError("inflate is not hungry");
		if (bytes.length < 1 || bytes.length > LIMITS.inflatePieceBytes) throw new RangeError("inflate piece");
		this.#input = bytes.slice();
		this.#inputAt = 0;
	}

	read(into: Uint8Array): number | InflateStop {
		if (this.#stop !== "hungry") return this.#stop;
		this.#into = into;
		this.#intoAt = 0;
		try {
			if (this.#run.next().done) this.#stop = "ended";
		} catch (error) {
			if (!(error instanceof BrokenStream)) throw error;
			this.#stop = "broken";
			return this.#stop;
		}
		return this.#intoAt > 0 ? this.#intoAt : this.#stop;
	}

	unused(): number {
		return this.#input.length - this.#inputAt;
	}

	close(): void {
		this.#stop = "broken";
	}

	/** RFC 1951 3.2.3. */
	*#stream(): Generator<Wait, void, void> {
		for (let last = false; !last; ) {
			last = (yield* this.#take(1)) === 1;
			switch (yield* this.#take(2)) {
				case 0:
					yield* this.#stored();
					break;
				case 1: {
					const { literals, distances } = fixedCodes();
					yield* this.#compressed(literals, distances);
					break;
				}
				case 2:
					yield* this.#dynamic();
					break;
				default:
					throw new BrokenStream();
			}
		}
	}

	*#take(count: number): Generator<Wait, number, void> {
		while (this.#bitCount < count) {
			while (this.#inputAt === this.#input.length) yield "input";
			this.#bits |= this.#input[this.#inputAt++]! << this.#bitCount;
			this.#bitCount += 8;
		}
		const taken = this.#bits & ((1 << count) - 1);
		this.#bits >>>= count;
		this.#bitCount -= count;
		return taken;
	}

	*#write(byte: number): Generator<Wait, void, void> {
		while (this.#into === undefined || this.#intoAt === this.#into.length) yield "room";
		this.#into[this.#intoAt++] = byte;
		this.#window[this.#written % WINDOW] = byte;
		this.#written++;
	}

	/** RFC 1951 3.2.4. */
	*#stored(): Generator<Wait, void, void> {
		this.#bits = 0;
		this.#bitCount = 0;
		const length = yield* this.#take(16);
		if ((yield* this.#take(16)) !== (length ^ 0xffff)) throw new BrokenStream();
		for (let count = 0; count < length; count++) yield* this.#write(yield* this.#take(8));
	}

	*#symbol({ counts, symbols }: Code): Generator<Wait, number, void> {
		let code = 0;
		let first = 0;
		let index = 0;
		for (let bits = 1; bits <= CODE_BITS_MAX; bits++) {
			code |= yield* this.#take(1);
			const count = counts[bits]!;
			if (code - count < first) return symbols[index + code - first]!;
			index += count;
			first = (first + count) << 1;
			code <<= 1;
		}
		throw new BrokenStream();
	}

	/** RFC 1951 3.2.7. */
	*#dynamic(): Generator<Wait, void, void> {
		const literalCount = (yield* this.#take(5)) + 257;
		const distanceCount = (yield* this.#take(5)) + 1;
		const lengthCount = (yield* this.#take(4)) + 4;
		if (literalCount > 286 || distanceCount > 30) throw new BrokenStream();
		const ordered = new Array<number>(LENGTH_ORDER.length).fill(0);
		for (let index = 0; index < lengthCount; index++) ordered[LENGTH_ORDER[index]!] = yield* this.#take(3);
		const lengthCode = codeOf(ordered, false);
		const lengths: number[] = [];
		while (lengths.length < literalCount + distanceCount) {
			const symbol = yield* this.#symbol(lengthCode);
			if (symbol < 16) {
				lengths.push(symbol);
				continue;
			}
			const last = lengths[lengths.length - 1];
			if (symbol === 16 && last === undefined) throw new BrokenStream();
			const bits = symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
			const repeats = (symbol === 18 ? 11 : 3) + (yield* this.#take(bits));
			for (let count = 0; count < repeats; count++) lengths.push(symbol === 16 ? last! : 0);
		}
		if (lengths.length > literalCount + distanceCount || lengths[END_OF_BLOCK] === 0)
			throw new BrokenStream();
		yield* this.#compressed(
			codeOf(lengths.slice(0, literalCount), true),
			codeOf(lengths.slice(literalCount), true),
		);
	}

	*#compressed(literals: Code, distances: Code): Generator<Wait, void, void> {
		for (;;) {
			const symbol = yield* this.#symbol(literals);
			if (symbol === END_OF_BLOCK) return;
			if (symbol < END_OF_BLOCK) {
				yield* this.#write(symbol);
				continue;
			}
			const kind = symbol - END_OF_BLOCK - 1;
			if (kind >= LENGTHS.length) throw new BrokenStream();
			const length = LENGTHS[kind]! + (yield* this.#take(LENGTH_BITS[kind]!));
			const far = yield* this.#symbol(distances);
			if (far >= DISTANCES.length) throw new BrokenStream();
			const distance = DISTANCES[far]! + (yield* this.#take(far < 2 ? 0 : (far >> 1) - 1));
			if (distance > Math.min(this.#written, WINDOW)) throw new BrokenStream();
			for (let count = 0; count < length; count++)
				yield* this.#write(this.#window[(this.#written - distance) % WINDOW]!);
		}
	}
}

export const PLAIN_INFLATE: Inflate = Object.freeze({ open: (): Inflation => new PlainInflation() });
