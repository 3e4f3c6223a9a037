/**
 * Locks that took a release and were not heard of any more (docs/OPERATIONS.md): the relay saw such a lock last when it was about to
 * boot the new image, or was trying it. Time is the monotonic clock's, and a relay that was away has heard nobody. What was before its start
 * only dates tell, of a clock that somebody may have set meanwhile: it counts for as long as the grace at most, so that every silence but that
 * much of it is heard by the relay that calls it one, and none is called so within the grace.
 */
export class SilenceWatch {
	readonly #nowMs: () => number;
	readonly #graceMs: number;
	readonly #fromMs: number;
	/** By release and serial: when the lock was heard of last. One of each that is under way: bounded by how many there are. */
	readonly #taken = new Map<string, Map<string, number>>();

	/** `graceMs`: so long locks have to come back after the relay started. */
	constructor(nowMs: () => number, graceMs: number) {
		this.#nowMs = nowMs;
		this.#graceMs = graceMs;
		this.#fromMs = nowMs() + graceMs;
	}

	/** The lock has this release and is about to boot it, or tries it; it said so `agoMs` ago, by dates. */
	took(digest: string, serial: string, agoMs = 0): void {
		const locks = this.#taken.get(digest) ?? new Map<string, number>();
		const countedMs = Math.min(Math.max(agoMs, 0), this.#graceMs);
		this.#taken.set(digest, locks.set(serial, this.#nowMs() - countedMs));
	}

	/** It is through with it, or never had it. */
	settled(digest: string, serial: string): void {
		this.#taken.get(digest)?.delete(serial);
	}

	/** Whether it has any release under way. */
	has(serial: string): boolean {
		for (const locks of this.#taken.values()) if (locks.has(serial)) return true;
		return false;
	}

	/** Who is silent about this release since so long; each is told once for each time that it takes it. */
	silent(digest: string, silentMs: number, isHere: (serial: string) => boolean): readonly string[] {
		const nowMs = this.#nowMs();
		const found: string[] = [];
		for (const [serial, heardMs] of this.#taken.get(digest) ?? []) {
			if (isHere(serial)) this.took(digest, serial);
			else if (nowMs >= this.#fromMs && nowMs - heardMs >= silentMs) found.push(serial);
		}
		for (const serial of found) this.settled(digest, serial);
		return found;
	}
}
