/** The board's network: started once, then joined again and again as network-state.ts says. What to join is the bindings' record. */
import type { Clock, Timer } from "../../modules/platform/clock.ts";
import type { WifiState } from "../../modules/platform/wifi.ts";
import {
	type NetworkEffect,
	type NetworkEvent,
	type NetworkInput,
	type NetworkState,
	stepNetwork,
} from "./network-state.ts";

const startNetwork = native<(onState: (state: number) => void) => boolean | undefined>("xs_network_start");
const joinNetwork = native<() => boolean | undefined>("xs_network_join");
const partNetwork = native<() => void>("xs_network_part");

const EVENTS: readonly NetworkEvent[] = Object.freeze(["down", "joined", "up", "refused"]);

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
	}

	get exists(): boolean {
		return this.#exists;
	}

	/** Wi-Fi: somebody must say when to join, and what. */
	get joins(): boolean {
		return this.#joins;
	}

	get state(): WifiState {
		const state = this.#state;
		switch (state.at) {
			case "idle":
				return "off";
			case "joined":
			case "up":
				return "joined";
			default:
				return state.refused ? "refused" : "joining";
		}
	}

	/** Joins what is on record, in place of what it joined before. */
	join(): void {
		this.#input({ on: "kept" });
	}

	/** Leaves, and joins nothing until it is told to. */
	part(): void {
		this.#input({ on: "forgotten" });
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
			case "join": {
				const begun = joinNetwork();
				this.#input({ on: "begun", begun: begun === undefined ? "nothing" : begun ? "yes" : "no" });
				return;
			}
			case "part":
				partNetwork();
				return;
			case "wait":
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
