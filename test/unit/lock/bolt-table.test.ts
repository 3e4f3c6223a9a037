/** Every state of the bolt under every event, as one table. What holds for every kind of output is in bolt-properties. */
import { LIMITS } from "../../../modules/base/limits.ts";
import { step } from "../../../modules/lock/bolt.ts";
import { DEFAULT_BOLT } from "../../../modules/lock/bolt-config.ts";
import type { BoltEvent, BoltInputs, BoltState } from "../../../modules/lock/bolt-state.ts";
import { check, type Suite } from "../../harness/test.ts";

const NOW = 100000;
const CLEAR: BoltInputs = { thrown: false, retracted: false, doorClosed: true, inhibited: false };
const LATE = NOW + LIMITS.travelMs;

/** Each state as it is usually found, and the positions that the inputs show then. */
const STATES: Readonly<Record<string, { readonly state: BoltState; readonly inputs: Partial<BoltInputs> }>> =
	{
		unknown: { state: { kind: "unknown" }, inputs: {} },
		thrown: { state: { kind: "thrown" }, inputs: { thrown: true } },
		retracted: { state: { kind: "retracted" }, inputs: { retracted: true } },
		contradicted: { state: { kind: "contradicted" }, inputs: { thrown: true, retracted: true } },
		jammed: { state: { kind: "jammed", position: "unknown" }, inputs: {} },
		throwing: {
			state: { kind: "throwing", cause: "command", deadlineMs: LATE, blind: false, ticket: 1 },
			inputs: {},
		},
		retracting: {
			state: { kind: "retracting", cause: "command", deadlineMs: LATE, blind: false, ticket: 1 },
			inputs: {},
		},
		reversing: { state: { kind: "reversing", cause: "exit", resumeAtMs: NOW + LIMITS.brakeMs }, inputs: {} },
	};

interface Happening {
	readonly event: "inputs" | "exit" | "throw" | "retract";
	readonly inputs?: Partial<BoltInputs>;
	readonly late?: true;
}

const HAPPENINGS: Readonly<Record<string, Happening>> = {
	nothing: { event: "inputs" },
	"is thrown": { event: "inputs", inputs: { thrown: true, retracted: false } },
	"is retracted": { event: "inputs", inputs: { thrown: false, retracted: true } },
	"is between": { event: "inputs", inputs: { thrown: false, retracted: false } },
	"is both": { event: "inputs", inputs: { thrown: true, retracted: true } },
	inhibit: { event: "inputs", inputs: { inhibited: true } },
	"door opens": { event: "inputs", inputs: { doorClosed: false } },
	"time passes": { event: "inputs", late: true },
	throw: { event: "throw" },
	retract: { event: "retract" },
	exit: { event: "exit" },
	"throw, door open": { event: "throw", inputs: { doorClosed: false } },
	"retract, door open": { event: "retract", inputs: { doorClosed: false } },
	"throw, inhibited": { event: "throw", inputs: { inhibited: true } },
	"retract, inhibited": { event: "retract", inputs: { inhibited: true } },
	"exit, inhibited": { event: "exit", inputs: { inhibited: true } },
};

