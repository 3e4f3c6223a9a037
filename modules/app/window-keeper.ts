/**
 * The pairing window at work (DESIGN 8.1): opened by a short press of the button inside on an unclaimed lock, shown by
 * the indicator, closed by time or by a claim. The rule itself is pairing/window.
 */
import type { Grants } from "../access/grants.ts";
import { LIMITS } from "../base/limits.ts";
import { isWindowOpen, openWindow, type PairingWindow, WINDOW_CLOSED } from "../pairing/window.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";

export interface WindowKeeperOptions {
	readonly clock: Clock;
	readonly platform: Pick<Platform, "pins" | "system">;
	readonly grants: Grants;
	/** Whether there is a lock to pair with: it has a serial. */
	readonly isPairable: () => boolean;
	/** It opened, or closed. */
	readonly onChanged: (opened: boolean) => void;
}

export class WindowKeeper {
	readonly #options: WindowKeeperOptions;
	#window: PairingWindow = WINDOW_CLOSED;
	#timer: Timer | undefined;

	constructor(options: WindowKeeperOptions) {
		this.#options = options;
	}

	get isOpen(): boolean {
		return isWindowOpen(this.#window, this.#options.clock.monotonicMs());
	}

	/** A press while it is open begins its time anew. */
	open(): void {
		const { clock, grants, isPairable, onChanged, platform } = this.#options;
		if (grants.claimed || !isPairable()) {
			return platform.system.log("button: pressed, but there is nothing to pair");
		}
		const wasOpen = this.isOpen;
		this.#window = openWindow(clock.monotonicMs());
		this.#timer?.cancel();
		this.#timer = clock.after(LIMITS.windowMs, () => this.close());
		platform.pins.setIndicator(true);
		platform.system.log("button: the pairing window is open");
		if (!wasOpen) onChanged(true);
	}

	/** Idempotent. */
	close(): void {
		if (this.#window.kind === "closed") return;
		this.#timer?.cancel();
		this.#window = WINDOW_CLOSED;
		this.#options.platform.pins.setIndicator(false);
		this.#options.platform.system.log("the pairing window is closed");
		this.#options.onChanged(false);
	}
}
