/**
 * As whom the lock comes to its relay (DESIGN 7, PROTOCOL 8.1): which of its certificates, in which order, and what the
 * relay's answer means. Pure; operational-pairs keeps what outlives a boot, app/renewal carries out the effects.
 *
 *              none ---issued--> trial ---its link was ready--> current ---issued--> current + trial --> current
 *                                 |                                                      |
 *                                 +--refused, or passed over too often: forgotten--------+
 *
 * Candidates are tried in the order trial, current, factory, so the newest that works serves. The current pair is given
 * up by nothing but a trial whose link was ready (T12); while the relay refuses it, or it has expired, the factory
 * certificate takes its place, which opens renewal only. No answer of a relay leaves the lock without a candidate.
 */
import { unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import type { TlsTime } from "../platform/tls.ts";

export type Credential = "trial" | "current" | "factory";

/** Of keys/op-0 and op-1. */
export type KeySlot = 0 | 1;

export interface OperationalPair {
	readonly slot: KeySlot;
	/** DER, leaf first. */
	readonly chain: readonly Uint8Array[];
	readonly notBeforeMs: number;
	readonly notAfterMs: number;
}

export interface CredentialState {
	/** In flash, with `trial` in one record. */
	readonly current: OperationalPair | undefined;
	readonly trial: OperationalPair | undefined;
	/** Of this boot: the relay refused the current pair, and has not refused the factory's since. */
	readonly currentRefused: boolean;
	/**
	 * Of this boot: how often in a row the link was ready with another than its first candidate. The link may have had
	 * bad luck with the first, so it is asked to begin anew; from LIMITS.passedOver on the first is taken to be useless.
	 */
	readonly passedOver: number;
}

export type CredentialEvent =
	/** A link that came with this certificate is ready. */
	| { readonly kind: "ready"; readonly credential: Credential }
	/** The relay refused it: by an alert, by its answer to the upgrade; or the pair is unusable here. */
	| { readonly kind: "refused"; readonly credential: Credential }
	/** A certificate came that is this lock's. */
	| { readonly kind: "issued"; readonly pair: OperationalPair }
	/** Time has passed: what was useless may be of use again. */
	| { readonly kind: "retry" };

export type CredentialEffect =
	/** Write the record of `current` and `trial` as the new state has them: one write. Unless it lands the old state stands. */
	| { readonly kind: "keep" }
	/** Then, and only then: no pair has this key any more. */
	| { readonly kind: "erase-key"; readonly slot: KeySlot }
	/** Connect anew, from the first candidate on. */
	| { readonly kind: "reconnect" };

export interface CredentialStep {
	readonly state: CredentialState;
	readonly effects: readonly CredentialEffect[];
}

export function firstCredentialState(
	current: OperationalPair | undefined,
	trial: OperationalPair | undefined,
): CredentialState {
	return { current, trial, currentRefused: false, passedOver: 0 };
}

export function stepCredentials(
	state: CredentialState,
	event: CredentialEvent,
	time: TlsTime,
): CredentialStep {
	switch (event.kind) {
		case "ready":
			return ready(state, event.credential, time);
		case "refused":
			return refused(state, event.credential);
		case "issued":
			// One trial at a time, in the slot that the current pair does not have.
			if (state.trial !== undefined || event.pair.slot !== freeSlot(state)) return stay(state);
			return {
				state: { ...state, trial: event.pair, passedOver: 0 },
				effects: [{ kind: "keep" }, { kind: "reconnect" }],
			};
		case "retry":
			return { state: { ...state, passedOver: 0 }, effects: [{ kind: "reconnect" }] };
		default:
			return unreachable(event);
	}
}

function stay(state: CredentialState): CredentialStep {
	return { state, effects: [] };
}

function ready(state: CredentialState, credential: Credential, time: TlsTime): CredentialStep {
	const { current, trial } = state;
	if (credential === "trial") {
		if (trial === undefined) return stay(state);
		const old = current === undefined ? [] : [{ kind: "erase-key", slot: current.slot } as const];
		return { state: firstCredentialState(trial, undefined), effects: [{ kind: "keep" }, ...old] };
	}
	const served = credential === "current" ? { ...state, currentRefused: false } : state;
	const first = candidates(served, time)[0];
	if (first === credential) return stay({ ...served, passedOver: 0 });
	const passedOver = Math.min(state.passedOver + 1, LIMITS.passedOver);
	if (passedOver < LIMITS.passedOver) {
		return { state: { ...served, passedOver }, effects: [{ kind: "reconnect" }] };
	}
	return trial !== undefined && first === "trial"
		? forgetTrial(served, trial)
		: stay({ ...served, passedOver });
}

function refused(state: CredentialState, credential: Credential): CredentialStep {
	switch (credential) {
		case "trial":
			return state.trial === undefined ? stay(state) : forgetTrial(state, state.trial);
		case "current":
			return state.current === undefined ? stay(state) : stay({ ...state, currentRefused: true });
		case "factory":
			// Nothing is left to hope for from either alone: try both again, in turn.
			return stay({ ...state, currentRefused: false });
		default:
			return unreachable(credential);
	}
}

function forgetTrial(state: CredentialState, trial: OperationalPair): CredentialStep {
	return {
		state: { ...state, trial: undefined, passedOver: 0 },
		effects: [{ kind: "keep" }, { kind: "erase-key", slot: trial.slot }],
	};
}

/** Where the next key is made. Never the current pair's; the trial's while there is one: then nothing is asked for. */
export function freeSlot(state: CredentialState): KeySlot {
	return state.current?.slot === 0 ? 1 : 0;
}

/** In the order in which they are tried. The factory's is always among them. */
export function candidates(state: CredentialState, time: TlsTime): readonly Credential[] {
	const { current, trial, currentRefused } = state;
	const found: Credential[] = [];
	if (trial !== undefined && trial.notAfterMs >= time.unixMs) found.push("trial");
	if (current !== undefined && !currentRefused && current.notAfterMs >= time.unixMs) found.push("current");
	found.push("factory");
	return found;
}

/** A trial that can serve no more is as good as refused. */
export function isTrialOver(state: CredentialState, time: TlsTime): boolean {
	return state.trial !== undefined && state.trial.notAfterMs < time.unixMs;
}

/** Whether to ask the relay for a certificate, over a link that is ready with `connectedAs`. */
export function isRenewalDue(state: CredentialState, connectedAs: Credential, time: TlsTime): boolean {
	const { current, trial } = state;
	if (trial !== undefined) return false;
	if (connectedAs === "factory") {
		return candidates(state, time)[0] === "factory" || state.passedOver >= LIMITS.passedOver;
	}
	return current === undefined || time.unixMs >= renewalDueMs(current);
}

/** Two thirds of its life, milliseconds since 1970 UTC. */
export function renewalDueMs({ notBeforeMs, notAfterMs }: OperationalPair): number {
	return notBeforeMs + Math.floor(((notAfterMs - notBeforeMs) * 2) / 3);
}
