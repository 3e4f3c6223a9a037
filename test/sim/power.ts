/**
 * The power of a simulated board. Every operation that changes what the board keeps (records, slots, boot record, fuse) goes
 * through one SimPower and has a number in one sequence, so that a sweep can cut at each:
 *
 *   const board = new SimBoard({ crypto, slots: { ... } });
 *   const start = board.snapshot();                      // cheap: sectors are shared until one is written
 *   run(board);                                          // once without a cut ...
 *   const cuts = board.power.operations.length;          // ... to know how many there are
 *   for (let n = 0; n < cuts; n++) {
 *     const again = new SimBoard({ crypto, slots, snapshot: start });
 *     again.power.cutAt(n, "torn", seed);
 *     run(again);                                        // PowerCut ends it inside board.run, and in an event
 *     ...boot it, and look at what it does
 *   }
 *
 * A cut throws PowerCut out of the operation, and out of `SimBoard.boot` when the boot loader met it; the board is off then
 * and may be booted. Numbers go on over boots; `cutAt` counts from the operations that were done when it is called. `mode`
 * says what of operation n lands: "before" nothing, "after" all; "half" its first half, "last-byte" all but its last byte,
 * "torn" of each byte the old, the new or 0xFF, by the seed. What is atomic by contract (a record, the fuse) has no half:
 * there "half" and "last-byte" leave the old one, "torn" the old or the new by the seed.
 *
 * Quicker than a run for each cut: `watch` is told of every cut while one run goes on, at the moment in which flash is what that
 * cut would leave, so that `board.snapshot()` there is where the next boot begins.
 */
import { Random } from "../harness/random.ts";

/** The power went: not a DeviceError, so nothing in the firmware may catch it. */
export class PowerCut extends Error {
	override readonly name = "PowerCut";

	constructor() {
		super("power cut");
	}
}

export const CUT_MODES = Object.freeze(["before", "half", "last-byte", "torn", "after"] as const);
export type CutMode = (typeof CUT_MODES)[number];

export interface PowerOperation {
	readonly part: "record" | "slot" | "boot" | "fuse";
	readonly kind: "write" | "delete" | "erase";
	/** What it is about: "domain/name", "slot 1 at 4096", "entry 0". */
	readonly what: string;
	readonly bytes: number;
}

/** Flash is what a cut of this mode in this operation leaves, until the watcher returns. */
export type CutWatcher = (operation: PowerOperation, mode: CutMode) => void;

interface Cut {
	readonly at: number;
	readonly mode: CutMode;
	readonly seed: number;
}

export class SimPower {
	readonly #operations: PowerOperation[] = [];
	#cut: Cut | undefined;
	#watch: { readonly watcher: CutWatcher; readonly seed: number } | undefined;
	#on = true;

	/** Every operation that landed or was cut, oldest first. */
	get operations(): readonly PowerOperation[] {
		return this.#operations;
	}

	/** False from a cut until the next boot. */
	get on(): boolean {
		return this.#on;
	}

	/** The power goes at the operation that follows `after` more. One cut is armed at a time, and serves once. */
	cutAt(after: number, mode: CutMode, seed = 1): void {
		this.#cut = { at: this.#operations.length + after, mode, seed };
	}

	/** Disarms. */
	keep(): void {
		this.#cut = undefined;
	}

	/** From now on told of every cut that is possible; `seed`: of what tears. Undefined: nobody is told any more. */
	watch(watcher: CutWatcher | undefined, seed = 1): void {
		this.#watch = watcher && { watcher, seed };
	}

	/** The board is switched on. */
	restore(): void {
		this.#on = true;
	}

	assertOn(): void {
		if (!this.#on) throw new PowerCut();
	}

	/** An operation that happens as a whole or not at all. */
	atomic(operation: PowerOperation, apply: () => void): void {
		const cut = this.#count(operation);
		this.#watch?.watcher(operation, "before");
		const lands = cut === undefined || cut.mode === "after" || (cut.mode === "torn" && oneOf(cut, 2) === 1);
		if (lands) apply();
		if (cut === undefined) this.#watch?.watcher(operation, "after");
		this.#end(cut);
	}

	/** An operation that turns `old` bytes into `next`, both of one length; `land` gets what is there afterwards. */
	bytewise(
		operation: PowerOperation,
		old: Uint8Array,
		next: Uint8Array,
		land: (bytes: Uint8Array) => void,
	): void {
		const cut = this.#count(operation);
		this.#showCuts(operation, old, next, land);
		if (cut === undefined || cut.mode === "after") land(next);
		else if (cut.mode !== "before") land(mixed(cut, old, next));
		this.#end(cut);
	}

	/** One after the other, as if each had been the cut; what is there in the end is what was there. */
	#showCuts(
		operation: PowerOperation,
		old: Uint8Array,
		next: Uint8Array,
		land: (bytes: Uint8Array) => void,
	): void {
		const watch = this.#watch;
		if (watch === undefined) return;
		const at = this.#operations.length - 1;
		for (const mode of CUT_MODES) {
			if (mode !== "before") land(mode === "after" ? next : mixed({ at, mode, seed: watch.seed }, old, next));
			watch.watcher(operation, mode);
		}
		land(old);
	}

	#count(operation: PowerOperation): Cut | undefined {
		this.assertOn();
		const number = this.#operations.push(operation) - 1;
		return this.#cut?.at === number ? this.#cut : undefined;
	}

	#end(cut: Cut | undefined): void {
		if (cut === undefined) return;
		this.#cut = undefined;
		this.#on = false;
		throw new PowerCut();
	}
}

function oneOf(cut: Cut, count: number): number {
	return new Random(cut.seed, `cut ${cut.at}`).below(count);
}

function mixed(cut: Cut, old: Uint8Array, next: Uint8Array): Uint8Array {
	const bytes = old.slice();
	if (cut.mode === "half") bytes.set(next.subarray(0, next.length >> 1));
	else if (cut.mode === "last-byte") bytes.set(next.subarray(0, next.length - 1));
	else {
		const random = new Random(cut.seed, `cut ${cut.at}`);
		for (let at = 0; at < bytes.length; at++) {
			const fate = random.below(3);
			if (fate > 0) bytes[at] = fate === 1 ? next[at]! : 0xff;
		}
	}
	return bytes;
}
