/** The board's network: started once, joined again and again as network-state.ts says. */
import type { Clock, Timer } from "../../modules/platform/clock.ts";
import {
	type NetworkEffect,
	type NetworkEvent,
	type NetworkInput,
	type NetworkState,
	stepNetwork,
} from "./network-state.ts";

const startNetwork = native<(onState: (state: number) => void) => boolean | undefined>("xs_network_start");
const joinNetwork = native<() => boolean>("xs_network_join");
const keepStation = native<(name: Uint8Array, password: Uint8Array) => string | undefined>("xs_network_keep");
const leaveStation = native<() => string | undefined>("xs_network_leave");

const EVENTS: readonly NetworkEvent[] = Object.freeze(["down", "joined", "up"]);

/** The network of this board; without one it says so once and does nothing. */
export class BoardNetwork {
	readonly #clock: Clock;
	readonly #onChange: (up: boolean) => void;
	readonly #joins: boolean;
	readonly #exists: boolean;
	#state: NetworkState = { at: "idle" };
	#timer: Timer | undefined;

	constructor(clock: Clock, onChange: (up: boolean) => void) {
		this.#clock = clock;
		this.#onChange = onChange;
		const joins = startNetwork((state) => this.#input({ on: "event", event: EVENTS[state] ?? "down" }));
		this.#exists = joins !== undefined;
		this.#joins = joins === true;
		this.#input({ on: "kept" });
	}

	get exists(): boolean {
		return this.#exists;
	}

	/** What to join from now on, also after a restart. The caller's copies are the caller's to wipe. A code of DeviceError, or undefined. */
	keep(name: Uint8Array, password: Uint8Array): string | undefined {
		const fault = keepStation(name, password);
		if (fault === undefined) this.#input({ on: "kept" });
		return fault;
	}

	/** Of a factory reset. */
	leave(): string | undefined {
		return leaveStation();
	}

	#input(input: NetworkInput): void {
		const { state, effects } = stepNetwork(this.#state, input, this.#joins);
		this.#state = state;
		for (const effect of effects) this.#perform(effect);
		if (state.at !== "joining" && state.at !== "waiting") this.#cancel();
	}

	#perform(effect: NetworkEffect): void {
		switch (effect.do) {
			case "tell":
				this.#onChange(effect.up);
				return;
			case "join":
				this.#input({ on: "begun", begun: joinNetwork() });
				return;
			case "wait":
				if (this.#state.at === "idle") return;
				this.#cancel();
				this.#timer = this.#clock.after(effect.ms, () => {
					this.#timer = undefined;
					this.#input({ on: "timer" });
				});
				return;
		}
	}

	#cancel(): void {
		this.#timer?.cancel();
		this.#timer = undefined;
	}
}
