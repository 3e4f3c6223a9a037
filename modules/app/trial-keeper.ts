/**
 * A trial at work (docs/UPDATE.md 7): looks at what the running image must show, confirms it or gives it up, and afterwards raises
 * the floors; on the old image's side, counts the reverts. What is decided when is update/trial-state.
 *
 * Order (I3, I4): the slot is marked valid first, then the floors of the record rise, then the fuse, so far as both slots
 * that may still boot pass it; every boot of a valid image repeats the last two. An image of a lower security version in the other
 * slot keeps the fuse down until it is retired (old-slot.ts).
 */
import { assert, unreachable } from "../base/assert.ts";
import { bytesEqual } from "../base/bytes.ts";
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import { CODEC as TRIAL_CODEC, type Trial } from "../update/trial-record.ts";
import {
	stepTrial,
	TRIAL_OVER,
	type TrialEffect,
	type TrialEvent,
	type TrialState,
} from "../update/trial-state.ts";
import { OldSlot } from "./old-slot.ts";
import { runsOnTrial, type UpdateHost, type UpdateRecords } from "./update-host.ts";
import { claimedManifest } from "./update-judge.ts";

export interface TrialKeeperOptions extends UpdateHost {
	readonly records: UpdateRecords;
	/** A link was ready, or a session open, in this boot. */
	readonly hasReached: () => boolean;
	/** The image is confirmed: what waited for it may begin. */
	readonly onOver: () => void;
}

export class TrialKeeper {
	readonly #options: TrialKeeperOptions;
	#state: TrialState = TRIAL_OVER;
	#storageWorks = false;
	/** The last trial was reverted, and flash did not take the count: its record stays, and nothing may take its place. */
	#isUncounted = false;
	#revertedSequence: number | undefined;
	readonly #oldSlot: OldSlot;
	readonly #bootedAtMs: number;
	/** A look at whether this image reaches somebody is under way. */
	#isWatching = false;

	constructor(options: TrialKeeperOptions) {
		this.#options = options;
		this.#oldSlot = new OldSlot(options, options.records, () => this.#raiseFloors());
		this.#bootedAtMs = options.clock.monotonicMs();
		// Known from the first moment on: nothing of the other slot is touched meanwhile.
		if (runsOnTrial(options.slots)) this.#state = { kind: "testing", startedAtMs: 0, reachable: false };
	}

	/** While true nothing of the other slot may change: it is what this image goes back to (I4). */
	get isOnTrial(): boolean {
		return this.#state.kind !== "over";
	}

	/** What this boot found reverted. */
	get revertedSequence(): number | undefined {
		return this.#revertedSequence;
	}

