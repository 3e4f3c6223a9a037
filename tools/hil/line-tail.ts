/** The last lines that somebody said, and no more. Whoever shows them takes secrets out before anything is cut off. */
const LINES_MAX = 200;
/** The beginning of a longer line is kept. */
export const LINE_CHARACTERS = 4_096;

export class LineTail {
	#lines: string[] = [];
	#rest = "";

	get lines(): readonly string[] {
		return this.#lines;
	}

	add(line: string): void {
		this.#lines.push(line.slice(0, LINE_CHARACTERS));
		if (this.#lines.length > LINES_MAX) this.#lines.shift();
	}

	/** Bytes of a console, in pieces of any size. */
	push(bytes: Uint8Array): void {
		const parts = (this.#rest + Buffer.from(bytes).toString("latin1")).split(/\r?\n/);
		this.#rest = (parts.pop() ?? "").slice(0, LINE_CHARACTERS);
		for (const part of parts) this.add(part);
	}
}
