/** When a board joins its network again: every state with every input, and the ways that a door meets. Pure, and on Node alone: a host is no module of the engine's tests. */
import {
	JOIN_MS,
	type NetworkInput,
	type NetworkState,
	PAUSES_MS,
	stepNetwork,
} from "../../hosts/esp32/network-state.ts";
import { check, type Suite } from "../harness/test.ts";

const STATES: readonly NetworkState[] = [
	{ at: "idle" },
	{ at: "joining", tries: 0, refused: false },
	{ at: "joining", tries: 9, refused: true },
	{ at: "joined" },
	{ at: "up" },
	{ at: "waiting", tries: 3, refused: false },
	{ at: "waiting", tries: 3, refused: true },
];
const INPUTS: readonly NetworkInput[] = [
	{ on: "event", event: "down" },
	{ on: "event", event: "joined" },
	{ on: "event", event: "up" },
	{ on: "event", event: "refused" },
	{ on: "timer" },
	{ on: "begun", begun: "yes" },
	{ on: "begun", begun: "no" },
	{ on: "begun", begun: "nothing" },
	{ on: "kept" },
	{ on: "forgotten" },
];

/** Runs inputs from idle; what was told last, and all waits. */
function play(
	inputs: readonly NetworkInput[],
	joins = true,
): { state: NetworkState; joined: number; waits: number[]; told: boolean[] } {
	let state: NetworkState = { at: "idle" };
	const waits: number[] = [];
	const told: boolean[] = [];
	let joined = 0;
	for (const input of inputs) {
		const next = stepNetwork(state, input, joins);
		state = next.state;
		for (const effect of next.effects) {
			if (effect.do === "join") joined++;
			if (effect.do === "wait") waits.push(effect.ms);
			if (effect.do === "tell") told.push(effect.up);
		}
	}
	return { state, joined, waits, told };
}

export default function suite(t: Suite): void {
	t.test(
		"whatever happens to Wi-Fi, a state that needs a timer has one, and up is told exactly when it changes",
		() => {
			for (const before of STATES) {
				for (const input of INPUTS) {
					const { state, effects } = stepNetwork(before, input, true);
					const waits = effects.filter((effect) => effect.do === "wait").length;
					const changed = state.at !== before.at;
					if (changed && (state.at === "waiting" || state.at === "joining")) check.equal(waits, 1);
					const told = effects.filter((effect) => effect.do === "tell").map(({ up }) => up);
					const wanted = (state.at === "up") === (before.at === "up") ? [] : [state.at === "up"];
					check.deepEqual(told, wanted, `${before.at} ${input.on}`);
				}
			}
		},
	);

	t.test("a network that is lost is joined again, ever more slowly, and for ever", () => {
		const lost: NetworkInput[] = [{ on: "kept" }];
		for (let round = 0; round < 20; round++) lost.push({ on: "event", event: "down" }, { on: "timer" });
		const { joined, waits } = play(lost);
		check.equal(joined, 21);
		const pauses = waits.filter((ms) => ms !== JOIN_MS);
		check.deepEqual(pauses.slice(0, PAUSES_MS.length), [...PAUSES_MS]);
		check.equal(pauses.at(-1), PAUSES_MS.at(-1));
	});

	t.test(
		"a second attempt that ends as the first did is the next try; one end that is told twice is not",
		() => {
			const refused: NetworkInput = { on: "event", event: "refused" };
			const twice = play([{ on: "kept" }, refused, { on: "timer" }, refused]);
			check.deepEqual(twice.waits, [JOIN_MS, PAUSES_MS[0], JOIN_MS, PAUSES_MS[1]]);
			check.deepEqual(twice.state, { at: "waiting", tries: 2, refused: true });
			for (const before of STATES) {
				for (const event of ["down", "joined", "up", "refused"] as const) {
					const input: NetworkInput = { on: "event", event };
					const once = stepNetwork(before, input, true).state;
					check.deepEqual(
						stepNetwork(once, input, true),
						{ state: once, effects: [] },
						`${before.at} ${event}`,
					);
				}
			}
		},
	);

	t.test("a join that nobody answers ends, and comes again", () => {
		const { state, joined } = play([{ on: "kept" }, { on: "timer" }, { on: "timer" }]);
		check.deepEqual([state.at, joined], ["joining", 2]);
	});

	t.test("a connection that was up starts over without delay's memory", () => {
		const up: NetworkInput[] = [{ on: "kept" }, { on: "event", event: "down" }, { on: "timer" }];
		up.push({ on: "event", event: "joined" }, { on: "event", event: "up" }, { on: "event", event: "down" });
		check.equal(play(up).waits.at(-1), PAUSES_MS[0]);
	});

	t.test("a board with nothing to join waits for somebody to say what, and asks no radio meanwhile", () => {
		const { state, joined, waits } = play([
			{ on: "kept" },
			{ on: "begun", begun: "nothing" },
			{ on: "timer" },
		]);
		check.deepEqual([state.at, joined, waits.length], ["idle", 1, 1]);
		check.equal(play([{ on: "kept" }, { on: "begun", begun: "nothing" }, { on: "kept" }]).joined, 2);
	});

	t.test("what cannot begin is tried again: a driver that is busy is no record that is missing", () => {
		const { state, joined, waits } = play([{ on: "kept" }, { on: "begun", begun: "no" }, { on: "timer" }]);
		check.deepEqual([state.at, joined, waits], ["joining", 2, [JOIN_MS, PAUSES_MS[0], JOIN_MS]]);
	});

	t.test(
		"another network is joined once the one before was left, and a forgotten one is left from everywhere (T20)",
		() => {
			for (const before of STATES) {
				const kept = stepNetwork(before, { on: "kept" }, true);
				const began = before.at !== "idle" && before.at !== "waiting";
				check.equal(kept.effects[0]?.do, began ? "part" : "wait", before.at);
				check.equal(kept.state.at, began ? "waiting" : "joining");
				const forgotten = stepNetwork(before, { on: "forgotten" }, true);
				check.deepEqual(forgotten.state, { at: "idle" });
				check.equal(forgotten.effects[0]?.do, "part");
				const late = stepNetwork(forgotten.state, { on: "event", event: "down" }, true);
				check.deepEqual(
					[late.state, late.effects],
					[{ at: "idle" }, []],
					"its end comes later and starts nothing",
				);
			}
		},
	);

	t.test(
		"who is refused is told so while it tries again, and no longer once something else is to be joined",
		() => {
			const refused: NetworkInput[] = [{ on: "kept" }, { on: "event", event: "refused" }];
			check.deepEqual(play(refused).state, { at: "waiting", tries: 1, refused: true });
			check.deepEqual(play([...refused, { on: "timer" }]).state, { at: "joining", tries: 1, refused: true });
			check.deepEqual(play([...refused, { on: "kept" }]).state, { at: "joining", tries: 0, refused: false });
			const lost: NetworkInput[] = [...refused, { on: "timer" }, { on: "event", event: "down" }];
			check.deepEqual(play(lost).state, { at: "waiting", tries: 2, refused: false });
		},
	);

	t.test("Ethernet is never told to join, and tells when it is up and when it is not", () => {
		for (const before of STATES) {
			for (const input of INPUTS) {
				const { effects } = stepNetwork(before, input, false);
				check.ok(!effects.some((effect) => effect.do !== "tell"), `${before.at} ${input.on}`);
			}
		}
		const events = (["up", "down", "joined", "up"] as const).map(
			(event) => ({ on: "event", event }) as const,
		);
		check.deepEqual(play(events, false).told, [true, false, true]);
	});
}
