/**
 * Locks that took a release and were not heard of any more (docs/OPERATIONS.md): the relay saw such a lock last when it was about to
 * boot the new image, or was trying it. Time is the monotonic clock's, so that nobody who sets a clock makes locks silent, and none is called
 * silent before this relay has been up for a while itself: a relay that was away has heard nobody.
 */
export class SilenceWatch {
	readonly #nowMs: () => number;
	readonly #fromMs: number;
	/** By release and serial: when the lock was heard of last. One of each that is under way: bounded by how many there are. */
	readonly #taken = new Map<string, Map<string, number>>();

	/** `graceMs`: so long locks have to come back after the relay started. */
	constructor(nowMs: () => number, graceMs: number) {
		this.#nowMs = nowMs;
		this.#fromMs = nowMs() + graceMs;
	}

	/** The lock has this release and is about to boot it, or tries it; it said so `agoMs` ago. */
	took(digest: string, serial: string, agoMs = 0): void {
		const locks = this.#taken.get(digest) ?? new Map<string, number>();
		this.#taken.set(digest, locks.set(serial, this.#nowMs() - Math.max(agoMs, 0)));
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
