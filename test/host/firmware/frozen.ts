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
