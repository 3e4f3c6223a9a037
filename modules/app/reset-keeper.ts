/**
 * A factory reset at work (DESIGN 8.1): owners hear of it first; from then on nobody is served and there is no way back.
 * The relay's answer to the link's close says that it has what was sent. The machine starts over with what survives;
 * boot finishes what a power cut interrupted. What is erased, and in which order, is store/reset.
 */
import { LIMITS } from "../base/limits.ts";
import type { Clock } from "../platform/clock.ts";
import type { System } from "../platform/system.ts";
import type { FactoryReset } from "../store/reset.ts";

export interface ResetKeeperOptions {
	readonly clock: Clock;
	readonly system: System;
	readonly reset: FactoryReset;
	/** Every record is gone but the reset's own: the log begins anew. */
	readonly onErased: () => void;
	/** The last thing before the machine starts over. */
	readonly onReboot: () => void;
}

export interface ResetFarewell {
	readonly tellOwners: () => void;
	/** Ends every session and the link. */
	readonly shut: () => void;
	/** Nothing more is on its way to the relay. */
	readonly isSaid: () => boolean;
}

export class ResetKeeper {
	readonly #options: ResetKeeperOptions;

	constructor(options: ResetKeeperOptions) {
		this.#options = options;
	}

	/** A record that cannot even be looked for counts as one: nobody is served from records that should be gone. */
	get isPending(): boolean {
		const pending = this.#options.reset.pending();
		return !pending.ok || pending.value;
	}

	begin(farewell: ResetFarewell): void {
		const { reset, system } = this.#options;
		system.log("button: held for a reset");
		farewell.tellOwners();
		const begun = reset.begin();
		if (!begun.ok) return system.log(`reset: refused, ${begun.reason}; nothing was erased`);
		farewell.shut();
		this.#eraseOnceSaid(farewell, LIMITS.resetGraceMs);
	}

	/** At boot, and once everything is said. Nothing when no reset is pending. */
	finish(): void {
		if (!this.isPending) return;
		const finished = this.#options.reset.finish(this.#options.onErased);
		this.#options.system.log(finished.ok ? "reset: done" : `reset: not finished, ${finished.reason}`);
	}

	#eraseOnceSaid(farewell: ResetFarewell, leftMs: number): void {
		const { clock, system } = this.#options;
		clock.after(LIMITS.resetLookMs, () => {
			const nextMs = leftMs - LIMITS.resetLookMs;
			if (!farewell.isSaid() && nextMs > 0) return this.#eraseOnceSaid(farewell, nextMs);
			this.finish();
			this.#options.onReboot();
			system.reboot();
		});
	}
}
