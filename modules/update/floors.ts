/**
 * The floors of sequence and security version (docs/UPDATE.md 3, 7; T10): no release below them is taken. They follow releases
 * that were confirmed, and only rise (I3), each for itself.
 *
 * A record that cannot be read now, or that a newer image wrote, may say more than this image knows: until it can be read
 * nothing is taken. A record that is lost says nothing: the numbers of the image that runs stand in, and where none
 * runs (the recovery program) nothing is taken either. There one that is absent says as little on a board that must have had one.
 */
import { assert } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import type { CborMap } from "../wire/cbor-map.ts";

/** The two numbers of a release. */
export interface Floors {
	/** 0 .. LIMITS.sequenceMax; 0: of no release. */
	readonly sequence: number;
	/** 0 .. LIMITS.securityVersionMax */
	readonly securityVersion: number;
}

const NONE: Floors = Object.freeze({ sequence: 0, securityVersion: 0 });

export const CODEC = recordCodec<Floors>({
	row: RECORDS.updateFloors,
	format: 1,
	encode: ({ sequence, securityVersion }) => ({ 1: sequence, 2: securityVersion }),
	decode: decodeFloors,
});

function decodeFloors(fields: CborMap): Floors | undefined {
	if (!fields.hasOnly([0, 1, 2])) return undefined;
	const sequence = fields.uint(1, LIMITS.sequenceMax);
	const securityVersion = fields.uint(2, LIMITS.securityVersionMax);
	return sequence === undefined || securityVersion === undefined ? undefined : { sequence, securityVersion };
}

export class UpdateFloors {
	readonly #store: Store;
	/** Why the record could not be used, for the caller to log once. */
	readonly fault: Exclude<ReadReason, "absent"> | undefined;
	#floors: Floors;
	#known: boolean;
	/** The record is there and says nothing: it is written anew, also by the numbers that stand in for it. */
	#lost: boolean;
	readonly #writable: boolean;

	/**
	 * `running`: the numbers of the image that runs; undefined in the recovery program. `isExpected`: an image was confirmed before, so that
	 * where none runs a record that is not there is lost.
	 */
	constructor(store: Store, running: Floors | undefined, isExpected = false) {
		this.#store = store;
		const stored = store.read(CODEC);
		if (!stored.ok && stored.reason !== "absent") this.fault = stored.reason;
		if (!stored.ok && stored.reason === "absent" && isExpected && running === undefined)
			this.fault = "corrupt";
		this.#floors = stored.ok ? stored.value : ((this.fault && running) ?? NONE);
		this.#lost = this.fault === "corrupt";
		this.#known = this.fault === undefined || (this.#lost && running !== undefined);
		// Floors that may be higher than ours, but cannot be read now, are left as they are.
		this.#writable = this.fault === undefined || this.#lost;
	}

	/** What an offer is judged by; undefined: it may be higher than anybody can read now. */
	get known(): Floors | undefined {
		return this.#known ? this.#floors : undefined;
	}

	/** For reports: what is known of them. */
	get current(): Floors {
		return this.#floors;
	}

	/**
	 * To the numbers of a release that was confirmed; each boot of one repeats it. A number that is not higher changes nothing.
	 * Refused: both stand.
	 */
	raise(sequence: number, securityVersion: number): Result<void, "storage"> {
		assert(isWithin(sequence, LIMITS.sequenceMax), "a sequence");
		assert(isWithin(securityVersion, LIMITS.securityVersionMax), "a security version");
		const raised = {
			sequence: Math.max(sequence, this.#floors.sequence),
			securityVersion: Math.max(securityVersion, this.#floors.securityVersion),
		};
		if (!this.#writable) return refuse("storage");
		if (!this.#lost && isSame(raised, this.#floors)) return accept(undefined);
		if (!this.#store.write(CODEC, raised).ok) return refuse("storage");
		this.#floors = raised;
		this.#known = true;
		this.#lost = false;
		return accept(undefined);
	}
}

function isSame(a: Floors, b: Floors): boolean {
	return a.sequence === b.sequence && a.securityVersion === b.securityVersion;
}

function isWithin(value: number, max: number): boolean {
	return Number.isSafeInteger(value) && value >= 0 && value <= max;
}