/** What follows for a motor with a door contact and without relock. "=" is the same state; "!" marks the answer to the event's own command. */
const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	unknown: {
		nothing: "=",
		"is thrown": "thrown",
		"is retracted": "retracted",
		"is between": "=",
		"is both": "contradicted",
		inhibit: "=",
		"door opens": "=",
		"time passes": "=",
		throw: "throwing",
		retract: "retracting",
		exit: "retracting",
		"throw, door open": "= !inhibited",
		"retract, door open": "retracting",
		"throw, inhibited": "= !inhibited",
		"retract, inhibited": "= !inhibited",
		"exit, inhibited": "=",
	},
	thrown: {
		nothing: "=",
		"is thrown": "=",
		"is retracted": "retracted",
		"is between": "unknown",
		"is both": "contradicted",
		inhibit: "=",
		"door opens": "=",
		"time passes": "=",
		throw: "= !done",
		retract: "retracting",
		exit: "retracting",
		"throw, door open": "= !done",
		"retract, door open": "retracting",
		"throw, inhibited": "= !done",
		"retract, inhibited": "= !inhibited",
		"exit, inhibited": "=",
	},
	retracted: {
		nothing: "=",
		"is thrown": "thrown",
		"is retracted": "=",
		"is between": "unknown",
		"is both": "contradicted",
		inhibit: "=",
		"door opens": "=",
		"time passes": "=",
		throw: "throwing",
		retract: "= !done",
		exit: "=",
		"throw, door open": "= !inhibited",
		"retract, door open": "= !done",
		"throw, inhibited": "= !inhibited",
		"retract, inhibited": "= !done",
		"exit, inhibited": "=",
	},
	contradicted: {
		nothing: "=",
		"is thrown": "thrown",
		"is retracted": "retracted",
		"is between": "unknown",
		"is both": "=",
		inhibit: "=",
		"door opens": "=",
		"time passes": "=",
		throw: "= !jammed",
		retract: "= !jammed",
		exit: "retracting",
		"throw, door open": "= !jammed",
		"retract, door open": "= !jammed",
		"throw, inhibited": "= !jammed",
		"retract, inhibited": "= !jammed",
		"exit, inhibited": "=",
	},
	jammed: {
		nothing: "=",
		"is thrown": "thrown",
		"is retracted": "retracted",
		"is between": "=",
		"is both": "contradicted",
		inhibit: "=",
		"door opens": "=",
		"time passes": "=",
		throw: "throwing",
		retract: "retracting",
		exit: "retracting",
		"throw, door open": "= !inhibited",
		"retract, door open": "retracting",
		"throw, inhibited": "= !inhibited",
		"retract, inhibited": "= !inhibited",
		"exit, inhibited": "=",
	},
	throwing: {
		nothing: "=",
		"is thrown": "thrown",
		"is retracted": "=",
		"is between": "=",
		"is both": "contradicted",
		inhibit: "unknown",
		"door opens": "reversing",
		"time passes": "jammed",
		throw: "= !busy",
		retract: "= !busy",
		exit: "reversing",
		"throw, door open": "reversing !busy",
		"retract, door open": "reversing !busy",
		"throw, inhibited": "unknown !inhibited",
		"retract, inhibited": "unknown !inhibited",
		"exit, inhibited": "unknown",
	},
	retracting: {
		nothing: "=",
		"is thrown": "=",
		"is retracted": "retracted",
		"is between": "=",
		"is both": "contradicted",
		inhibit: "unknown",
		"door opens": "=",
		"time passes": "jammed",
		throw: "= !busy",
		retract: "= !busy",
		exit: "=",
		"throw, door open": "= !busy",
		"retract, door open": "= !busy",
		"throw, inhibited": "unknown !inhibited",
		"retract, inhibited": "unknown !inhibited",
		"exit, inhibited": "unknown",
	},
	reversing: {
		nothing: "=",
		"is thrown": "=",
		"is retracted": "retracted",
		"is between": "=",
		"is both": "contradicted",
		inhibit: "unknown",
		"door opens": "=",
		"time passes": "retracting",
		throw: "= !busy",
		retract: "= !busy",
		exit: "=",
		"throw, door open": "= !busy",
		"retract, door open": "= !busy",
		"throw, inhibited": "unknown !inhibited",
		"retract, inhibited": "unknown !inhibited",
		"exit, inhibited": "unknown",
	},
};

function eventOf(happening: Happening, inputs: BoltInputs): BoltEvent {
	if (happening.event === "inputs" || happening.event === "exit") return { kind: happening.event, inputs };
	return { kind: "command", inputs, motion: happening.event, ticket: 2 };
}

export default function suite(t: Suite): void {
	for (const [name, { state, inputs }] of Object.entries(STATES)) {
		t.test(`a bolt that is ${name} answers every event as the table says (T19)`, () => {
			const config = { ...DEFAULT_BOLT, relockMs: 0 };
			for (const [what, happening] of Object.entries(HAPPENINGS)) {
				const seen = { ...CLEAR, ...inputs, ...happening.inputs };
				const result = step(state, eventOf(happening, seen), happening.late === true ? LATE : NOW, config);
				const own = result.effects.find((effect) => effect.kind === "answer" && effect.ticket === 2);
				const told = own?.kind === "answer" ? ` !${own.outcome}` : "";
				const kind = result.state.kind === state.kind ? "=" : result.state.kind;
				check.equal(`${kind}${told}`, TABLE[name]![what]!, what);
			}
			check.deepEqual(Object.keys(TABLE[name]!), Object.keys(HAPPENINGS), "the table has every event");
		});
	}
}
