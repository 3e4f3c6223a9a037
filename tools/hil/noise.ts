/** What a bad cable does to bytes, from a seed: some are changed, lost, doubled, or have others put before them. */
const BITS = 8;
const BURST_MAX = 12;
/** Bytes that could make a line of the rig out of noise. */
const LIKELY = Object.freeze([0x24, 0x2a, 0x0a, 0x20, 0x30, 0x31, 0x65, 0x72, 0x00, 0xff]);

export class Noise {
	readonly #perMille: number;
	#state: number;

	constructor(seed: number, perMille: number) {
		this.#state = seed >>> 0 || 1;
		this.#perMille = perMille;
	}

	/** 0 .. limit - 1 (xorshift, Marsaglia 2003). */
	below(limit: number): number {
		this.#state ^= this.#state << 13;
		this.#state ^= this.#state >>> 17;
		this.#state ^= this.#state << 5;
		return (this.#state >>> 0) % limit;
	}

	/** So many bytes of no sense. */
	burst(count: number): Uint8Array {
		return Uint8Array.from({ length: count }, () => {
			const isLikely = this.below(2) === 0;
			return isLikely ? LIKELY[this.below(LIKELY.length)]! : this.below(256);
		});
	}

	damage(bytes: Uint8Array): Uint8Array {
		if (this.#perMille === 0) return bytes;
		const damaged: number[] = [];
		for (const byte of bytes) {
			if (this.below(1_000) >= this.#perMille) {
				damaged.push(byte);
				continue;
			}
			switch (this.below(4)) {
				case 0:
					damaged.push(byte ^ (1 << this.below(BITS)));
					break;
				case 1:
					break;
				case 2:
					damaged.push(byte, byte);
					break;
				default:
					damaged.push(...this.burst(1 + this.below(BURST_MAX)), byte);
			}
		}
		return Uint8Array.from(damaged);
	}
}
