/** Inflate of stored blocks alone, which are all that the deltas of these tests have: a sweep makes their image hundreds of times. */
import type { Inflate, InflateStop, Inflation } from "../../modules/platform/inflate.ts";

/** RFC 1951 3.2.4: the header's byte, length and its complement. */
const HEADER_BYTES = 5;

class StoredInflation implements Inflation {
	#input: Uint8Array = new Uint8Array(0);
	#at = 0;
	readonly #header: number[] = [];
	#left = 0;
	#isLast = false;
	#stop: InflateStop = "hungry";

	feed(bytes: Uint8Array): void {
		this.#input = bytes.slice();
		this.#at = 0;
	}

	read(into: Uint8Array): number | InflateStop {
		if (this.#stop !== "hungry") return this.#stop;
		while (this.#left === 0) {
			if (this.#isLast) {
				this.#stop = "ended";
				return this.#stop;
			}
			while (this.#header.length < HEADER_BYTES) {
				if (this.#at === this.#input.length) return "hungry";
				this.#header.push(this.#input[this.#at++]!);
			}
			const [kind, low, high] = this.#header.splice(0) as [number, number, number];
			if (kind > 1) {
				this.#stop = "broken";
				return this.#stop;
			}
			this.#isLast = kind === 1;
			this.#left = low | (high << 8);
		}
		const count = Math.min(this.#left, into.length, this.#input.length - this.#at);
		if (count === 0) return "hungry";
		into.set(this.#input.subarray(this.#at, this.#at + count));
		this.#at += count;
		this.#left -= count;
		return count;
	}

	unused(): number {
		return this.#input.length - this.#at;
	}

	close(): void {
		this.#stop = "broken";
	}
}

export const STORED_INFLATE: Inflate = Object.freeze({ open: () => new StoredInflation() });
