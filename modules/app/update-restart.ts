/**
 * The restart into a complete update (docs/UPDATE.md 6, 7): waits for a quiet moment, writes down by what the new image will be tried,
 * chooses its slot, and starts the machine over. The first bytes of the image, which were kept from flash so far, go first: all of it is
 * verified. The trial's record follows before the choice: whoever finds a slot on trial finds that.
 */
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import type { Manifest } from "../update/manifest.ts";
import type { SlotHead } from "../update/slot-head.ts";
import type { UpdateHost, UpdateRecords } from "./update-host.ts";

export interface UpdateRestartHost extends UpdateHost {
	/** Found reverted by this boot, counted or not. */
	readonly revertedSequence: () => number | undefined;
}

export class UpdateRestart {
	readonly #host: UpdateRestartHost;
	readonly #records: UpdateRecords;
	readonly #head: SlotHead;
	readonly #bootedAtMs: number;

	constructor(host: UpdateRestartHost, records: UpdateRecords, head: SlotHead) {
		this.#host = host;
		this.#records = records;
		this.#head = head;
		this.#bootedAtMs = host.clock.monotonicMs();
	}

	/** Nobody wants anything, the bolt rests, and the last revert of this sequence is a while ago. */
	isTime(sequence: number, wantedAtMs: number, completeAtMs: number): boolean {
		const { clock, mayWork } = this.#host;
		const nowMs = clock.monotonicMs();
		if (!mayWork()) return false;
		if (nowMs - this.#bootedAtMs < this.#pauseMs(sequence)) return false;
		if (nowMs - wantedAtMs >= LIMITS.updateQuietMs) return true;
		return nowMs - completeAtMs >= LIMITS.updateQuietMaxMs;
	}

	/** From the boot on. It grows: what reaches nobody is never parked. */
	#pauseMs(sequence: number): number {
		const { reverts } = this.#records.history;
		if (reverts?.sequence === sequence)
			return reverts.count < LIMITS.revertsMax ? LIMITS.revertPauseMs : LIMITS.revertPauseMaxMs;
		return this.#host.revertedSequence() === sequence ? LIMITS.revertPauseMs : 0;
	}

	/** Returns only when it could not be done. Whatever the last trial left is counted before: its record goes here. */
	into({ sequence, securityVersion, image }: Manifest): "storage" | "slot-io" {
		const { slots, system, append, isReachable, isRecovery, onReboot } = this.#host;
		const { history, trial } = this.#records;
		if (!attempt(() => this.#head.place()).ok) return "slot-io";
		const begun = trial.begin({
			sequence,
			securityVersion,
			attempt: history.nextAttempt(sequence),
			reachable: isReachable(),
			imageDigest: image.digest,
		});
		if (!begun.ok) return "storage";
		// The choice may be on flash all the same: who then finds the slot on trial must find by what.
		if (!attempt(() => slots.select()).ok) return "slot-io";
		append({ kind: "update", sequence, step: isRecovery ? "recovered" : "chosen" });
		system.log(`update: restarting into sequence ${sequence}`);
		onReboot();
		return system.reboot();
	}
}
