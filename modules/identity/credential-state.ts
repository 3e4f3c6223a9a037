/**
 * As whom the lock comes to its relay (DESIGN 7, PROTOCOL 8.1): which of its certificates, in which order, and what the
 * relay's answer means. Pure; operational-pairs keeps what outlives a boot, app/renewal carries out the effects.
 *
 *              none ---issued--> trial ---its link was ready--> current ---issued--> current + trial --> current
 *                                 |                                                      |
 *                                 +--refused by all, passed over for a day: forgotten----+
 *
 * Candidates are tried in the order trial, current, factory, so the newest that works serves. The current pair is given
 * up by nothing but a trial whose link was ready (T12); while every relay refuses it the factory certificate takes its
 * place, which opens renewal only. One relay's refusal changes no order: the others are asked with the same certificates
 * first (I10). No answer of a relay leaves the lock without a candidate.
 *
 * Whether a certificate has ended is the relay's to judge: the lock leaves one out only when it ended before the floor of
 * its time, for its estimate may be wrong (T13).
 */
import { unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";

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
	/** Of this boot: every relay refused the current pair, and not every one the factory's since. */
	readonly currentRefused: boolean;
	/** Of this boot: which relays refused which certificate since a link was ready with it. */
	readonly refusedBy: RefusedBy;
	/**
	 * Of this boot: how often in a row the link was ready with another than its first candidate. The link may have had
	 * bad luck with the first, or an attacker on the way cut it off, so it is asked to begin anew; from LIMITS.passedOver
	 * on the first is taken to be of no use for now.
	 */
	readonly passedOver: number;
	/** Of this boot: how often a trial of no use was tried again, LIMITS.renewalRetryMs apart at least. */
	readonly retries: number;
}

/** Names of relays, each once. */
type RefusedBy = Readonly<Record<Credential, readonly string[]>>;

const BY_NOBODY: RefusedBy = Object.freeze({
	trial: Object.freeze([]),
	current: Object.freeze([]),
	factory: Object.freeze([]),
});

export type CredentialEvent =
	/** A link that came with this certificate is ready. */
	| { readonly kind: "ready"; readonly credential: Credential }
	/** A relay that had proved who it is refused it. relays: the names of all that there are, `relay` among them. */
	| {
			readonly kind: "refused";
			readonly credential: Credential;
			readonly relay: string;
			readonly relays: readonly string[];
	  }
	/** The trial can serve no more. */
	| { readonly kind: "over" }
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

/** Milliseconds since 1970 UTC. */
export interface LockTime {
	/** Surely past. */
	readonly floorMs: number;
	/** As well as it is known. */
	readonly nowMs: number;
}

export interface CredentialStep {
	readonly state: CredentialState;
	readonly effects: readonly CredentialEffect[];
}

export function firstCredentialState(
	current: OperationalPair | undefined,
	trial: OperationalPair | undefined,
): CredentialState {
	return { current, trial, currentRefused: false, refusedBy: BY_NOBODY, passedOver: 0, retries: 0 };
}

export function stepCredentials(
	state: CredentialState,
	event: CredentialEvent,
	floorMs: number,
): CredentialStep {
	switch (event.kind) {
		case "ready":
			return ready(state, event.credential, floorMs);
		case "refused":
			return refused(state, event);
		case "over":
			return state.trial === undefined ? stay(state) : forgetTrial(state, state.trial);
		case "issued":
			// One trial at a time, in the slot that the current pair does not have.
			if (state.trial !== undefined || event.pair.slot !== freeSlot(state)) return stay(state);
			return {
				state: { ...withoutRefusals(state, "trial"), trial: event.pair, passedOver: 0, retries: 0 },
				effects: [{ kind: "keep" }, { kind: "reconnect" }],
			};
		case "retry":
			return {
				state: { ...state, passedOver: 0, retries: Math.min(state.retries + 1, LIMITS.trialRetries) },
				effects: [{ kind: "reconnect" }],
			};
		default:
			return unreachable(event);
	}
}

function stay(state: CredentialState): CredentialStep {
	return { state, effects: [] };
}

