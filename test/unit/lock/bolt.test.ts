/** The bolt's stories, each told to the machine alone. */
import { LIMITS } from "../../../modules/base/limits.ts";
import { initial, step } from "../../../modules/lock/bolt.ts";
import {
	assertBoltConfig,
	type BoltConfig,
	DEFAULT_BOLT,
	type Motion,
	type OutputKind,
} from "../../../modules/lock/bolt-config.ts";
import {
	type BoltEffect,
	type BoltInputs,
	type BoltState,
	isDriving,
	reportOf,
	wakeAtMs,
} from "../../../modules/lock/bolt-state.ts";
import { check, type Suite } from "../../harness/test.ts";

/** A bolt, its inputs and the time, so that a story reads as what happens. */
class Story {
	readonly effects: BoltEffect[] = [];
	readonly #config: BoltConfig;
	#inputs: BoltInputs;
	#state: BoltState;
	#nowMs = 0;
	#tickets = 0;

	constructor(config: Partial<BoltConfig>, inputs: Partial<BoltInputs>) {
		this.#config = { ...DEFAULT_BOLT, relockMs: 0, ...config };
		assertBoltConfig(this.#config);
		this.#inputs = { thrown: false, retracted: false, doorClosed: true, inhibited: false, ...inputs };
		const first = initial(this.#inputs, 0, this.#config);
		this.#state = first.state;
		this.effects.push(...first.effects);
	}

	get kind(): string {
		return this.#state.kind;
	}

	get wakeInMs(): number | undefined {
		const atMs = wakeAtMs(this.#state);
		return atMs === undefined ? undefined : atMs - this.#nowMs;
	}

	see(inputs: Partial<BoltInputs>, afterMs = 0): string[] {
		this.#nowMs += afterMs;
		this.#inputs = { ...this.#inputs, ...inputs };
		return this.#apply(
			step(this.#state, { kind: "inputs", inputs: this.#inputs }, this.#nowMs, this.#config),
		);
	}

	/** Goes on to when the machine asked to be woken. */
	wake(): string[] {
		check.notEqual(this.wakeInMs, undefined, "somebody waits");
		return this.see({}, this.wakeInMs);
	}

	command(motion: Motion): string[] {
		const event = { kind: "command", inputs: this.#inputs, motion, ticket: ++this.#tickets } as const;
		return this.#apply(step(this.#state, event, this.#nowMs, this.#config));
	}

	exit(): string[] {
		return this.#apply(step(this.#state, { kind: "exit", inputs: this.#inputs }, this.#nowMs, this.#config));
	}

	#apply(result: { readonly state: BoltState; readonly effects: readonly BoltEffect[] }): string[] {
		this.#state = result.state;
		this.effects.push(...result.effects);
		return result.effects.filter((effect) => effect.kind !== "cut").map(say);
	}
}

function say(effect: BoltEffect): string {
	switch (effect.kind) {
		case "energise":
			return `${effect.role} ${effect.maximumMs}`;
		case "cut":
			return `cut ${effect.role}`;
		case "changed":
			return `${effect.bolt} by ${effect.cause}`;
		case "fault":
			return effect.fault;
		case "answer":
			return `#${effect.ticket} ${effect.outcome}`;
	}
}

const TRAVEL = LIMITS.travelMs;

export default function suite(t: Suite): void {
	t.test("at boot the position is read and nothing is driven, whatever the inputs say (T19)", () => {
		for (const output of ["motor", "fail-secure", "fail-safe"] as const) {
			for (const thrown of [false, true]) {
				for (const retracted of [false, true]) {
					const story = new Story({ output, relockMs: 1000 }, { thrown, retracted });
					const expected = thrown
						? retracted
							? "contradicted"
							: "thrown"
						: retracted
							? "retracted"
							: "unknown";
					check.equal(story.kind, expected);
					check.ok(
						story.effects.every((effect) => effect.kind === "fault"),
						"nothing is driven",
					);
				}
			}
		}
	});

	t.test("a throw drives until the position is reached, is cut early, brakes and answers", () => {
		const story = new Story({}, { retracted: true });
		check.deepEqual(story.command("throw"), [`drive-throw ${TRAVEL}`, "throwing by command"]);
		check.deepEqual(story.see({ retracted: false }, 100), []);
		check.deepEqual(story.see({ thrown: true }, 400), [
			`brake ${LIMITS.brakeMs}`,
			"thrown by command",
			"#1 done",
		]);
		check.ok(
			story.effects.some((effect) => effect.kind === "cut" && effect.role === "drive-throw"),
			"cut",
		);
		check.equal(story.wakeInMs, undefined);
	});

	t.test(
		"a bolt that has left its position and does not arrive is jammed at the deadline, not before (T19)",
		() => {
			const story = new Story({}, { retracted: true });
			story.command("throw");
			story.see({ retracted: false }, 100);
			check.deepEqual(story.see({}, TRAVEL - 101), []);
			check.equal(story.kind, "throwing");
			check.deepEqual(story.see({}, 1), ["jammed by command", "bolt/jam", "#1 jammed"]);
		},
	);

	t.test("a position reached in the same moment as the deadline counts as reached", () => {
		const story = new Story({}, { retracted: true });
		story.command("throw");
		story.see({ retracted: false }, 100);
		check.deepEqual(story.see({ thrown: true }, TRAVEL - 100), [
			`brake ${LIMITS.brakeMs}`,
			"thrown by command",
			"#1 done",
		]);
	});

	t.test("a bolt that never leaves its position has stalled, and is cut before the deadline (T19)", () => {
		const story = new Story({}, { thrown: true });
		story.command("retract");
		check.equal(story.wakeInMs, LIMITS.stallMs);
		check.deepEqual(story.wake(), ["jammed by command", "bolt/stall", "#1 jammed"]);
	});

	t.test("a bolt that moves late but moves has not stalled", () => {
		const story = new Story({}, { thrown: true });
		story.command("retract");
		story.see({ thrown: false }, LIMITS.stallMs - 1);
		check.deepEqual(story.see({}, 2), []);
		check.deepEqual(story.see({ retracted: true }, 100), [
			`brake ${LIMITS.brakeMs}`,
			"retracted by command",
			"#1 done",
		]);
	});

	t.test(
		"a jammed bolt tries again on the next command, and leaves the jam when a hand moves it to an end",
		() => {
			const story = new Story({}, { retracted: true });
			story.command("throw");
			story.see({ retracted: false }, 10);
			story.see({}, TRAVEL);
			check.equal(story.kind, "jammed");
			check.deepEqual(story.command("retract"), [`drive-retract ${TRAVEL}`, "retracting by command"]);
			story.see({}, TRAVEL);
			check.equal(story.kind, "jammed");
			check.deepEqual(story.see({ thrown: true }, 500), ["thrown by manual"]);
		},
	);

	t.test("sensors that contradict each other cut the motion and are a fault, not a position (T19)", () => {
		const story = new Story({}, { thrown: true });
		story.command("retract");
		check.deepEqual(story.see({ retracted: true }, 50), ["unknown by fault", "bolt/sensors", "#1 jammed"]);
		check.deepEqual(story.command("retract"), ["#2 jammed"]);
		check.deepEqual(story.command("throw"), ["#3 jammed"]);
		check.deepEqual(story.see({ thrown: false }), ["retracted by manual"]);
	});

	t.test("the exit button opens past lying sensors: it drives the whole travel time, then reads", () => {
		const story = new Story({}, { thrown: true, retracted: true });
		check.deepEqual(story.exit(), [`drive-retract ${TRAVEL}`, "retracting by exit"]);
		check.deepEqual(story.see({ thrown: false }, 500), []);
		check.deepEqual(story.see({}, TRAVEL - 500), ["retracted by exit"]);
		const liar = new Story({}, { thrown: true, retracted: true });
		liar.exit();
		check.deepEqual(liar.see({}, TRAVEL), ["unknown by fault", "bolt/sensors"]);
	});

	t.test("a hand on the thumb turn is reported and starts no motor", () => {
		const story = new Story({}, { thrown: true });
		check.deepEqual(story.see({ thrown: false }), ["unknown by manual"]);
		check.deepEqual(story.see({ retracted: true }, 300), ["retracted by manual"]);
		check.equal(story.effects.filter((effect) => effect.kind === "energise").length, 0);
	});

	t.test("the exit button retracts, and pressed again never throws", () => {
		const story = new Story({}, { thrown: true });
		check.deepEqual(story.exit(), [`drive-retract ${TRAVEL}`, "retracting by exit"]);
		check.deepEqual(story.exit(), []);
		story.see({ thrown: false }, 50);
		story.see({ retracted: true }, 300);
		check.deepEqual(story.exit(), []);
		check.equal(story.kind, "retracted");
	});

	t.test(
		"the exit button during a throw stands the motor under the brake and turns it back; the command learns busy",
		() => {
			const story = new Story({}, { retracted: true });
			story.command("throw");
			story.see({ retracted: false }, 100);
			check.deepEqual(story.exit(), [`brake ${LIMITS.brakeMs}`, "retracting by exit", "#1 busy"]);
			check.equal(story.wakeInMs, LIMITS.brakeMs);
			check.deepEqual(story.wake(), [`drive-retract ${TRAVEL}`, "retracting by exit"]);
			check.deepEqual(story.see({ retracted: true }, 100), [`brake ${LIMITS.brakeMs}`, "retracted by exit"]);
		},
	);

	t.test("a door that opens during a throw turns the bolt back, and the command learns inhibited", () => {
		const story = new Story({ relockMs: 5000 }, { retracted: true });
		story.wake();
		story.see({ retracted: false }, 50);
		check.deepEqual(story.see({ doorClosed: false }, 50), [
			`brake ${LIMITS.brakeMs}`,
			"retracting by relock",
		]);
		story.wake();
		story.see({ retracted: true }, 100);
		check.equal(story.wakeInMs, undefined, "no relock while the door is open");
		story.see({ doorClosed: true }, 60000);
		check.equal(story.wakeInMs, 5000, "the whole time again");
	});

	t.test("without a door contact an open door changes nothing", () => {
		const story = new Story({ doorContact: false }, { retracted: true, doorClosed: false });
		check.deepEqual(story.command("throw"), [`drive-throw ${TRAVEL}`, "throwing by command"]);
	});

	t.test("inhibit cuts a motion at once and refuses the next, and the command learns inhibited", () => {
		const story = new Story({}, { retracted: true });
		story.command("throw");
		story.see({ retracted: false }, 100);
		check.deepEqual(story.see({ inhibited: true }, 10), ["unknown by command", "#1 inhibited"]);
		check.deepEqual(story.command("throw"), ["#2 inhibited"]);
		check.deepEqual(story.exit(), []);
		story.see({ inhibited: false });
		check.deepEqual(story.command("throw"), [`drive-throw ${TRAVEL}`, "throwing by command"]);
	});

	t.test("the relock timer throws after its time, for whatever retracted the bolt", () => {
		for (const how of ["command", "exit", "manual"] as const) {
			const story = new Story({ relockMs: 5000 }, { thrown: true });
			if (how === "command") story.command("retract");
			if (how === "exit") story.exit();
			story.see({ thrown: false }, 10);
			story.see({ retracted: true }, 10);
			check.equal(story.wakeInMs, 5000);
			check.deepEqual(story.see({}, 4999), []);
			check.deepEqual(story.see({}, 1), [`drive-throw ${TRAVEL}`, "throwing by relock"]);
		}
	});

	t.test(
		"the exit button starts the relock time anew; a bolt that boots retracted relocks too, after its whole time",
		() => {
			const story = new Story({ relockMs: 5000 }, { retracted: true });
			check.equal(story.wakeInMs, 5000);
			story.see({}, 4000);
			story.exit();
			check.equal(story.wakeInMs, 5000);
			check.equal(new Story({ relockMs: 0 }, { retracted: true }).wakeInMs, undefined);
		},
	);

	t.test("a relock that jams is not tried again by itself", () => {
		const story = new Story({ relockMs: 5000 }, { retracted: true });
		story.wake();
		check.deepEqual(story.wake(), ["jammed by relock", "bolt/stall"]);
		check.equal(story.wakeInMs, undefined);
	});

	t.test("a second command during a motion is busy and leaves the first one alone", () => {
		const story = new Story({}, { retracted: true });
		story.command("throw");
		check.deepEqual(story.command("throw"), ["#2 busy"]);
		check.deepEqual(story.command("retract"), ["#3 busy"]);
		story.see({ retracted: false }, 10);
		check.deepEqual(story.see({ thrown: true }, 10), [
			`brake ${LIMITS.brakeMs}`,
			"thrown by command",
			"#1 done",
		]);
	});

	t.test("a fail-secure solenoid is pulled for one hold, which ends by itself, and its spring throws", () => {
		const story = new Story({ output: "fail-secure" }, { thrown: true });
		check.deepEqual(story.command("retract"), [
			`drive-retract ${TRAVEL + LIMITS.holdMs}`,
			"retracting by command",
		]);
		story.see({ thrown: false }, 10);
		check.deepEqual(story.see({ retracted: true }, 90), ["retracted by command", "#1 done"]);
		check.deepEqual(story.see({}, 1000), []);
		check.deepEqual(story.wake(), ["throwing by relock"]);
		story.see({ retracted: false }, 10);
		check.deepEqual(story.see({ thrown: true }, 10), ["thrown by relock"]);
	});

	t.test("a fail-secure solenoid lets go on a throw, and the exit button holds it anew", () => {
		const story = new Story({ output: "fail-secure" }, { thrown: true });
		story.command("retract");
		story.see({ thrown: false, retracted: true }, 100);
		story.see({}, 3000);
		check.deepEqual(story.exit(), [`drive-retract ${TRAVEL + LIMITS.holdMs}`]);
		check.deepEqual(story.command("throw"), ["throwing by command"]);
		check.deepEqual(
			say(story.effects.filter((effect) => effect.kind === "cut").at(-1)!),
			"cut drive-retract",
		);
		check.deepEqual(story.see({ thrown: true, retracted: false }, 50), ["thrown by command", "#2 done"]);
		check.equal(story.wakeInMs, undefined);
	});

	t.test("a fail-safe output stays on by renewal before its native cut, and lets go on a retract", () => {
		const story = new Story({ output: "fail-safe" }, { retracted: true });
		check.deepEqual(story.command("throw"), [`drive-throw ${LIMITS.energiseMaxMs}`, "throwing by command"]);
		check.deepEqual(story.see({ retracted: false, thrown: true }, 40), ["thrown by command", "#1 done"]);
		check.ok(LIMITS.holdRenewMs < LIMITS.energiseMaxMs);
		check.equal(story.wakeInMs, LIMITS.holdRenewMs - 40);
		check.deepEqual(story.wake(), [`drive-throw ${LIMITS.energiseMaxMs}`]);
		check.equal(story.wakeInMs, LIMITS.holdRenewMs);
		check.deepEqual(story.command("retract"), ["retracting by command"]);
		check.deepEqual(story.see({ thrown: false, retracted: true }, 40), ["retracted by command", "#2 done"]);
		check.equal(story.wakeInMs, undefined);
	});

	t.test("a fail-safe output that somebody rattles at stays on", () => {
		const story = new Story({ output: "fail-safe" }, { retracted: true });
		story.command("throw");
		story.see({ retracted: false, thrown: true }, 40);
		const before = story.effects.length;
		story.see({ thrown: false }, 100);
		story.see({ thrown: true }, 100);
		check.deepEqual(story.effects.slice(before).map(say), ["unknown by manual", "thrown by manual"]);
		check.equal(story.wakeInMs, LIMITS.holdRenewMs - 240);
	});

	t.test("a fail-safe bolt that boots thrown is held only by a command", () => {
		const story = new Story({ output: "fail-safe" }, { thrown: true });
		check.equal(story.wakeInMs, undefined);
		check.deepEqual(story.command("throw"), [`drive-throw ${LIMITS.energiseMaxMs}`, "#1 done"]);
	});

	t.test("while it travels it says that it drives, and at rest and while held it does not", () => {
		const held: BoltState = { kind: "thrown", holdUntilMs: 1 };
		check.ok(!isDriving(held));
		check.ok(isDriving({ kind: "reversing", cause: "exit", resumeAtMs: 0 }));
		check.equal(reportOf({ kind: "reversing", cause: "exit", resumeAtMs: 0 }), "retracting");
		check.equal(reportOf({ kind: "contradicted" }), "unknown");
	});

	t.test("a board's table with impossible times does not pass", () => {
		const wrong: Partial<BoltConfig>[] = [
			{ travelMs: 0 },
			{ travelMs: 2000.5 },
			{ stallMs: 2000 },
			{ relockMs: -1 },
			{ holdMs: 9000, output: "fail-secure" as OutputKind },
			{ travelMs: 10001 },
			{ relockMs: LIMITS.relockMaxMs + 1 },
		];
		for (const part of wrong)
			check.throws(() => assertBoltConfig({ ...DEFAULT_BOLT, ...part }), "AssertionFault");
		assertBoltConfig({ ...DEFAULT_BOLT, output: "fail-secure", holdMs: 8000 });
	});
}
