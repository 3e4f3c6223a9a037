/**
 * The bytes inside a delta update, unpacked as they are asked for (docs/DELTA.md 2). Says itself when it has done enough for
 * one turn: a stream of empty blocks gives nothing however much of it is read.
 */
import { LIMITS } from "../base/limits.ts";
import type { Inflate, Inflation } from "../platform/inflate.ts";
import { PATCH_HEADER_BYTES } from "./patch-format.ts";

/** paused: no more in this turn; ended: the stream and the patch are over, both at once. */
export type StreamState = "open" | "paused" | "ended" | "damaged" | "truncated";

export class PatchStream {
	readonly #inflation: Inflation;
	readonly #readPatch: (offset: number, count: number) => Uint8Array;
	readonly #patchBytes: number;
	#offset = PATCH_HEADER_BYTES;
	readonly #plain = new Uint8Array(LIMITS.inflatePieceBytes);
	#at = 0;
	#end = 0;
	#steps = 0;
	#state: StreamState = "open";
	/** Of a number that is not whole yet. */
	#value = 0;
	#groups = 0;

	constructor(
		inflate: Inflate,
		patchBytes: number,
		readPatch: (offset: number, count: number) => Uint8Array,
	) {
		this.#inflation = inflate.open();
		this.#patchBytes = patchBytes;
		this.#readPatch = readPatch;
	}

	get state(): StreamState {
		return this.#state;
	}

	/** A new turn begins, with so many steps. */
	allow(steps: number): void {
		this.#steps = steps;
		if (this.#state === "paused") this.#state = "open";
	}

	/** Takes one step of this turn: false when none is left. */
	spend(): boolean {
		if (this.#steps > 0) {
			this.#steps--;
			return true;
		}
		if (this.#state === "open") this.#state = "paused";
		return false;
	}

	/** The next byte, or -1: `state` says why. */
	byte(): number {
		if (this.#at === this.#end && !this.#fill()) return -1;
		return this.#plain[this.#at++]!;
	}

	/** The next number, or -1: `state` says why. What was read of it is kept over a pause. */
	number(): number {
		if (this.#groups === 0 && this.#at < this.#end) {
			const only = this.#plain[this.#at]!;
			if (only < 0x80) {
				this.#at++;
				return only;
			}
		}
		for (;;) {
			const byte = this.byte();
			if (byte < 0) return -1;
			// 2^27 and above come from four groups: no sum here leaves 28 bits.
			this.#value += (byte & 0x7f) * 2 ** (7 * this.#groups);
			this.#groups++;
			if (byte < 0x80) break;
			if (this.#groups === 4) return this.#damage();
		}
		const value = this.#value;
		const shortest = this.#groups === 1 || value >= 2 ** (7 * (this.#groups - 1));
		this.#value = 0;
		this.#groups = 0;
		return shortest ? value : this.#damage();
	}

	/** Copies up to `count` bytes into `into` from `at` on; how many, 0: `state` says why. */
	copy(into: Uint8Array, at: number, count: number): number {
		if (this.#at === this.#end && !this.#fill()) return 0;
		const copied = Math.min(count, this.#end - this.#at);
		into.set(this.#plain.subarray(this.#at, this.#at + copied), at);
		this.#at += copied;
		return copied;
	}

	close(): void {
		this.#inflation.close();
	}

	#damage(): -1 {
		this.#state = "damaged";
		return -1;
	}

	#fill(): boolean {
		while (this.#state === "open") {
			const read = this.#inflation.read(this.#plain);
			if (typeof read === "number") {
				this.#at = 0;
				this.#end = read;
				return true;
			}
			if (read === "hungry") this.#feed();
			else if (read === "broken") this.#damage();
			else if (this.#inflation.unused() > 0 || this.#offset < this.#patchBytes) this.#damage();
			else this.#state = this.#groups === 0 ? "ended" : "truncated";
		}
		return false;
	}

	#feed(): void {
		const count = Math.min(LIMITS.inflatePieceBytes, this.#patchBytes - this.#offset);
		if (count === 0) {
			this.#state = "truncated";
			return;
		}
		if (!this.spend()) return;
		this.#inflation.feed(this.#readPatch(this.#offset, count));
		this.#offset += count;
	}
}
