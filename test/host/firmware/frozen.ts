/** What a preloaded module may hold; frozen-main tries to change each. */

export function greet(): string {
	return "hello";
}

export class Door {
	static readonly kinds: { first: string } = Object.freeze({ first: "wood" });
	static #opened = 0;

	name = "door";

	static open(): number {
		Door.#opened++;
		return Door.#opened;
	}

	knock(): string {
		return this.name;
	}
}

export const TABLE: { a: number; list: number[] } = Object.freeze({
	a: 1,
	list: Object.freeze([1, 2]) as number[],
});
export const NAMES = new Map([["a", 1]]);
export const BYTES = Uint8Array.of(1, 2, 3);
export const plain = { value: 1 };

export let counter = 1;

export function count(): number {
	counter++;
	return counter;
}

/** Values that were computed while the module was preloaded: their bytes lie in the frozen part. */
function join(a: string, b: string): string {
	return a + b;
}

const mark = Symbol(join("comp", "uted"));
const key = join("dyn", "amic");
const offset = BigInt(join("0x1234567890", "abcdef1234567890"));
const sum = [1, 2, 3].reduce((total, n) => total + n, 0.5);

function adder(n: number): (m: number) => number {
	return (m) => n + m + sum;
}

export const computed = Object.freeze({
	text: join("a computed text of some length, ", "which is a chunk"),
	list: Object.freeze([join("it", "em"), offset, mark, sum] as const),
	[key]: join("va", "lue"),
	[mark]: 7,
	names: new Map([[join("k", "1"), join("v", "1")]]),
	words: new Set([join("w", "1")]),
	pattern: new RegExp(join("(b+)", "(c*)"), "u"),
	bound: adder(3).bind(undefined),
	get getter(): string {
		return join(key, "!");
	},
	offset,
	plus: (n: bigint): bigint => n + offset,
	date: new Date(86400000),
	error: new RangeError(join("pre", "loaded")),
});
