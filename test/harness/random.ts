/**
 * A seeded generator for tests (sfc32): the same sequence on both engines. Never for secrets.
 */
export class Random {
	#a: number;
	#b: number;
	#c: number;
	#counter = 1;

	/** Two runs with the same seed and label draw the same values. */
	constructor(seed: number, label = "") {
		let hash = 0x811c9dc5 ^ seed;
		for (let index = 0; index < label.length; index++) {
			hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193);
		}
		this.#a = seed | 0;
		this.#b = hash | 0;
		this.#c = Math.imul(hash ^ seed, 0x9e3779b1) | 0;
		for (let round = 0; round < 12; round++) this.uint32();
	}

	/** 0 .. 2^32 - 1. */
	uint32(): number {
		const result = (this.#a + this.#b + this.#counter) | 0;
		this.#counter = (this.#counter + 1) | 0;
		this.#a = this.#b ^ (this.#b >>> 9);
		this.#b = (this.#c + (this.#c << 3)) | 0;
		this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result;
		this.#c |= 0;
		return result >>> 0;
	}

	/** 0 .. bound - 1, for bound 1 .. 2^32. */
	below(bound: number): number {
		return Math.floor((this.uint32() / 4294967296) * bound);
	}

	/** minimum .. maximum, both possible. */
	between(minimum: number, maximum: number): number {
		return minimum + this.below(maximum - minimum + 1);
	}

	boolean(): boolean {
		return (this.uint32() & 1) === 1;
	}

	bytes(count: number): Uint8Array {
		const bytes = new Uint8Array(count);
		for (let index = 0; index < count; index++) bytes[index] = this.uint32() >>> 24;
		return bytes;
	}

	pick<Item>(items: readonly Item[]): Item {
		if (items.length === 0) throw new RangeError("nothing to pick from");
		return items[this.below(items.length)]!;
	}

	/** Well-formed text of at most `characters` code points, from every UTF-8 length. */
	text(characters: number): string {
		const count = this.below(characters + 1);
		let text = "";
		for (let index = 0; index < count; index++) {
			const kind = this.below(4);
			if (kind === 0) text += String.fromCodePoint(this.between(0x20, 0x7e));
			else if (kind === 1) text += String.fromCodePoint(this.between(0x80, 0x7ff));
			else if (kind === 2) text += String.fromCodePoint(this.between(0xe000, 0xffff));
			else text += String.fromCodePoint(this.between(0x10000, 0x10ffff));
		}
		return text;
	}

	/** bytes with one to three edits: bits flipped, bytes replaced, cut, doubled, inserted. The input is left alone. */
	mutate(bytes: Uint8Array): Uint8Array {
		let edited = [...bytes];
		const edits = this.between(1, 3);
		for (let edit = 0; edit < edits; edit++) {
			const at = this.below(edited.length + 1);
			const kind = this.below(6);
			if (kind === 0 && at < edited.length) edited[at] = edited[at]! ^ (1 << this.below(8));
			else if (kind === 1 && at < edited.length) edited[at] = this.below(256);
			else if (kind === 2) edited = edited.slice(0, at);
			else if (kind === 3) edited.splice(at, this.between(1, 4));
			else if (kind === 4) edited.splice(at, 0, ...this.bytes(this.between(1, 4)));
			else edited.splice(at, 0, ...edited.slice(at, at + this.between(1, 8)));
		}
		return Uint8Array.from(edited);
	}
}
