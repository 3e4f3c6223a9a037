/**
 * A lock takes so many handshakes at once and so many a minute from one transport (LIMITS.handshakes...), and turns the others away. Who
 * tests a lock stays below that, or tests only that.
 */
import { LIMITS } from "../../modules/base/limits.ts";

const MINUTE_MS = 60_000;
/** What a lock may have counted that was none of ours. */
const RESERVE = 2;

export class HandshakePace {
	readonly #burst = LIMITS.handshakesBurst - RESERVE;
	readonly #everyMs = MINUTE_MS / (LIMITS.handshakesPerMinute - RESERVE);
	#left = this.#burst;
	#atMs = performance.now();

	/** Resolves when the next one may begin. */
	async turn(): Promise<void> {
		for (;;) {
			const nowMs = performance.now();
			this.#left = Math.min(this.#burst, this.#left + (nowMs - this.#atMs) / this.#everyMs);
			this.#atMs = nowMs;
			if (this.#left >= 1) break;
			await new Promise((resolve) => setTimeout(resolve, (1 - this.#left) * this.#everyMs));
		}
		this.#left--;
	}
}
