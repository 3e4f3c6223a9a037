/**
 * The whole of a lock's update but the ways in: records, plan, download, trial, attestation, over any machine that can be
 * updated (docs/UPDATE.md). App puts link, sessions and line around it; recovery the line alone.
 */
import type { Identity } from "../identity/identity.ts";
import type { KeyStore } from "../platform/keys.ts";
import { RunningDigest } from "../update/running-digest.ts";
import { encodeUpdateReport } from "../wire/update-report.ts";
import { Attester } from "./attester.ts";
import { TrialKeeper } from "./trial-keeper.ts";
import { openUpdateRecords, type UpdateHost, type UpdateRecords, updateFaults } from "./update-host.ts";
import { UpdateKeeper } from "./update-keeper.ts";

export interface UpdateCoreOptions extends UpdateHost {
	readonly keys: KeyStore;
	readonly identity: Identity;
	readonly boots: () => number;
	/** A link was ready, or a session open, in this boot. */
	readonly hasReached: () => boolean;
}

export class UpdateCore {
	readonly records: UpdateRecords;
	readonly keeper: UpdateKeeper;
	readonly attester: Attester;
	readonly #trial: TrialKeeper;
	readonly #onChanged: (() => void)[] = [];
	readonly #onLook: (() => void)[] = [];

	constructor(options: UpdateCoreOptions) {
		const { crypto, identity, slots } = options;
		const running = new RunningDigest(crypto, slots);
		const records = openUpdateRecords(options, identity.stage === "sealed");
		this.records = records;
		this.#trial = new TrialKeeper({ ...options, records, onOver: () => this.keeper.start() });
		this.keeper = new UpdateKeeper({
			...options,
			records,
			running,
			isOnTrial: () => this.#trial.isOnTrial,
			settleTrial: () => this.#trial.settle(),
			revertedSequence: () => this.#trial.revertedSequence,
			onChanged: () => {
				for (const callback of this.#onChanged) callback();
			},
			onLook: () => {
				for (const callback of this.#onLook) callback();
			},
		});
		this.attester = new Attester({ ...options, records, running });
	}

	get faults(): readonly string[] {
		return updateFaults(this.records);
	}

	/** Encoded, docs/UPDATE.md 8. */
	report(): Uint8Array {
		return encodeUpdateReport(this.keeper.report());
	}

	onChanged(callback: () => void): void {
		this.#onChanged.push(callback);
	}

	onLook(callback: () => void): void {
		this.#onLook.push(callback);
	}

	/** Once the log runs: what the last boot left is settled, and the plan goes on. */
	start(): void {
		this.#trial.begin();
		this.keeper.start();
	}
}
