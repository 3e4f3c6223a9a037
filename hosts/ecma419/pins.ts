/** The board's pins by role over ECMA-419 digital I/O. Polarity and numbers come from the board's table. */
import Digital from "embedded:io/digital";
import { DeviceError } from "../../modules/base/device-error.ts";
import type { InputRole, Pins } from "../../modules/platform/pins.ts";

export interface BoardPin {
	readonly pin: number;
	/** The role is active while the pin is low. */
	readonly activeLow?: boolean;
	/** Held by a resistor of the chip while nothing drives it. */
	readonly pull?: "up" | "down";
}

export type InputPins = Readonly<Record<InputRole, BoardPin>>;

const INPUT_ROLES: readonly InputRole[] = Object.freeze([
	"button",
	"exit",
	"thrown",
	"retracted",
	"door",
	"tamper",
	"inhibit",
]);

function modeOf({ pull }: BoardPin): number {
	if (pull === undefined) return Digital.Input;
	return pull === "up" ? Digital.InputPullUp : Digital.InputPullDown;
}

export class DigitalPins implements Pins {
	readonly #inputs = new Map<InputRole, Digital>();
	readonly #watchers = new Map<InputRole, (active: boolean) => void>();
	readonly #indicator: Digital;

	/** Opens every input and the indicator, once a boot. The outputs that move the bolt belong to Drive. */
	constructor(inputs: InputPins, indicator: BoardPin) {
		for (const role of INPUT_ROLES) {
			const pin = inputs[role];
			const input = new Digital({
				pin: pin.pin,
				mode: modeOf(pin),
				activeLow: pin.activeLow ?? false,
				edge: Digital.Rising | Digital.Falling,
				onReadable: () => this.#watchers.get(role)?.(this.read(role)),
			});
			this.#inputs.set(role, input);
		}
		this.#indicator = new Digital({
			pin: indicator.pin,
			mode: Digital.Output,
			activeLow: indicator.activeLow ?? false,
			initialValue: 0,
		});
	}

	read(role: InputRole): boolean {
		return this.#inputs.get(role)!.read() === 1;
	}

	watch(role: InputRole, onChange: (active: boolean) => void): void {
		if (this.#watchers.has(role)) throw new DeviceError("pin/invalid", `${role} is watched already`);
		this.#watchers.set(role, onChange);
	}

	setIndicator(active: boolean): void {
		this.#indicator.write(active ? 1 : 0);
	}
}
