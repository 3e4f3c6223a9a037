/**
 * The link's one state machine: when to connect, to whom, and what an end means. Pure; link.ts carries out its
 * effects. It knows neither TLS reasons nor envelopes. The diagram, with every end leading to waiting:
 *
 *   idle --start--> blocked --permitted--> resolving --> connecting --> handshaking --> upgrading --opened--> ready
 *     ^              ^ ^ |                     |              |              |              |                  |
 *     |              | | +--not permitted-+    +--------------+--- closed ---+--------------+----- closed -----+
 *     |              | |                  |                           |
 *     |              | +---time is up-----+---------- waiting <-------+
 *     |              +-----reconnect: from waiting and the three before upgrading at once; else through draining
 *     +--stop: from resolving, connecting and handshaking at once; from upgrading and ready through draining
 *
 * resolving, connecting, handshaking: the TLS client says when it goes from one to the next; one that does not say
 * stays in the first of them until the stream is up. blocked: the link is wanted, but the app permits no connection
 * now (the bolt drives) or has no relay yet; only a poke leads on. draining: the closing handshake is under way, and
 * nobody listens any more. Relays are tried in turn; a round of all of them is one step of the back-off. When the list
 * of relays has changed the turn begins anew with the first one, and the back-off goes on.
 */
import { unreachable } from "../base/assert.ts";
import { type Backoff, backoffCeilingMs, jitteredMs } from "./backoff.ts";

export interface LinkSettings {
	readonly backoff: Backoff;
	/** A connection that was ready for so long ends a series of failures. */
	readonly stableMs: number;
}

/** What a series of failures leaves behind. */
interface Series {
	/** Failures since the last stable connection. */
	readonly failures: number;
	/** Counts attempts' relays; the relay is number `turn mod relays`. */
	readonly turn: number;
	readonly relays: number;
}

export type LinkState =
	| { readonly kind: "idle" }
	| ({ readonly kind: "blocked" } & Series)
	| ({ readonly kind: "waiting"; readonly untilMs: number } & Series)
	| ({ readonly kind: "resolving" } & Series)
	| ({ readonly kind: "connecting" } & Series)
	| ({ readonly kind: "handshaking" } & Series)
	| ({ readonly kind: "upgrading" } & Series)
	| ({ readonly kind: "ready"; readonly sinceMs: number } & Series)
	/** again: it was started again meanwhile, or is to begin anew. */
	| { readonly kind: "draining"; readonly again: boolean };

export type LinkEvent =
	| { readonly kind: "start" }
	| { readonly kind: "stop" }
	/** What a connection is made with has changed: leave the present one, and connect at once. */
	| { readonly kind: "reconnect" }
	/** Time passed, or something outside changed: may a connection begin, and to how many relays? */
	| {
			readonly kind: "look";
			readonly permitted: boolean;
			readonly relays: number;
			/** Other relays than at the last look, or in another order. */
			readonly changed: boolean;
	  }
	/** The name has its addresses. */
	| { readonly kind: "resolved" }
	/** An address accepted a TCP connection. */
	| { readonly kind: "reached" }
	/** The stream is up. */
	| { readonly kind: "connected" }
	/** The WebSocket is open. */
	| { readonly kind: "opened" }
	/** The connection is over, whatever it was. random: four octets of the CSPRNG for the jitter. */
	| { readonly kind: "closed"; readonly random: Uint8Array };

export type LinkEffect =
	/** Answer with `look`, now. */
	| { readonly kind: "look" }
	/** Answer with `look` after so long. */
	| { readonly kind: "wake"; readonly delayMs: number }
	| { readonly kind: "connect"; readonly relay: number }
	/** Begin the closing handshake; `closed` follows. */
	| { readonly kind: "close" }
	/** Let go at once; no `closed` follows. */
	| { readonly kind: "abort" }
	| { readonly kind: "ready" }
	/** The link was ready and is no more. */
	| { readonly kind: "down" };

export interface LinkStep {
	readonly state: LinkState;
	readonly effects: readonly LinkEffect[];
}

export const LINK_IDLE: LinkState = Object.freeze({ kind: "idle" });

const NO_FAILURES: Series = Object.freeze({ failures: 0, turn: 0, relays: 1 });

