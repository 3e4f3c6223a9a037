/** How far something has come, for a person: a bar that redraws itself on a terminal, a plain line for each tenth anywhere else. */
export interface ProgressOutput {
	readonly isTTY?: boolean | undefined;
	write(text: string): unknown;
}

const BAR_WIDTH = 30;
const TENTHS = 10;

export class Progress {
	readonly #output: ProgressOutput;
	readonly #nowMs: () => number;
	#name = "";
	#tenth = -1;
	#startedMs = 0;
	#startedAt = 0;
	#drawn = false;

	constructor(output: ProgressOutput, nowMs: () => number = () => performance.now()) {
		this.#output = output;
		this.#nowMs = nowMs;
	}

	/** `done` of `total` bytes of what is called so. */
	show(name: string, done: number, total: number): void {
		if (name !== this.#name) {
			this.#name = name;
			this.#tenth = -1;
			this.#startedMs = this.#nowMs();
			this.#startedAt = done;
		}
		const part = total === 0 ? 1 : Math.min(1, done / total);
		const tenth = Math.floor(part * TENTHS);
		const text = `${String(Math.floor(part * 100)).padStart(3)} %  ${done} of ${total} bytes${this.#rate(done)}`;
		if (this.#output.isTTY === true) {
			const filled = Math.round(part * BAR_WIDTH);
			this.#output.write(`\r\x1b[K${name} [${"#".repeat(filled)}${" ".repeat(BAR_WIDTH - filled)}] ${text}`);
			this.#drawn = true;
		} else if (tenth > this.#tenth) {
			this.#output.write(`${name} ${text}\n`);
		}
		this.#tenth = Math.max(tenth, this.#tenth);
	}

	/** A line beside it. */
	say(text: string): void {
		this.end();
		this.#output.write(`${text}\n`);
	}

	/** Nothing is drawn over any more. Idempotent. */
	end(): void {
		if (this.#drawn) this.#output.write("\n");
		this.#drawn = false;
	}

	#rate(done: number): string {
		const seconds = (this.#nowMs() - this.#startedMs) / 1000;
		if (seconds < 1) return "";
		return `, ${((done - this.#startedAt) / 1024 / seconds).toFixed(0)} KiB/s`;
	}
}
