/** Whether a load went on all the time: looked at every so often, each of its parts must have got further between two looks. */

/** What each part of a load has done so far; the numbers only rise. */
export type Progress = Readonly<Record<string, number>>;

export class LoadSlices {
	readonly #look: () => Progress;
	readonly #marks: Progress[] = [];
	readonly #timer: NodeJS.Timeout;

	constructor(sliceMs: number, look: () => Progress) {
		this.#look = look;
		this.#marks.push(look());
		this.#timer = setInterval(() => this.#marks.push(look()), sliceMs);
	}

	/** The last slice takes in what is left of one that was not over. */
	end(): readonly Progress[] {
		clearInterval(this.#timer);
		if (this.#marks.length > 1) this.#marks.pop();
		return [...this.#marks, this.#look()];
	}
}

/** By how much each part got further in the slice in which it did least. */
export function leastOf(marks: readonly Progress[]): Progress {
	const least: Record<string, number> = {};
	for (const [index, mark] of marks.slice(1).entries()) {
		for (const [part, done] of Object.entries(mark)) {
			const further = done - marks[index]![part]!;
			least[part] = Math.min(least[part] ?? further, further);
		}
	}
	return least;
}
