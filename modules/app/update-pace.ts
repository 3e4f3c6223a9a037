/**
 * When the work of an update is done (docs/UPDATE.md 6, DESIGN 10): one slice or one piece a turn, a rest after each, none while the
 * bolt drives, and none for a while after a phone asked for something. Pieces that came meanwhile wait here: those alone that
 * are wanted, and of each sender a window's worth at most, in bytes and in number, however small they are (I8).
 */
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { Sender } from "../update/download-step.ts";
import type { ObjectPiece } from "../wire/update-offer.ts";

/** What becomes of a piece. wanted: it was taken. */
export type PieceDone = (wanted: boolean) => void;

/** full: this sender has a window's worth waiting. unwanted: nobody asked for it; `done` is not called. */
export type PieceRefusal = "full" | "unwanted";

/** How many pieces a window has. */
const PIECES_WAITING_MAX = LIMITS.objectWindowBytes / LIMITS.objectPieceBytes;

interface WaitingPiece {
	readonly sender: Sender;
	readonly piece: ObjectPiece;
	readonly done: PieceDone;
}

export interface UpdatePaceOptions {
	readonly clock: Clock;
	/** False while the bolt drives. */
	readonly mayWork: () => boolean;
	/** There is something to hash or to patch. */
	readonly isWorking: () => boolean;
	/** Does a slice of it. */
	readonly turn: () => void;
	/** Whether the piece lies in the window that this sender may send next. */
	readonly isWanted: (sender: Sender, piece: ObjectPiece) => boolean;
	/** Takes a piece into flash. */
	readonly put: (sender: Sender, piece: ObjectPiece) => boolean;
}

export class UpdatePace {
	readonly #options: UpdatePaceOptions;
	#pieces: WaitingPiece[] = [];
	#timer: Timer | undefined;
	#nextAtMs = 0;
	#wantedAtMs: number;
	/** How long it may stand back still; fills with time. */
	#yieldMs: number = LIMITS.updateYieldBurstMs;
	#yieldAtMs: number;

	constructor(options: UpdatePaceOptions) {
		this.#options = options;
		this.#wantedAtMs = options.clock.monotonicMs();
		this.#yieldAtMs = this.#wantedAtMs;
	}

	/** When a person last wanted something of the lock; the boot counts as such. */
	get wantedAtMs(): number {
		return this.#wantedAtMs;
	}

	/** No unit of work may begin now. */
	get mustWait(): boolean {
		return !this.#options.mayWork() || this.#options.clock.monotonicMs() < this.#nextAtMs;
	}

	/** A phone wants something: the update stands back, half of any minute at most. */
	standBack(): void {
		const nowMs = this.#options.clock.monotonicMs();
		this.#wantedAtMs = nowMs;
		const filled = ((nowMs - this.#yieldAtMs) * LIMITS.updateYieldBurstMs) / 60000;
		this.#yieldMs = Math.min(LIMITS.updateYieldBurstMs, this.#yieldMs + filled);
		this.#yieldAtMs = nowMs;
		const fromMs = Math.max(this.#nextAtMs, nowMs);
		const moreMs = Math.min(nowMs + LIMITS.updateYieldMs - fromMs, this.#yieldMs);
		if (moreMs <= 0) return;
		this.#yieldMs -= moreMs;
		this.#nextAtMs = fromMs + moreMs;
	}

	/** Senders of the pieces that wait; one may stand several times. */
	get waiting(): readonly Sender[] {
		return this.#pieces.map((waiting) => waiting.sender);
	}

	/** Accepted: `done` says, in a while, whether the piece was taken. */
	add(sender: Sender, piece: ObjectPiece, done: PieceDone): Result<void, PieceRefusal> {
		let bytes = piece.bytes.length;
		let pieces = 1;
		for (const waiting of this.#pieces) {
			if (waiting.sender !== sender) continue;
			bytes += waiting.piece.bytes.length;
			pieces++;
		}
		if (pieces > PIECES_WAITING_MAX || bytes > LIMITS.objectWindowBytes) return refuse("full");
		if (!this.#options.isWanted(sender, piece)) return refuse("unwanted");
		this.#pieces.push({ sender, piece, done });
		this.wake();
		return accept(undefined);
	}

	/** The sender is gone: what it sent goes too, unanswered. */
	forget(sender: Sender): void {
		this.#pieces = this.#pieces.filter((waiting) => waiting.sender !== sender);
	}

	/** There may be something to do. */
	wake(): void {
		if (this.#timer !== undefined || !this.#hasWork()) return;
		const nowMs = this.#options.clock.monotonicMs();
		const delayMs = this.#options.mayWork() ? Math.max(0, this.#nextAtMs - nowMs) : LIMITS.updateRestMs;
		this.#timer = this.#options.clock.after(Math.ceil(delayMs), () => {
			this.#timer = undefined;
			if (!this.mustWait) this.#work();
			this.wake();
		});
	}

	#hasWork(): boolean {
		return this.#pieces.length > 0 || this.#options.isWorking();
	}

	/** A piece goes before a slice: it holds its sender up. */
	#work(): void {
		const next = this.#pieces.shift();
		if (next !== undefined) next.done(this.#options.put(next.sender, next.piece));
		else this.#options.turn();
		this.#nextAtMs = Math.max(this.#nextAtMs, this.#options.clock.monotonicMs() + LIMITS.updateRestMs);
	}
}
