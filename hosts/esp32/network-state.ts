/**
 * When the board's network is joined, and joined again (network.ts performs it, port_network.c does it). Pure. It knows no name and no
 * password: what to join lies where JavaScript cannot read it. Ethernet joins by itself and needs the events alone.
 *
 *            begun                  joined                  has an address
 *   IDLE -----------> JOINING ----------------> JOINED ----------------------> UP
 *    ^  \ none on         | lost, late               | lost                     | lost
 *    |   \ record         v                          v                          v
 *    +----\--- keep --- WAITING (then JOINING again) <---------------------------+
 */
/** As NetworkState of network.h. */
export type NetworkEvent = "down" | "joined" | "up";

export type NetworkState =
	| { readonly at: "idle" }
	| { readonly at: "joining"; readonly tries: number }
	| { readonly at: "joined" }
	| { readonly at: "up" }
	| { readonly at: "waiting"; readonly tries: number };

export type NetworkEffect =
	| { readonly do: "join" }
	| { readonly do: "wait"; readonly ms: number }
	| { readonly do: "tell"; readonly up: boolean };

export type NetworkInput =
	| { readonly on: "event"; readonly event: NetworkEvent }
	| { readonly on: "timer" }
	/** The answer to "join". */
	| { readonly on: "begun"; readonly begun: boolean }
	/** There is something to join, or something else. */
	| { readonly on: "kept" };

/** How long one attempt may take, and the pauses between them, which end at the last. */
export const JOIN_MS = 20_000;
export const PAUSES_MS: readonly number[] = Object.freeze([1_000, 2_000, 5_000, 10_000, 30_000, 60_000]);

export interface NetworkStep {
	readonly state: NetworkState;
	readonly effects: readonly NetworkEffect[];
}

function pause(tries: number): NetworkStep {
	const ms = PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]!;
	return { state: { at: "waiting", tries: tries + 1 }, effects: [{ do: "wait", ms }] };
}

function join(tries: number): NetworkStep {
	return { state: { at: "joining", tries }, effects: [{ do: "join" }, { do: "wait", ms: JOIN_MS }] };
}

function onEvent(state: NetworkState, event: NetworkEvent): NetworkStep {
	if (event === "up")
		return state.at === "up"
			? { state, effects: [] }
			: { state: { at: "up" }, effects: [{ do: "tell", up: true }] };
	if (event === "joined") {
		if (state.at === "joined") return { state, effects: [] };
		return {
			state: { at: "joined" },
			effects: state.at === "up" ? [{ do: "tell", up: false }] : [],
		};
	}
	switch (state.at) {
		case "up": {
			const after = pause(0);
			return { state: after.state, effects: [{ do: "tell", up: false }, ...after.effects] };
		}
		case "joined":
			return pause(0);
		case "joining":
			return pause(state.tries);
		default:
			return { state, effects: [] };
	}
}

/** Pure. `joins`: false for Ethernet, which is never told to. */
export function stepNetwork(state: NetworkState, input: NetworkInput, joins: boolean): NetworkStep {
	const still: NetworkStep = { state, effects: [] };
	switch (input.on) {
		case "event": {
			const next = onEvent(state, input.event);
			if (joins) return next;
			const tells = next.effects.filter((effect) => effect.do === "tell");
			return { state: next.state.at === "waiting" ? { at: "idle" } : next.state, effects: tells };
		}
		case "begun":
			if (input.begun || state.at !== "joining") return still;
			return { state: { at: "idle" }, effects: [] };
		case "kept":
			return joins && state.at !== "up" && state.at !== "joined" ? join(0) : still;
		case "timer":
			if (!joins) return still;
			if (state.at === "waiting") return join(state.tries);
			return state.at === "joining" ? pause(state.tries) : still;
		default:
			return still;
	}
}