	/**
	 * Counts a revert that could not be counted yet. False: it still cannot, and no trial may begin. Its record would take that
	 * one's place, and an image that crashes would be tried for ever (I4).
	 */
	settle(): boolean {
		if (this.#isUncounted) this.#settleTrial();
		return !this.#isUncounted;
	}

	/** Once the log and the clock run. */
	begin(): void {
		const { slots, firmware, records } = this.#options;
		const { running } = slots;
		if (slots.slotBytes === 0) return;
		if (running === undefined) {
			this.#restoreFuse();
			return this.#settleTrial();
		}
		const isPending = this.isOnTrial;
		const image = attempt(() => slots.image(running));
		const trial = records.trial.current;
		this.#dispatch({
			kind: "boot",
			isPending,
			trial,
			firmware,
			image: image.ok ? image.value : undefined,
		});
		if (isPending) return this.#look();
		this.#settleTrial();
		this.#raiseFloors();
		this.#oldSlot.watch();
	}

	#look(): void {
		if (!this.isOnTrial) return;
		const { isBoltReadable, hasReached } = this.#options;
		this.#dispatch({
			kind: "look",
			storage: this.#testStorage(),
			bolt: isBoltReadable(),
			reached: hasReached(),
		});
		if (this.isOnTrial) this.#options.clock.after(LIMITS.trialLookMs, () => this.#look());
	}

	/** Writes a record and reads it back, once a boot: the trial's own, which changes nothing. */
	#testStorage(): boolean {
		if (this.#storageWorks) return true;
		const { records, store } = this.#options;
		const trial = records.trial.current;
		if (trial === undefined || !records.trial.begin(trial).ok) return false;
		const read = store.read(TRIAL_CODEC);
		this.#storageWorks = read.ok && read.value.sequence === trial.sequence;
		return this.#storageWorks;
	}

	/** The one place that assigns the state. */
	#dispatch(event: TrialEvent): void {
		const { state, effects } = stepTrial(this.#state, event, this.#options.clock.monotonicMs());
		this.#state = state;
		for (const effect of effects) this.#do(effect);
	}

	#do(effect: TrialEffect): void {
		const { slots, system } = this.#options;
		switch (effect.kind) {
			case "confirm": {
				if (!attempt(() => slots.confirm()).ok) return system.log("update: confirming failed");
				this.#raiseFloors();
				this.#installed();
				this.#dispatch({ kind: "confirmed" });
				this.#oldSlot.watch();
				return this.#options.onOver();
			}
			case "revert":
				return this.#revert(effect.reason);
			default:
				return unreachable(effect);
		}
	}

	#revert(reason: NonNullable<Trial["reason"]>): void {
		const { records, slots, system, onReboot } = this.#options;
		system.log(`update: this image is given up, ${reason}`);
		records.trial.noteReason(reason);
		onReboot();
		const reverted = attempt(() => slots.revert());
		assert(!reverted.ok, "a revert that came back");
		system.log(`update: no revert, ${reverted.reason}`);
		// A boot record that cannot be written: the boot loader finds this trial unconfirmed.
		if (reverted.reason !== "slot/no-image") return system.reboot();
		this.#dispatch({ kind: "no-image" });
	}

	/** What a boot without a trial finds of the last one: it was confirmed and not written down yet, or reverted, or never began. */
	#settleTrial(): void {
		const { firmware, isRecovery, slots, records } = this.#options;
		const trial = records.trial.current;
		if (trial === undefined) return;
		if (isRecovery) return this.#failedAs(trial) ? this.#reverted(trial) : undefined;
		if (trial.sequence === firmware.sequence) return this.#installed();
		const state = slots.state(slots.target);
		// The choice of the slot was cut, or the slot untouched. One that is invalid was tried, or was about to be: both count (I4).
		if (state === "unset" || state === "valid") return void records.trial.finish();
		this.#reverted(trial);
	}

	/**
	 * In recovery the target need not be the slot of the trial, and no slot may have failed at all (a fuse that cannot be read): a trial that is
	 * yet to be, or was confirmed, is left to the image that runs next.
	 */
	#failedAs({ sequence }: Trial): boolean {
		const { slots } = this.#options;
		return ([0, 1] as const).some((slot) => {
			const state = slots.state(slot);
			if (state !== "aborted" && state !== "invalid") return false;
			const image = attempt(() => slots.image(slot));
			return image.ok && image.value?.sequence === sequence;
		});
	}

	#reverted(trial: Trial): void {
		const { clock, records, system, append } = this.#options;
		const { sequence } = trial;
		const reason = trial.reason ?? "trial-crashed";
		this.#revertedSequence = sequence;
		if (reason === "trial-unreachable" && !this.#isItsFault(sequence)) return;
		const reverted = records.history.reverted(trial, reason, clock.monotonicMs());
		this.#isUncounted = !reverted.ok;
		if (!reverted.ok)
			return system.log(`update: the revert of ${sequence} is not counted, ${reverted.reason}`);
		const { count, parked } = reverted.value;
		system.log(`update: sequence ${sequence} was reverted, ${reason}, ${count} of ${LIMITS.revertsMax}`);
		append({ kind: "update", sequence, step: "reverted" });
		if (parked) append({ kind: "update", sequence, step: "parked" });
		records.trial.finish();
	}

	/**
	 * That an image reached nobody says something of it only where the old one reaches somebody (T20): looked at until it does.
	 * Where it does not in the time that the image had, nothing is counted.
	 */
	#isItsFault(sequence: number): boolean {
		const { clock, hasReached, isRecovery, records, system } = this.#options;
		if (isRecovery || hasReached()) return true;
		const nowMs = clock.monotonicMs();
		this.#isUncounted = nowMs - this.#bootedAtMs < LIMITS.trialMs;
		if (this.#isUncounted) {
			if (!this.#isWatching) clock.after(LIMITS.trialLookMs, () => this.#lookAgain());
			this.#isWatching = true;
		} else {
			system.log(`update: the revert of ${sequence} is not counted, this image reaches nobody either`);
			records.trial.finish();
		}
		return false;
	}

	#lookAgain(): void {
		this.#isWatching = false;
		this.settle();
	}

	/** The history first, the plan last: a cut leaves what the next boot does again. */
	#installed(): void {
		const { clock, firmware, records, system, append } = this.#options;
		system.log(`update: sequence ${firmware.sequence} is confirmed`);
		this.#raiseTime();
		records.history.ended("installed", firmware.sequence, clock.monotonicMs());
		append({ kind: "update", sequence: firmware.sequence, step: "confirmed" });
		records.trial.finish();
		records.plan.drop();
	}

	/** The floor of time follows what was confirmed, too: its build time, and when its manifest was signed (T13). */
	#raiseTime(): void {
		const { firmware, records, system, time } = this.#options;
		const plan = records.plan.current;
		const manifest = plan && claimedManifest(plan.manifest);
		const trial = records.trial.current;
		const isOurs =
			manifest?.sequence === firmware.sequence &&
			trial !== undefined &&
			bytesEqual(manifest.image.digest, trial.imageDigest);
		const kept = time.keepFloor();
		const raised = isOurs ? time.raiseFloor(manifest.signedUnixSeconds * 1000) : kept;
		if (!kept.ok || !raised.ok) system.log("update: the floor of time was not raised");
	}

	/**
	 * In recovery: a fuse that cannot be read is written anew, no lower than the floor on record. One that can be read stays: what it lets
	 * through may boot again.
	 */
	#restoreFuse(): void {
		const { records, slots, system } = this.#options;
		const floors = records.floors.known;
		if (floors === undefined || slots.isFloorKnown) return;
		const raised = attempt(() => slots.raiseSecurityFloor(floors.securityVersion));
		if (!raised.ok) system.log(`update: the fuse was not raised, ${raised.reason}`);
	}

	/** Of an image that is confirmed. What flash refuses is repeated by the next boot. */
	#raiseFloors(): void {
		const { firmware, records, slots, system } = this.#options;
		const { sequence, securityVersion } = firmware;
		if (!records.floors.raise(sequence, securityVersion).ok) return system.log("update: floors not raised");
		const raised = attempt(() => {
			const floor = Math.min(securityVersion, this.#otherSecurityVersion() ?? securityVersion);
			if (floor > slots.securityFloor) slots.raiseSecurityFloor(floor);
		});
		if (!raised.ok) system.log(`update: the fuse was not raised, ${raised.reason}`);
	}

	/** Of the other slot, where it may still boot. */
	#otherSecurityVersion(): number | undefined {
		const { slots } = this.#options;
		const state = slots.state(slots.target);
		if (state === "invalid" || state === "aborted") return undefined;
		return slots.image(slots.target)?.securityVersion;
	}
}