function ready(state: CredentialState, credential: Credential, floorMs: number): CredentialStep {
	const { current, trial } = state;
	if (credential === "trial") {
		if (trial === undefined) return stay(state);
		const old = current === undefined ? [] : [{ kind: "erase-key", slot: current.slot } as const];
		return { state: firstCredentialState(trial, undefined), effects: [{ kind: "keep" }, ...old] };
	}
	const heard = withoutRefusals(state, credential);
	const served = credential === "current" ? { ...heard, currentRefused: false } : heard;
	const first = candidates(served, floorMs)[0];
	if (first === credential) return stay({ ...served, passedOver: 0 });
	const passedOver = Math.min(state.passedOver + 1, LIMITS.passedOver);
	if (passedOver < LIMITS.passedOver) {
		return { state: { ...served, passedOver }, effects: [{ kind: "reconnect" }] };
	}
	// Who cuts off what is on trial for a while must not cost the lock the pair; a pair that never works must end.
	return trial !== undefined && first === "trial" && state.retries >= LIMITS.trialRetries
		? forgetTrial(served, trial)
		: stay({ ...served, passedOver });
}

function refused(
	state: CredentialState,
	{ credential, relay, relays }: CredentialEvent & { readonly kind: "refused" },
): CredentialStep {
	// A relay that is trusted no more has no say.
	const by = relays.filter((each) => each === relay || state.refusedBy[credential].includes(each));
	if (by.length < relays.length)
		return stay({ ...state, refusedBy: { ...state.refusedBy, [credential]: by } });
	const told = withoutRefusals(state, credential);
	switch (credential) {
		case "trial":
			return state.trial === undefined ? stay(state) : forgetTrial(told, state.trial);
		case "current":
			return state.current === undefined ? stay(state) : stay({ ...told, currentRefused: true });
		case "factory":
			// Nothing is left to hope for from either alone: try both again, in turn.
			return stay({ ...told, currentRefused: false });
		default:
			return unreachable(credential);
	}
}

function withoutRefusals(state: CredentialState, credential: Credential): CredentialState {
	return { ...state, refusedBy: { ...state.refusedBy, [credential]: [] } };
}

function forgetTrial(state: CredentialState, trial: OperationalPair): CredentialStep {
	return {
		state: { ...withoutRefusals(state, "trial"), trial: undefined, passedOver: 0, retries: 0 },
		effects: [{ kind: "keep" }, { kind: "erase-key", slot: trial.slot }],
	};
}

/** Where the next key is made. Never the current pair's; the trial's while there is one: then nothing is asked for. */
export function freeSlot(state: CredentialState): KeySlot {
	return state.current?.slot === 0 ? 1 : 0;
}

/** In the order in which they are tried. The factory's is always among them. floorMs: time is at least that. */
export function candidates(state: CredentialState, floorMs: number): readonly Credential[] {
	const { current, trial, currentRefused } = state;
	const found: Credential[] = [];
	if (trial !== undefined && trial.notAfterMs >= floorMs) found.push("trial");
	if (current !== undefined && !currentRefused && current.notAfterMs >= floorMs) found.push("current");
	found.push("factory");
	return found;
}

/** A trial that can serve no more is as good as refused. */
export function isTrialOver(state: CredentialState, floorMs: number): boolean {
	return state.trial !== undefined && state.trial.notAfterMs < floorMs;
}

/** Whether to ask the relay for a certificate, over a link that is ready with `connectedAs`. */
export function isRenewalDue(
	state: CredentialState,
	connectedAs: Credential,
	{ floorMs, nowMs }: LockTime,
): boolean {
	const { current, trial } = state;
	if (trial !== undefined) return false;
	if (connectedAs === "factory") {
		return candidates(state, floorMs)[0] === "factory" || state.passedOver >= LIMITS.passedOver;
	}
	return current === undefined || nowMs >= renewalDueMs(current);
}

/** Two thirds of its life, milliseconds since 1970 UTC. */
export function renewalDueMs({ notBeforeMs, notAfterMs }: OperationalPair): number {
	return notBeforeMs + Math.floor(((notAfterMs - notBeforeMs) * 2) / 3);
}
