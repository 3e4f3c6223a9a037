/**
 * Recovery mode (docs/UPDATE.md 10): the inside button, down at power-on, for three seconds, and then let go. A button that is stuck
 * enters nothing and costs a lock its link for ten seconds. It ends by itself when nobody said anything at the serial line for
 * ten minutes: a minute at the button locks nobody out (T20). Exit and bolt work meanwhile.
 *
 *   asking ──held 3 s, let go before 10 s──▶ on ──10 minutes without a verb──▶ over
 *     └──────────let go sooner, or held on───────────────────────────────────▶ over
 */
import { LIMITS } from "../base/limits.ts";
import type { Clock } from "../platform/clock.ts";
import type { Pins } from "../platform/pins.ts";
import type { System } from "../platform/system.ts";

export interface RecoveryModeOptions {
	readonly clock: Clock;
	readonly pins: Pick<Pins, "read">;
	readonly system: Pick<System, "resetReason" | "log">;
	readonly onEntered: () => void;
	/** Told once, at once where nobody holds the button: the lock serves everybody. */
	readonly onOver: (wasOn: boolean) => void;
}

export class RecoveryMode {
	readonly #options: RecoveryModeOptions;
	#state: "asking" | "on" | "over" = "asking";
	#heardAtMs = 0;

	constructor(options: RecoveryModeOptions) {
		this.#options = options;
	}

	get isOn(): boolean {
		return this.#state === "on";
	}

	get isOver(): boolean {
		return this.#state === "over";
	}

	/** Once, at boot. */
	ask(): void {
		const { clock, system } = this.#options;
		if (system.resetReason() !== "power-on") return this.#end();
		this.#look(clock.monotonicMs(), false);
	}

	/** Somebody is at the line. */
	heard(): void {
		this.#heardAtMs = this.#options.clock.monotonicMs();
	}

	#look(startedAtMs: number, wasHeld: boolean): void {
		const { clock, pins, system } = this.#options;
		const heldMs = clock.monotonicMs() - startedAtMs;
		if (!pins.read("button")) return wasHeld ? this.#enter() : this.#end();
		if (heldMs >= LIMITS.recoveryReleaseMs) {
			system.log("recovery: not entered, the button is stuck");
			return this.#end();
		}
		const isHeld = heldMs >= LIMITS.recoveryHoldMs;
		if (isHeld && !wasHeld) system.log("recovery: held at the button, waits for it to be let go");
		clock.after(LIMITS.recoveryLookMs, () => this.#look(startedAtMs, isHeld));
	}

	#enter(): void {
		const { system, onEntered } = this.#options;
		this.#state = "on";
		this.heard();
		system.log("recovery: the serial line only");
		onEntered();
		this.#watch();
	}

	#watch(): void {
		const { clock, system } = this.#options;
		const leftMs = this.#heardAtMs + LIMITS.recoveryIdleMs - clock.monotonicMs();
		if (leftMs > 0) {
			clock.after(Math.ceil(leftMs), () => this.#watch());
			return;
		}
		system.log("recovery: over, nobody was at the line");
		this.#end();
	}

	#end(): void {
		const wasOn = this.isOn;
		this.#state = "over";
		this.#options.onOver(wasOn);
	}
}
