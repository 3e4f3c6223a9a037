/** Every state of the bolt under every event, as one table, and what must hold in every cell of it. */
import { LIMITS } from "../../../modules/base/limits.ts";
import { step } from "../../../modules/lock/bolt.ts";
import {
	type BoltConfig,
	DEFAULT_BOLT,
	OUTPUT_PLANS,
	type OutputKind,
} from "../../../modules/lock/bolt-config.ts";
import {
	type BoltEffect,
	type BoltEvent,
	type BoltInputs,
	type BoltState,
	type BoltStep,
	isDriving,
	reportOf,
	wakeAtMs,
} from "../../../modules/lock/bolt-state.ts";
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

const CONFIGS: readonly BoltConfig[] = (["motor", "fail-secure", "fail-safe"] as const).flatMap((output) =>
	[0, 5000].flatMap((relockMs) =>
		[true, false].flatMap((doorContact) =>
			[0, 100].map((brakeMs) => ({ ...DEFAULT_BOLT, output, relockMs, doorContact, brakeMs })),
		),
	),
);

/** Every shape that a state of this kind of output can have. */
function statesOf(output: OutputKind): BoltState[] {
	const moving = (["throwing", "retracting"] as const).flatMap((kind) =>
		[{}, { stallAtMs: NOW }, { stallAtMs: NOW + 500 }].flatMap((stall) =>
			[{}, { ticket: 1 }].flatMap((ticket) =>
				[NOW, NOW + 1000].map(
					(deadlineMs): BoltState => ({
						kind,
						cause: "command",
						deadlineMs,
						blind: false,
						...stall,
						...ticket,
						...(OUTPUT_PLANS[output][kind === "throwing" ? "throw" : "retract"].after === "cut"
							? {}
							: { holdUntilMs: NOW + 6000 }),
					}),
				),
			),
		),
	);
	const rest = (["unknown", "thrown", "retracted", "contradicted"] as const).flatMap((kind) =>
		[{}, { holdUntilMs: NOW }, { holdUntilMs: NOW + 500 }]
			.filter((hold) => output !== "motor" || !("holdUntilMs" in hold))
			.map((hold): BoltState => ({ kind, ...hold })),
	);
	const relocking =
		output === "fail-secure"
			? []
			: [NOW, NOW + 500].map((relockAtMs): BoltState => ({ kind: "retracted", relockAtMs }));
	return [
		...rest,
		...relocking,
		...moving,
		{ kind: "retracting", cause: "exit", deadlineMs: NOW, blind: true },
		{ kind: "retracting", cause: "exit", deadlineMs: NOW + 500, blind: true },
		...(["unknown", "thrown", "retracted", "contradicted"] as const).map(
			(position): BoltState => ({ kind: "jammed", position }),
		),
		{ kind: "reversing", cause: "exit", resumeAtMs: NOW },
		{ kind: "reversing", cause: "relock", resumeAtMs: NOW + 50 },
	];
}

const ALL_INPUTS: readonly BoltInputs[] = Array.from({ length: 16 }, (_, bits) => ({
	thrown: (bits & 1) !== 0,
	retracted: (bits & 2) !== 0,
	doorClosed: (bits & 4) !== 0,
	inhibited: (bits & 8) !== 0,
}));

interface Cell {
	readonly config: BoltConfig;
	readonly state: BoltState;
	readonly event: BoltEvent;
	readonly result: BoltStep;
}

/** Calls visit with every state x event x inputs x configuration; returns how many there were. */
function everyCell(visit: (cell: Cell) => void): number {
	let cells = 0;
	for (const config of CONFIGS) {
		for (const state of statesOf(config.output)) {
			for (const inputs of ALL_INPUTS) {
				for (const happening of ["inputs", "exit", "throw", "retract"] as const) {
					const event = eventOf({ event: happening }, inputs);
					visit({ config, state, event, result: step(state, event, NOW, config) });
					cells++;
				}
			}
		}
	}
	return cells;
}

function drives(effects: readonly BoltEffect[]): BoltEffect[] {
	return effects.filter((effect) => effect.kind === "energise" && effect.role !== "brake");
}

