/**
 * The proof that a chip is the one on record, made of what it answered just now: MAC, kind, size of flash, and eFuses that stand
 * as the journal has them. Whatever cannot be undone on a chip takes one, so that it cannot be forgotten; each serves one act,
 * so that it is made right before: between two acts somebody may have put another board into the station.
 */
import { assert } from "../../../modules/base/assert.ts";
import { StepFault } from "./cause.ts";
import { type ChipAnswer, ChipFault, type ChipIdentity } from "./chip-driver.ts";
import { burnedFuse, type Fuse, type FuseReading, fuseName, standingOf } from "./fuses.ts";

export interface ChipOnRecord {
	readonly mac: string;
	readonly chip: string;
	readonly flashBytes: number;
	/** no: none may be burned; partly: each of the plan is blank, or burned as planned. */
	readonly burned: "no" | "partly" | "yes";
}

export class ProvenChip {
	readonly identity: ChipIdentity;
	readonly fuses: FuseReading;
	#spent = false;

	private constructor(identity: ChipIdentity, fuses: FuseReading) {
		this.identity = identity;
		this.fuses = fuses;
	}

	/** Throws ChipFault lost where nothing answers, else StepFault. */
	static prove(answer: ChipAnswer, record: ChipOnRecord, plan: readonly Fuse[]): ProvenChip {
		if (answer.kind === "silent") throw new ChipFault("lost", "no chip answers at the port");
		if (answer.kind === "secured") throw new StepFault("chip-closed");
		const { identity, fuses } = answer;
		if (identity.mac !== record.mac)
			throw new StepFault("chip-swapped", { transient: true, detail: `${identity.mac}, not ${record.mac}` });
		if (identity.chip !== record.chip || identity.flashBytes !== record.flashBytes)
			throw new StepFault("chip-other", { detail: `${identity.chip} with ${identity.flashBytes} bytes` });
		const burned = record.burned === "no" ? burnedFuse(identity.chip, fuses) : undefined;
		if (burned !== undefined) throw new StepFault("fuse-burned", { detail: burned });
		if (record.burned !== "no") {
			for (const fuse of plan) {
				const standing = standingOf(fuse, fuses);
				if (standing === "differs" || standing === "unknown")
					throw new StepFault("fuse-differs", { detail: `${fuseName(fuse)} ${standing}` });
			}
		}
		return new ProvenChip(identity, fuses);
	}

	/** By what acts on the chip, before it does. */
	spend(): ChipIdentity {
		assert(!this.#spent, "a proof of a chip serves once");
		this.#spent = true;
		return this.identity;
	}
}
