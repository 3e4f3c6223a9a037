/** As whom a lock comes to its relay: every state with every event, and what may never happen. */
import { LIMITS } from "../../../modules/base/limits.ts";
import {
	type Credential,
	type CredentialEvent,
	type CredentialState,
	candidates,
	freeSlot,
	isRenewalDue,
	isTrialOver,
	type KeySlot,
	type OperationalPair,
	renewalDueMs,
	stepCredentials,
} from "../../../modules/identity/credential-state.ts";
import { check, type Suite } from "../../harness/test.ts";

const DAY_MS = 86400000;
const START_MS = Date.UTC(2026, 0, 1);
const FLOOR_MS = START_MS + 10 * DAY_MS;
const NOW = Object.freeze({ floorMs: FLOOR_MS, nowMs: FLOOR_MS });
const RELAYS: readonly string[] = Object.freeze(["a", "b"]);
const CREDENTIALS: readonly Credential[] = Object.freeze(["trial", "current", "factory"]);

function pair(slot: KeySlot, days = 180): OperationalPair {
	return {
		slot,
		chain: [Uint8Array.of(slot, days)],
		notBeforeMs: START_MS,
		notAfterMs: START_MS + days * DAY_MS,
	};
}

const BY_NOBODY = Object.freeze({ trial: [], current: [], factory: [] });

/** Of this boot nothing is known. */
function fresh(current: OperationalPair | undefined, trial?: OperationalPair): CredentialState {
	return { current, trial, currentRefused: false, refusedBy: BY_NOBODY, passedOver: 0, retries: 0 };
}

function refusedBy(credential: Credential, relay: string, relays = RELAYS): CredentialEvent {
	return { kind: "refused", credential, relay, relays };
}

/** Every state that there can be, with pairs that are valid now and pairs that have ended. */
function everyState(): readonly CredentialState[] {
	const states: CredentialState[] = [];
	const currents = [undefined, pair(0), pair(1), pair(0, 5)];
	for (const current of currents) {
		const free: KeySlot = current?.slot === 0 ? 1 : 0;
		for (const trial of [undefined, pair(free), pair(free, 5)]) {
			for (const currentRefused of current === undefined ? [false] : [false, true]) {
				for (let passedOver = 0; passedOver <= LIMITS.passedOver; passedOver++) {
					for (const refusedBy of [BY_NOBODY, { trial: ["b"], current: ["b"], factory: ["b"] }]) {
						for (const retries of [0, LIMITS.trialRetries])
							states.push({ current, trial, currentRefused, refusedBy, passedOver, retries });
					}
				}
			}
		}
	}
	return states;
}

function everyEvent(): readonly CredentialEvent[] {
	const events: CredentialEvent[] = [{ kind: "retry" }, { kind: "over" }];
	for (const credential of CREDENTIALS)
		events.push({ kind: "ready", credential }, ...RELAYS.map((relay) => refusedBy(credential, relay)));
	for (const slot of [0, 1] as const) events.push({ kind: "issued", pair: pair(slot, 300) });
	return events;
}

function isSame(a: OperationalPair | undefined, b: OperationalPair | undefined): boolean {
	return a?.slot === b?.slot && a?.notAfterMs === b?.notAfterMs;
}