function ticketOf(state: BoltState): number | undefined {
	return "ticket" in state ? state.ticket : undefined;
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

	t.test(
		"nothing but a command, the exit button, the relock or a hold that is kept makes an output live (I2)",
		({ note }) => {
			const cells = everyCell(({ config, state, event, result }) => {
				if (event.kind !== "inputs" || drives(result.effects).length === 0) return;
				const due = wakeAtMs(state) !== undefined && wakeAtMs(state)! <= NOW;
				const turnsBack = state.kind === "reversing" && due;
				const relocks =
					state.kind === "retracted" && state.relockAtMs !== undefined && state.relockAtMs <= NOW;
				const keeps = config.output === "fail-safe" && "holdUntilMs" in state && state.holdUntilMs! <= NOW;
				check.ok(
					turnsBack || relocks || keeps,
					`${config.output} ${JSON.stringify(state)} ${JSON.stringify(event)}`,
				);
			});
			note(`${cells} combinations of state, event, inputs and configuration`);
		},
	);

	t.test(
		"an output goes live only after everything that opposes it was cut in the same step, and never for longer than the limit (T19)",
		() => {
			everyCell(({ config, result }) => {
				const { roles } = OUTPUT_PLANS[config.output];
				const live = new Set<string>(roles);
				for (const effect of result.effects) {
					if (effect.kind === "cut") live.delete(effect.role);
					if (effect.kind !== "energise") continue;
					check.ok(effect.maximumMs >= 1 && effect.maximumMs <= LIMITS.energiseMaxMs, "bounded");
					check.ok(roles.includes(effect.role), "a role of this kind");
					if (effect.role === "brake") check.ok(live.size < roles.length, "the motion's output first");
					else check.deepEqual([...live], [], JSON.stringify(result));
					live.add(effect.role);
				}
			});
		},
	);

	t.test("under inhibit no output goes live but one that is kept on, and a driven motion ends", () => {
		everyCell(({ config, state, event, result }) => {
			if (!event.inputs.inhibited) return;
			const kept = config.output === "fail-safe" && "holdUntilMs" in state && !isDriving(state);
			if (!kept)
				check.deepEqual(drives(result.effects), [], `${JSON.stringify(state)} ${JSON.stringify(event)}`);
			if (config.output === "motor") check.ok(!isDriving(result.state), "a motor stands");
		});
	});

	t.test(
		"with a door contact no output throws the bolt while the door is open, and a throw under way turns back",
		() => {
			everyCell(({ config, state, event, result }) => {
				if (!config.doorContact || event.inputs.doorClosed || config.output === "fail-secure") return;
				const kept = config.output === "fail-safe" && "holdUntilMs" in state && !isDriving(state);
				const throws = drives(result.effects).some(
					(effect) => effect.kind === "energise" && effect.role === "drive-throw",
				);
				if (!kept) check.ok(!throws, `${JSON.stringify(state)} ${JSON.stringify(event)}`);
				check.notEqual(result.state.kind, "throwing");
			});
		},
	);

	t.test("when a motion ends its output is cut, unless it holds the bolt where it is", () => {
		everyCell(({ config, state, result }) => {
			if (!isDriving(state) || isDriving(result.state) || state.kind === "reversing") return;
			const { role } = OUTPUT_PLANS[config.output][state.kind === "throwing" ? "throw" : "retract"];
			if (role === undefined || "holdUntilMs" in result.state) return;
			check.ok(
				result.effects.some((effect) => effect.kind === "cut" && effect.role === role),
				JSON.stringify(result),
			);
		});
	});

	t.test("every command is answered exactly once, now or by the motion that carries its ticket", () => {
		everyCell(({ state, event, result }) => {
			const open = [ticketOf(state), event.kind === "command" ? event.ticket : undefined].filter(
				(ticket) => ticket !== undefined,
			);
			const answered = result.effects
				.filter((effect) => effect.kind === "answer")
				.map((effect) => effect.ticket);
			const kept = [ticketOf(result.state)].filter((ticket) => ticket !== undefined);
			check.deepEqual(
				[...answered, ...kept].sort(),
				open.sort(),
				`${JSON.stringify(state)} ${JSON.stringify(event)}`,
			);
		});
	});

	t.test(
		"whoever is told what the bolt is called is told each change of it, last the name that holds",
		() => {
			everyCell(({ state, result }) => {
				const told = result.effects
					.filter((effect) => effect.kind === "changed")
					.map((effect) => effect.bolt);
				if (told.length > 0)
					check.equal(told[told.length - 1], reportOf(result.state), JSON.stringify(result));
				else
					check.equal(
						reportOf(result.state),
						reportOf(state),
						`${JSON.stringify(state)} -> ${JSON.stringify(result)}`,
					);
			});
		},
	);

	t.test(
		"from every state, with any inputs, the bolt is at rest by itself within two travel times (T19)",
		() => {
			everyCell(({ config, event, result }) => {
				let { state } = result;
				const inputs = { ...event.inputs };
				for (let steps = 0; isDriving(state); steps++) {
					const atMs = wakeAtMs(state)!;
					check.ok(
						steps < 8 && atMs <= NOW + 1000 + 2 * LIMITS.travelMs + 2 * LIMITS.brakeMs,
						JSON.stringify(state),
					);
					state = step(state, { kind: "inputs", inputs }, Math.max(atMs, NOW), config).state;
				}
			});
		},
	);
}
