/** The platform's clock over the SDK's timer and one native; the same on every host that has both. */
import SdkTimer from "timer";
import type { Clock, Timer } from "../../modules/platform/clock.ts";

const monotonicMs = native<() => number>("xs_monotonic_ms");

class OneShot implements Timer {
	#timer: SdkTimer | undefined;

	constructor(delayMs: number, callback: () => void) {
		this.#timer = SdkTimer.set(() => {
			this.#timer = undefined;
			callback();
		}, Math.ceil(delayMs));
	}

	cancel(): void {
		if (this.#timer !== undefined) SdkTimer.clear(this.#timer);
		this.#timer = undefined;
	}
}

export const CLOCK: Clock = Object.freeze({
	monotonicMs: (): number => monotonicMs(),
	after: (delayMs: number, callback: () => void): Timer => new OneShot(delayMs, callback),
});
