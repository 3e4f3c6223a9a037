/**
 * Refusals of strangers (DESIGN 8.2, T16): counted in RAM by transport, one log entry an hour each. So no stranger's
 * frame writes flash, and a flood costs at most LIMITS.logTransports entries an hour. A power cut loses one hour's counts.
 */
import { LIMITS } from "../base/limits.ts";
import type { EventLog } from "./event-log.ts";

export class StrangerCounts {
	readonly #counts = new Map<string, number>();

	/** Transports beyond LIMITS.logTransports share the last one's count. */
	add(transport: string): void {
		let key = transport;
		if (!this.#counts.has(transport) && this.#counts.size >= LIMITS.logTransports) {
			for (const last of this.#counts.keys()) key = last;
		}
		this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
	}

	/** Call once an hour with the hour that ends (0 is the first since boot). What the log refuses is kept for the next. */
	flush(log: EventLog, hour: number): void {
		for (const [transport, count] of this.#counts) {
			if (log.append({ kind: "strangers", transport, count, hour }).ok) this.#counts.delete(transport);
		}
	}
}
