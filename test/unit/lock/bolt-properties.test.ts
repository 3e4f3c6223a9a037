/** What holds in every state, under every event, with every input, for every kind of output. */
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

const CONFIGS: readonly BoltConfig[] = [true, false].flatMap((doorContact) => [
	...[0, 5000].flatMap((relockMs) => [
		...[0, 100].map((brakeMs) => ({
			...DEFAULT_BOLT,
			output: "motor" as const,
			doorContact,
			relockMs,
			brakeMs,
		})),
		{ ...DEFAULT_BOLT, output: "fail-safe" as const, doorContact, relockMs },
	]),
	{ ...DEFAULT_BOLT, output: "fail-secure" as const, doorContact, relockMs: 0 },
]);

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

const EVENTS = [
	{ kind: "inputs" },
	{ kind: "exit" },
	{ kind: "command", motion: "throw", ticket: 2 },
	{ kind: "command", motion: "retract", ticket: 2 },
] as const;

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

/** Asks whether it holds for every state x event x inputs x configuration; returns how many there were. */
function everyCell(holds: (cell: Cell) => boolean): number {
	let cells = 0;
	for (const config of CONFIGS) {
		for (const state of statesOf(config.output)) {
			for (const inputs of ALL_INPUTS) {
				for (const event of EVENTS) {
					const cell = {
						config,
						state,
						event: { ...event, inputs },
						result: step(state, { ...event, inputs }, NOW, config),
					};
					if (!holds(cell)) check.fail(JSON.stringify(cell));
					cells++;
				}
			}
		}
	}
	return cells;
}

/** An output that is kept on past its motion is not a motion. */
function isKept({ config, state }: Cell): boolean {
	return config.output === "fail-safe" && !isDriving(state) && "holdUntilMs" in state;
}

function drives(effects: readonly BoltEffect[]): BoltEffect[] {
	return effects.filter((effect) => effect.kind === "energise" && effect.role !== "brake");
}

function ticketOf(state: BoltState): number | undefined {
	return "ticket" in state ? state.ticket : undefined;
}

export default function suite(t: Suite): void {
	t.test(
		"nothing but a command, the exit button, the relock or a hold that is kept makes an output live (I2)",
		({ note }) => {
			const cells = everyCell((cell) => {
				const { state, event, result } = cell;
				if (event.kind !== "inputs" || drives(result.effects).length === 0) return true;
				const due = (wakeAtMs(state) ?? NOW + 1) <= NOW;
				const turnsBack = state.kind === "reversing" && due;
				const relocks = state.kind === "retracted" && (state.relockAtMs ?? NOW + 1) <= NOW;
				return turnsBack || relocks || (isKept(cell) && due);
			});
			note(`${cells} combinations of state, event, inputs and configuration`);
		},
	);

	t.test(
		"an output goes live only after what opposes it was cut in the same step, never for longer than the limit (T19)",
		() => {
			everyCell(({ config, result }) => {
				const { roles } = OUTPUT_PLANS[config.output];
				const live = new Set<string>(roles);
				for (const effect of result.effects) {
					if (effect.kind === "cut") live.delete(effect.role);
					if (effect.kind !== "energise") continue;
					const bounded = effect.maximumMs >= 1 && effect.maximumMs <= LIMITS.energiseMaxMs;
					const free = effect.role === "brake" ? live.size < roles.length : live.size === 0;
					if (!bounded || !free || !roles.includes(effect.role)) return false;
					live.add(effect.role);
				}
				return true;
			});
		},
	);

	t.test("under inhibit no output goes live but one that is kept on, and a driven motion ends", () => {
		everyCell((cell) => {
			if (!cell.event.inputs.inhibited) return true;
			if (cell.config.output === "motor" && isDriving(cell.result.state)) return false;
			return isKept(cell) || drives(cell.result.effects).length === 0;
		});
	});

	t.test(
		"with a door contact nothing drives the bolt out while the door is open, and a throw under way turns back",
		() => {
			everyCell((cell) => {
				const { config, event, result } = cell;
				if (!config.doorContact || event.inputs.doorClosed || config.output === "fail-secure") return true;
				if (result.state.kind === "throwing") return false;
				return (
					isKept(cell) ||
					drives(result.effects).every(
						(effect) => effect.kind !== "energise" || effect.role !== "drive-throw",
					)
				);
			});
		},
	);

	t.test("when a motion ends its output is cut, unless it holds the bolt where it is", () => {
		everyCell(({ config, state, result }) => {
			if (!isDriving(state) || isDriving(result.state) || state.kind === "reversing") return true;
			const { role } = OUTPUT_PLANS[config.output][state.kind === "throwing" ? "throw" : "retract"];
			if (role === undefined || "holdUntilMs" in result.state) return true;
			return result.effects.some((effect) => effect.kind === "cut" && effect.role === role);
		});
	});

	t.test("every command is answered exactly once, now or by the motion that carries its ticket", () => {
		everyCell(({ state, event, result }) => {
			const open = [ticketOf(state), event.kind === "command" ? event.ticket : undefined];
			const answered = result.effects.map((effect) => (effect.kind === "answer" ? effect.ticket : undefined));
			const given = (tickets: readonly (number | undefined)[]): string =>
				tickets
					.filter((ticket) => ticket !== undefined)
					.sort()
					.join();
			return given([...answered, ticketOf(result.state)]) === given(open);
		});
	});

	t.test(
		"whoever is told what the bolt is called is told each change of it, last the name that holds",
		() => {
			everyCell(({ state, result }) => {
				let name = reportOf(state);
				for (const effect of result.effects) if (effect.kind === "changed") name = effect.bolt;
				return name === reportOf(result.state);
			});
		},
	);

	t.test(
		"from every state, with any inputs, the bolt is at rest by itself within two travel times (T19)",
		() => {
			const lastMs = NOW + 1000 + 2 * LIMITS.travelMs + 2 * LIMITS.brakeMs;
			everyCell(({ config, event, result }) => {
				let { state } = result;
				for (let steps = 0; isDriving(state); steps++) {
					const atMs = wakeAtMs(state)!;
					if (steps === 8 || atMs > lastMs) return false;
					state = step(state, { kind: "inputs", inputs: event.inputs }, Math.max(atMs, NOW), config).state;
				}
				return true;
			});
		},
	);
}
