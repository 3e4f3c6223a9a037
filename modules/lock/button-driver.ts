/** Binds the button machine to a pin and the clock. It decides nothing. */
import type { Clock, Timer } from "../platform/clock.ts";
import type { InputRole, Pins } from "../platform/pins.ts";
import { type ButtonState, buttonWakeAtMs, type Gesture, initialButton, stepButton } from "./button.ts";

export class ButtonDriver {
	readonly #clock: Clock;
	readonly #pins: Pins;
	readonly #role: InputRole;
	readonly #onGesture: (gesture: Gesture) => void;
	#state: ButtonState;
	#timer: Timer | undefined;

	/** Takes the role's one watcher. onGesture is called from the event loop. */
	constructor(clock: Clock, pins: Pins, role: "button" | "exit", onGesture: (gesture: Gesture) => void) {
		this.#clock = clock;
		this.#pins = pins;
		this.#role = role;
		this.#onGesture = onGesture;
		this.#state = initialButton(pins.read(role));
		pins.watch(role, (active) => this.#receive(active));
	}

	#receive(down: boolean): void {
		const { state, effects } = stepButton(this.#state, { down }, this.#clock.monotonicMs());
		this.#state = state;
		this.#timer?.cancel();
		this.#timer = undefined;
		const wakeAtMs = buttonWakeAtMs(state);
		if (wakeAtMs !== undefined) {
			const delayMs = Math.max(0, Math.ceil(wakeAtMs - this.#clock.monotonicMs()));
			this.#timer = this.#clock.after(delayMs, () => this.#receive(this.#pins.read(this.#role)));
		}
		for (const gesture of effects) this.#onGesture(gesture);
	}
}
