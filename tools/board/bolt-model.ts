/**
 * A bolt and its two position sensors, as arithmetic over a time that the caller gives. It moves at a constant speed
 * while exactly one drive output is energised, and can be made to jam, to stall or to report what is not so.
 */

/** Where along its travel the bolt is: 0 retracted, 1 thrown. */
export type BoltPosition = number;

export type BoltFault =
	| { readonly kind: "none" }
	/** Something is in the way: the bolt stays on the side of this position where it is now, and can back away. */
	| { readonly kind: "jam"; readonly at: BoltPosition }
	/** The motor draws current and does not turn. */
	| { readonly kind: "stall" };

export interface BoltSensors {
	readonly thrown: boolean;
	readonly retracted: boolean;
}

export interface BoltModelOptions {
	readonly travelMs: number;
	readonly start: BoltPosition;
}

/** A sensor is left this long after the bolt started from it. */
const LEAVE_MS = 5;

function clamp(value: number, least: number, most: number): number {
	return Math.min(most, Math.max(least, value));
}

export class BoltModel {
	readonly #travelMs: number;
	#position: BoltPosition;
	#atMs = 0;
	#throwing = false;
	#retracting = false;
	#stalled = false;
	#least: BoltPosition = 0;
	#most: BoltPosition = 1;
	#lies: Partial<BoltSensors> = {};

	constructor(options: BoltModelOptions) {
		this.#travelMs = options.travelMs;
		this.#position = clamp(options.start, 0, 1);
	}

	/** Moves the bolt to where it is at `nowMs`, which never goes back. */
	advance(nowMs: number): void {
		const direction = this.#direction();
		const travelled = (direction * (nowMs - this.#atMs)) / this.#travelMs;
		this.#atMs = nowMs;
		if (direction !== 0) this.#position = clamp(this.#position + travelled, this.#least, this.#most);
	}

	drive(output: "drive-throw" | "drive-retract", energised: boolean, nowMs: number): void {
		this.advance(nowMs);
		if (output === "drive-throw") this.#throwing = energised;
		else this.#retracting = energised;
	}

	setFault(fault: BoltFault, nowMs: number): void {
		this.advance(nowMs);
		this.#stalled = fault.kind === "stall";
		this.#least = fault.kind === "jam" && this.#position > fault.at ? fault.at : 0;
		this.#most = fault.kind === "jam" && this.#position <= fault.at ? fault.at : 1;
	}

	/** Makes sensors say what is not so; an absent one tells the truth again. */
	setLies(lies: Partial<BoltSensors>): void {
		this.#lies = lies;
	}

	/** A hand on the thumb turn, or a power cut that left the bolt between its ends. */
	turnTo(position: BoltPosition, nowMs: number): void {
		this.advance(nowMs);
		this.#position = clamp(position, 0, 1);
	}

	get position(): BoltPosition {
		return this.#position;
	}

	get sensors(): BoltSensors {
		return {
			thrown: this.#lies.thrown ?? this.#position === 1,
			retracted: this.#lies.retracted ?? this.#position === 0,
		};
	}

	/** Milliseconds until the bolt has left a sensor or stops by itself; undefined while it does not move. */
	get remainingMs(): number | undefined {
		const direction = this.#direction();
		if (direction === 0) return undefined;
		const end = direction > 0 ? this.#most : this.#least;
		if (end === this.#position) return undefined;
		const restMs = Math.abs(end - this.#position) * this.#travelMs;
		const leaves = this.#position === 0 || this.#position === 1;
		return leaves ? Math.min(LEAVE_MS, restMs) : restMs;
	}

	#direction(): -1 | 0 | 1 {
		if (this.#stalled || this.#throwing === this.#retracting) return 0;
		return this.#throwing ? 1 : -1;
	}
}