export function stepLink(
	settings: LinkSettings,
	state: LinkState,
	event: LinkEvent,
	nowMs: number,
): LinkStep {
	switch (state.kind) {
		case "idle":
			if (event.kind !== "start") return stay(state);
			return begin([]);
		case "blocked":
			if (event.kind === "stop") return stay(LINK_IDLE);
			if (event.kind === "reconnect") return begin([]);
			return event.kind === "look" ? look(state, event) : stay(state);
		case "waiting":
			if (event.kind === "stop") return stay(LINK_IDLE);
			if (event.kind === "reconnect") return begin([]);
			if (event.kind !== "look") return stay(state);
			if (nowMs < state.untilMs) {
				const wake: LinkEffect = { kind: "wake", delayMs: state.untilMs - nowMs };
				return { state: event.changed ? { ...state, turn: 0 } : state, effects: [wake] };
			}
			return look(state, event);
		case "resolving":
		case "connecting":
		case "handshaking":
			return stepDialling(settings, state, event, nowMs);
		case "upgrading":
			if (event.kind === "stop" || event.kind === "reconnect") return drain([], event.kind === "reconnect");
			if (event.kind === "opened") {
				const ready: LinkState = { kind: "ready", sinceMs: nowMs, ...seriesOf(state) };
				return { state: ready, effects: [{ kind: "ready" }] };
			}
			return event.kind === "closed" ? wait(settings, nextRelay(state), event.random, nowMs) : stay(state);
		case "ready":
			return stepReady(settings, state, event, nowMs);
		case "draining":
			return stepDraining(state, event);
		default:
			return unreachable(state);
	}
}

function stay(state: LinkState): LinkStep {
	return { state, effects: [] };
}

/** From the first relay on, without a wait. */
function begin(before: readonly LinkEffect[]): LinkStep {
	return { state: { kind: "blocked", ...NO_FAILURES }, effects: [...before, { kind: "look" }] };
}

function seriesOf(state: Series): Series {
	return { failures: state.failures, turn: state.turn, relays: state.relays };
}

function nextRelay(state: Series): Series {
	return { failures: state.failures + 1, turn: state.turn + 1, relays: state.relays };
}

function look(state: Series, event: LinkEvent & { kind: "look" }): LinkStep {
	const series: Series = {
		failures: state.failures,
		turn: event.changed ? 0 : state.turn,
		relays: Math.max(1, event.relays),
	};
	if (!event.permitted || event.relays === 0) return stay({ kind: "blocked", ...series });
	return {
		state: { kind: "resolving", ...series },
		effects: [{ kind: "connect", relay: series.turn % series.relays }],
	};
}

function wait(settings: LinkSettings, series: Series, random: Uint8Array, nowMs: number): LinkStep {
	const rounds = Math.ceil(series.failures / series.relays);
	const delayMs = jitteredMs(backoffCeilingMs(settings.backoff, rounds), random);
	return {
		state: { kind: "waiting", untilMs: nowMs + delayMs, ...series },
		effects: [{ kind: "wake", delayMs }],
	};
}

function drain(before: readonly LinkEffect[], again: boolean): LinkStep {
	return { state: { kind: "draining", again }, effects: [...before, { kind: "close" }] };
}

function stepDialling(
	settings: LinkSettings,
	state: LinkState & { kind: "resolving" | "connecting" | "handshaking" },
	event: LinkEvent,
	nowMs: number,
): LinkStep {
	switch (event.kind) {
		case "stop":
			return { state: LINK_IDLE, effects: [{ kind: "abort" }] };
		case "reconnect":
			return begin([{ kind: "abort" }]);
		case "resolved":
			return stay(state.kind === "resolving" ? { kind: "connecting", ...seriesOf(state) } : state);
		case "reached":
			return stay({ kind: "handshaking", ...seriesOf(state) });
		case "connected":
			return stay({ kind: "upgrading", ...seriesOf(state) });
		case "closed":
			return wait(settings, nextRelay(state), event.random, nowMs);
		case "start":
		case "look":
		case "opened":
			return stay(state);
		default:
			return unreachable(event);
	}
}

function stepReady(
	settings: LinkSettings,
	state: LinkState & { kind: "ready" },
	event: LinkEvent,
	nowMs: number,
): LinkStep {
	if (event.kind === "stop" || event.kind === "reconnect")
		return drain([{ kind: "down" }], event.kind === "reconnect");
	if (event.kind !== "closed") return stay(state);
	// A relay that held is tried again at once, give or take the jitter; one that flaps counts as a failure.
	const stable = nowMs - state.sinceMs >= settings.stableMs;
	const series = stable ? { failures: 1, turn: state.turn, relays: state.relays } : nextRelay(state);
	const waiting = wait(settings, series, event.random, nowMs);
	return { state: waiting.state, effects: [{ kind: "down" }, ...waiting.effects] };
}

function stepDraining(state: LinkState & { kind: "draining" }, event: LinkEvent): LinkStep {
	if (event.kind === "start" || event.kind === "stop") {
		return stay({ kind: "draining", again: event.kind === "start" });
	}
	if (event.kind !== "closed") return stay(state);
	if (!state.again) return stay(LINK_IDLE);
	return begin([]);
}
