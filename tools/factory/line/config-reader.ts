/**
 * Reads a value of JSON by a fixed form, for a configuration that a person writes: the first flaw is named with its place, a
 * field that nobody asked for is a flaw. Never throws. After a flaw every reader gives a value of its type, and none counts.
 */

const TEXT_MAX = 1_024;

export class ConfigReader {
	#flaw: string | undefined;

	get flaw(): string | undefined {
		return this.#flaw;
	}

	fail(place: string, what: string): void {
		this.#flaw ??= `${place}: ${what}`;
	}

	/** The fields of an object; `known` are all that it may have. */
	object(value: unknown, place: string, known: readonly string[]): Readonly<Record<string, unknown>> {
		if (typeof value !== "object" || value === null || Array.isArray(value)) {
			this.fail(place, "must be an object");
			return {};
		}
		const foreign = Object.keys(value).find((key) => !known.includes(key));
		if (foreign !== undefined)
			this.fail(place, `has ${JSON.stringify(foreign.slice(0, 40))}, which is unknown`);
		return value as Readonly<Record<string, unknown>>;
	}

	list(value: unknown, place: string, least: number, most: number): readonly unknown[] {
		if (Array.isArray(value) && value.length >= least && value.length <= most) return value;
		this.fail(place, `must be a list of ${least} to ${most}`);
		return [];
	}

	text(value: unknown, place: string, pattern?: RegExp, what?: string): string {
		const fits = typeof value === "string" && value.length > 0 && value.length <= TEXT_MAX;
		// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
		if (fits && !/[\u0000-\u001f\u007f]/.test(value) && (pattern?.test(value) ?? true)) return value;
		this.fail(place, `must be ${what ?? "a text of one line"}`);
		return "";
	}

	number(value: unknown, place: string, least: number, most: number): number {
		if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most)
			return value;
		this.fail(place, `must be a whole number from ${least} to ${most}`);
		return least;
	}

	flag(value: unknown, place: string): boolean {
		if (typeof value === "boolean") return value;
		this.fail(place, "must be true or false");
		return false;
	}

	choice<Word extends string>(value: unknown, place: string, words: readonly [Word, ...Word[]]): Word {
		const word = words.find((each) => each === value);
		if (word === undefined) this.fail(place, `must be one of ${words.join(", ")}`);
		return word ?? words[0];
	}

	/** A program and its words. */
	command(value: unknown, place: string): readonly string[] {
		return this.list(value, place, 1, 32).map((word, index) => this.text(word, `${place}[${index}]`));
	}
}
