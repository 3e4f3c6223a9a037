/** What a run of the sweep says: a line for each test, and at the end the counts. */
export class Report {
	#passed = 0;
	#failed = 0;
	#cuts = 0;
	#skipped = 0;

	/** `failure`: undefined, or what is wrong. */
	test(name: string, failure: string | undefined): void {
		if (failure === undefined) {
			this.#passed++;
			process.stdout.write(`ok - ${name}\n`);
			return;
		}
		this.#failed++;
		process.stdout.write(`not ok - ${name}\n${failure.replace(/^/gm, "#   ")}\n`);
	}

	note(line: string): void {
		process.stdout.write(`# ${line}\n`);
	}

	/** Cut points that were swept, of so many. */
	count(cuts: number, points: number): void {
		this.#cuts += cuts;
		this.#skipped += points - cuts;
	}

	/** The exit status. */
	end(): number {
		this.note(`${this.#cuts} cut points in all, ${this.#skipped} skipped`);
		process.stdout.write(`${this.#passed} passed, ${this.#failed} failed\n`);
		return this.#failed === 0 && this.#passed > 0 ? 0 : 1;
	}
}
