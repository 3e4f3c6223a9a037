/**
 * When the board's network is joined, and joined again (network.ts performs it, port_network.c does it). Pure. It knows no name and no
 * password: what to join lies where JavaScript cannot read it. Ethernet joins by itself and needs the events alone.
 *
 *            begun                  joined                  has an address
 *   IDLE -----------> JOINING ----------------> JOINED ----------------------> UP
 *    ^  \ none on         | lost, late, another      | lost, another            | lost, another
 *    |   \ record         v                          v                          v
 *    +----\--- join --- WAITING (then JOINING again) <---------------------------+
 *    +--- forgotten, from everywhere
 *
 * What was begun is left before something else is joined, and the pause in between is for the end of the one before: it comes as an event.
 */
/** As NetworkState of network.h. */
export type NetworkEvent = "down" | "joined" | "up" | "refused";

export type NetworkState =
	| { readonly at: "idle" }
	/** `refused`: the last attempt ended so. */
	| { readonly at: "joining"; readonly tries: number; readonly refused: boolean }
	| { readonly at: "joined" }
	| { readonly at: "up" }
	| { readonly at: "waiting"; readonly tries: number; readonly refused: boolean };

export type NetworkEffect =
	| { readonly do: "join" }
	| { readonly do: "part" }
	| { readonly do: "wait"; readonly ms: number }
	| { readonly do: "tell"; readonly up: boolean };

export type NetworkInput =
	| { readonly on: "event"; readonly event: NetworkEvent }
	| { readonly on: "timer" }
	/** The answer to "join"; nothing: there is nothing on record. */
	| { readonly on: "begun"; readonly begun: "yes" | "no" | "nothing" }
	/** There is something to join, or something else. */
	| { readonly on: "kept" }
	/** There is nothing to join any more. */
	| { readonly on: "forgotten" };

/** How long one attempt may take, and the pauses between them, which end at the last. */
export const JOIN_MS = 20_000;
export const PAUSES_MS: readonly number[] = Object.freeze([1_000, 2_000, 5_000, 10_000, 30_000, 60_000]);

export interface NetworkStep {
	readonly state: NetworkState;
	readonly effects: readonly NetworkEffect[];
}

function pause(tries: number, refused: boolean): NetworkStep {
	const ms = PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]!;
	return { state: { at: "waiting", tries: tries + 1, refused }, effects: [{ do: "wait", ms }] };
}

function join(tries: number, refused: boolean): NetworkStep {
	return {
		state: { at: "joining", tries, refused },
		effects: [{ do: "wait", ms: JOIN_MS }, { do: "join" }],
	};
}

/** With what comes of it before everything else. */
function after(effects: readonly NetworkEffect[], next: NetworkStep): NetworkStep {
	return { state: next.state, effects: [...effects, ...next.effects] };
}

function onLost(state: NetworkState, refused: boolean): NetworkStep {
	switch (state.at) {
		case "up":
			return after([{ do: "tell", up: false }], pause(0, refused));
		case "joined":
			return pause(0, refused);
		case "joining":
			return pause(state.tries, refused);
		default:
			return { state, effects: [] };
	}
}

function onEvent(state: NetworkState, event: NetworkEvent): NetworkStep {
	switch (event) {
		case "up":
			if (state.at === "up") return { state, effects: [] };
			return { state: { at: "up" }, effects: [{ do: "tell", up: true }] };
		case "joined":
			if (state.at === "joined") return { state, effects: [] };
			return {
				state: { at: "joined" },
				effects: state.at === "up" ? [{ do: "tell", up: false }] : [],
			};
		default:
			return onLost(state, event === "refused");
	}
}

/** Whatever was begun or stands ends here; `next` comes after it. */
function parted(state: NetworkState, next: NetworkStep): NetworkStep {
	const tell: readonly NetworkEffect[] = state.at === "up" ? [{ do: "tell", up: false }] : [];
	return after([{ do: "part" }, ...tell], next);
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
			if (!joins || input.begun === "yes" || state.at !== "joining") return still;
			if (input.begun === "nothing") return { state: { at: "idle" }, effects: [] };
			return pause(state.tries, state.refused);
		case "kept":
			if (!joins) return still;
			if (state.at === "idle" || state.at === "waiting") return join(0, false);
			return parted(state, pause(0, false));
		case "forgotten":
			return joins ? parted(state, { state: { at: "idle" }, effects: [] }) : still;
		case "timer":
			if (!joins) return still;
			if (state.at === "waiting") return join(state.tries, state.refused);
			return state.at === "joining" ? after([{ do: "part" }], pause(state.tries, state.refused)) : still;
		default:
			return still;
	}
}
