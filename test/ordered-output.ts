/**
 * What programs that run side by side print, each in one piece and in a fixed order: the first that has not ended
 * passes through as it comes, those behind it wait for their turn. What waits is bounded.
 */
const HELD_MAX = 4_000_000;

class Lane {
	held = "";
	ended = false;
}

export class OrderedOutput {
	readonly #print: (text: string) => void;
	readonly #lanes: Lane[];
	#first = 0;

	constructor(print: (text: string) => void, count: number) {
		this.#print = print;
		this.#lanes = Array.from({ length: count }, () => new Lane());
	}

	write(index: number, text: string): void {
		const lane = this.#lanes[index]!;
		if (index === this.#first) this.#print(text);
		else if (lane.held.length < HELD_MAX) {
			lane.held += text;
			if (lane.held.length >= HELD_MAX) lane.held += "\n# more was printed than is kept\n";
		}
	}

	/** Nothing more comes of this one. */
	end(index: number): void {
		this.#lanes[index]!.ended = true;
		while (this.#lanes[this.#first]?.ended) {
			this.#first++;
			const next = this.#lanes[this.#first];
			if (next === undefined) return;
			if (next.held !== "") this.#print(next.held);
			next.held = "";
		}
	}
}

/** Does `work` for each item, `atOnce` at a time, begun in the order of the items; the results in that order. */
export async function sideBySide<Item, Result>(
	items: readonly Item[],
	atOnce: number,
	work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
	const results: Result[] = [];
	const open = items.map((item, index) => ({ item, index }));
	const worker = async (): Promise<void> => {
		for (let next = open.shift(); next !== undefined; next = open.shift()) {
			results[next.index] = await work(next.item, next.index);
		}
	};
	await Promise.all(Array.from({ length: atOnce }, worker));
	return results;
}