export default function suite(t: Suite): void {
	t.test("no event takes the current pair but a trial whose link was ready (T12)", ({ note }) => {
		let steps = 0;
		for (const before of everyState()) {
			for (const event of everyEvent()) {
				steps++;
				const { state } = stepCredentials(before, event, FLOOR_MS);
				if (isSame(state.current, before.current)) continue;
				check.deepEqual(event, { kind: "ready", credential: "trial" });
				check.ok(before.trial !== undefined && isSame(state.current, before.trial));
				check.equal(state.trial, undefined);
			}
		}
		note(`${everyState().length} states, ${steps} steps`);
	});

	t.test(
		"a key is erased after the record that names it no more, and never one that a pair has (T12)",
		() => {
			for (const before of everyState()) {
				for (const event of everyEvent()) {
					const { state, effects } = stepCredentials(before, event, FLOOR_MS);
					const kinds = effects.map((effect) => effect.kind);
					const changed = !isSame(state.current, before.current) || !isSame(state.trial, before.trial);
					check.equal(kinds.includes("keep"), changed, JSON.stringify(event));
					check.ok(kinds.filter((kind) => kind === "keep").length <= 1, "one write");
					if (kinds.includes("erase-key")) check.equal(kinds[0], "keep");
					for (const effect of effects) {
						if (effect.kind !== "erase-key") continue;
						check.notEqual(effect.slot, state.current?.slot);
						check.notEqual(effect.slot, state.trial?.slot);
					}
					check.ok(state.current === undefined || state.current.slot !== state.trial?.slot, "two slots");
				}
			}
		},
	);

	t.test(
		"in every state the factory certificate is the last candidate, and nothing that has ended is one",
		() => {
			for (const state of everyState()) {
				const found = candidates(state, FLOOR_MS);
				check.equal(found.at(-1), "factory");
				check.equal(new Set(found).size, found.length);
				const isOver = (each: OperationalPair | undefined) =>
					each === undefined || each.notAfterMs < FLOOR_MS;
				check.equal(found.includes("trial"), !isOver(state.trial));
				check.equal(found.includes("current"), !isOver(state.current) && !state.currentRefused);
				check.equal(isTrialOver(state, FLOOR_MS), state.trial !== undefined && isOver(state.trial));
			}
		},
	);

	t.test("a trial goes first, then the current pair, then the factory's", () => {
		const state = fresh(pair(0), pair(1));
		check.deepEqual(candidates(state, FLOOR_MS), ["trial", "current", "factory"]);
		const refused = stepCredentials(state, refusedBy("trial", "a", ["a"]), FLOOR_MS);
		check.deepEqual(candidates(refused.state, FLOOR_MS), ["current", "factory"]);
		check.deepEqual(refused.effects, [{ kind: "keep" }, { kind: "erase-key", slot: 1 }]);
		const ready = stepCredentials(state, { kind: "ready", credential: "trial" }, FLOOR_MS);
		check.deepEqual(candidates(ready.state, FLOOR_MS), ["current", "factory"]);
		check.deepEqual(ready.effects, [{ kind: "keep" }, { kind: "erase-key", slot: 0 }]);
	});

	t.test("a refused current pair leaves the factory's, until that is refused too", () => {
		const state = fresh(pair(0));
		const once = stepCredentials(state, refusedBy("current", "a", ["a"]), FLOOR_MS).state;
		check.deepEqual(candidates(once, FLOOR_MS), ["factory"]);
		check.ok(isRenewalDue(once, "factory", NOW));
		const twice = stepCredentials(once, refusedBy("factory", "a", ["a"]), FLOOR_MS).state;
		check.deepEqual(candidates(twice, FLOOR_MS), ["current", "factory"]);
		check.ok(isSame(twice.current, state.current));
	});

	t.test(
		"one relay's refusal changes no order; that of every relay, each heard once, does (I10, T12)",
		() => {
			for (const credential of CREDENTIALS) {
				const before = { ...fresh(pair(0), pair(1)), currentRefused: credential === "factory" };
				let state: CredentialState = before;
				for (let round = 0; round < 5; round++) {
					const step = stepCredentials(state, refusedBy(credential, "a"), FLOOR_MS);
					state = step.state;
					check.deepEqual(step.effects, []);
					check.deepEqual(candidates(state, FLOOR_MS), candidates(before, FLOOR_MS));
				}
				const served = stepCredentials(state, { kind: "ready", credential }, FLOOR_MS).state;
				check.ok(!served.refusedBy[credential].includes("a"), "a link that was ready begins the row anew");
				const gone = stepCredentials(state, refusedBy(credential, "b", ["b", "c"]), FLOOR_MS).state;
				check.deepEqual(gone.refusedBy[credential], ["b"], "a relay that is none any more has no say");
				const last = stepCredentials(state, refusedBy(credential, "b"), FLOOR_MS).state;
				check.notEqual(candidates(last, FLOOR_MS).length, candidates(before, FLOOR_MS).length);
				check.deepEqual(last.refusedBy[credential], []);
			}
		},
	);

	t.test("bad luck with the first candidate is tried again, and given up after a day of it (T4, T12)", () => {
		let state: CredentialState = fresh(pair(0), pair(1));
		for (let retries = 0; retries < LIMITS.trialRetries; retries++) {
			for (let round = 1; round < LIMITS.passedOver; round++) {
				const step = stepCredentials(state, { kind: "ready", credential: "current" }, FLOOR_MS);
				check.deepEqual(step.effects, [{ kind: "reconnect" }]);
				state = step.state;
			}
			for (let cut = 0; cut < 5; cut++) {
				const step = stepCredentials(state, { kind: "ready", credential: "current" }, FLOOR_MS);
				check.deepEqual(step.effects, []);
				state = step.state;
			}
			const again = stepCredentials(state, { kind: "retry" }, FLOOR_MS);
			check.deepEqual(again.effects, [{ kind: "reconnect" }]);
			check.equal(candidates(again.state, FLOOR_MS)[0], "trial");
			state = again.state;
		}
		state = { ...state, passedOver: LIMITS.passedOver - 1 };
		const last = stepCredentials(state, { kind: "ready", credential: "current" }, FLOOR_MS);
		check.equal(last.state.trial, undefined);
		check.deepEqual(last.effects, [{ kind: "keep" }, { kind: "erase-key", slot: 1 }]);
	});

	t.test("the factory certificate asks only once the operational one has proved useless", () => {
		const state = fresh(pair(0));
		check.ok(!isRenewalDue(state, "factory", NOW));
		const useless = { ...state, passedOver: LIMITS.passedOver };
		check.ok(isRenewalDue(useless, "factory", NOW));
		check.ok(!isRenewalDue({ ...useless, trial: pair(1) }, "factory", NOW));
		check.ok(isRenewalDue({ ...state, current: undefined }, "factory", NOW));
	});

	t.test("a renewal is due at two thirds of the certificate's life, not before", () => {
		const current = pair(1, 90);
		const state = fresh(current);
		check.equal(renewalDueMs(current), START_MS + 60 * DAY_MS);
		const floorMs = START_MS;
		check.ok(!isRenewalDue(state, "current", { floorMs, nowMs: START_MS + 60 * DAY_MS - 1 }));
		check.ok(isRenewalDue(state, "current", { floorMs, nowMs: START_MS + 60 * DAY_MS }));
	});

	t.test("a certificate for another slot than the free one, or beside a trial, changes nothing", () => {
		for (const state of everyState()) {
			const slot: KeySlot = freeSlot(state) === 0 ? 1 : 0;
			const wrong = stepCredentials(state, { kind: "issued", pair: pair(slot, 300) }, FLOOR_MS);
			check.deepEqual([wrong.state, wrong.effects], [state, []]);
			const right = stepCredentials(state, { kind: "issued", pair: pair(freeSlot(state), 300) }, FLOOR_MS);
			check.equal(isSame(right.state.trial, state.trial), state.trial !== undefined);
		}
	});
}
