/** Buttons: the machine alone in every state, then bound to pins and a clock. */
import { LIMITS } from "../../../modules/base/limits.ts";
import { type ButtonState, buttonWakeAtMs, initialButton, stepButton } from "../../../modules/lock/button.ts";
import { ButtonDriver } from "../../../modules/lock/button-driver.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimBoard } from "../../sim/board.ts";

const DEBOUNCE = LIMITS.shortPressMinMs;
const DOWN = 5000;

/** [state, down, ms since `DOWN`] -> [next kind, gestures]. */
const TABLE: readonly (readonly [ButtonState, boolean, number, ButtonState["kind"], string])[] = [
	[{ kind: "up" }, false, 0, "up", ""],
	[{ kind: "up" }, true, 0, "settling", ""],
	[{ kind: "stuck" }, true, 60000, "stuck", ""],
	[{ kind: "stuck" }, false, 60000, "up", ""],
	[{ kind: "spent" }, true, 60000, "spent", ""],
	[{ kind: "spent" }, false, 60000, "up", ""],
	[{ kind: "settling", downMs: DOWN }, true, DEBOUNCE - 1, "settling", ""],
	[{ kind: "settling", downMs: DOWN }, false, DEBOUNCE - 1, "up", ""],
	[{ kind: "settling", downMs: DOWN }, true, DEBOUNCE, "held", "press"],
	[{ kind: "settling", downMs: DOWN }, false, DEBOUNCE, "releasing", "press"],
	[{ kind: "settling", downMs: DOWN }, true, LIMITS.resetHoldMs, "spent", "press reset"],
	[{ kind: "held", downMs: DOWN }, true, LIMITS.resetHoldMs - 1, "held", ""],
	[{ kind: "held", downMs: DOWN }, true, LIMITS.resetHoldMs, "spent", "reset"],
	[{ kind: "held", downMs: DOWN }, false, LIMITS.resetHoldMs - 1, "releasing", ""],
	[{ kind: "held", downMs: DOWN }, false, LIMITS.resetHoldMs, "releasing", ""],
	[{ kind: "releasing", downMs: DOWN, upMs: DOWN + 100 }, true, 101, "held", ""],
	[{ kind: "releasing", downMs: DOWN, upMs: DOWN + 100 }, false, 101, "releasing", ""],
	[{ kind: "releasing", downMs: DOWN, upMs: DOWN + 100 }, false, 100 + DEBOUNCE, "up", "short"],
	[{ kind: "releasing", downMs: DOWN, upMs: DOWN + 100 }, true, 100 + DEBOUNCE, "settling", "short"],
	[{ kind: "releasing", downMs: DOWN, upMs: DOWN + 1999 }, false, 3000, "up", "short"],
	[{ kind: "releasing", downMs: DOWN, upMs: DOWN + 2000 }, false, 3000, "up", ""],
	[{ kind: "releasing", downMs: DOWN, upMs: DOWN + 2000 }, true, 3000, "settling", ""],
	[{ kind: "releasing", downMs: DOWN, upMs: DOWN + 12000 }, false, 13000, "up", ""],
];

/** What a hand does: [level, for how long], and the gestures that come of it. */
function play(
	crypto: ConstructorParameters<typeof SimBoard>[0]["crypto"],
	hand: readonly (readonly [boolean, number])[],
): string {
	const board = new SimBoard({ crypto });
	const gestures: string[] = [];
	const [first, ...rest] = hand;
	board.hardware.set("button", first![0]);
	const { clock, pins } = board.boot();
	const startMs = board.time.nowMs;
	new ButtonDriver(clock, pins, "button", (gesture) =>
		gestures.push(`${gesture}@${board.time.nowMs - startMs}`),
	);
	board.time.advance(first![1]);
	for (const [down, ms] of rest) {
		board.hardware.set("button", down);
		board.time.advance(ms);
	}
	check.equal(board.pending, 0, "no timer is left");
	return gestures.join(" ");
}

export default function suite(t: Suite): void {
	t.test("the button's machine answers every state as the table says", () => {
		for (const [state, down, afterMs, kind, gestures] of TABLE) {
			const result = stepButton(state, { down }, DOWN + afterMs);
			check.equal(result.state.kind, kind, JSON.stringify([state, down, afterMs]));
			check.equal(result.effects.join(" "), gestures, JSON.stringify([state, down, afterMs]));
		}
	});

	t.test("the machine asks to be woken exactly where time alone changes something", () => {
		const kinds = new Set(TABLE.map(([state]) => state.kind));
		check.equal(kinds.size, 6);
		for (const [state] of TABLE) {
			const atMs = buttonWakeAtMs(state);
			const down = state.kind !== "releasing" && state.kind !== "up";
			if (atMs === undefined) check.equal(stepButton(state, { down }, DOWN + 1e9).state.kind, state.kind);
			else check.notEqual(stepButton(state, { down }, atMs).state.kind, state.kind);
		}
		check.equal(initialButton(false).kind, "up");
		check.equal(initialButton(true).kind, "stuck");
	});

	t.test("a short press is a press at once and short when let go", ({ crypto }) => {
		check.equal(
			play(crypto, [
				[false, 100],
				[true, 200],
				[false, 100],
			]),
			"press@130 short@330",
		);
	});

	t.test("a touch shorter than the bounce time is nothing", ({ crypto }) => {
		check.equal(
			play(crypto, [
				[false, 100],
				[true, 29],
				[false, 100],
			]),
			"",
		);
	});

	t.test("bounce on both edges makes one gesture of one press", ({ crypto }) => {
		const bounce: (readonly [boolean, number])[] = [
			[true, 3],
			[false, 2],
			[true, 4],
			[false, 1],
		];
		check.equal(
			play(crypto, [
				[false, 100],
				...bounce,
				[true, 300],
				[false, 4],
				[true, 2],
				[false, 3],
				[true, 1],
				[false, 200],
			]),
			"press@140 short@450",
		);
	});

	t.test(
		"a hold of ten seconds is a reset while the button is still down, and not a short press when let go (T20)",
		({ crypto }) => {
			check.equal(
				play(crypto, [
					[false, 100],
					[true, 15000],
					[false, 500],
				]),
				"press@130 reset@10100",
			);
		},
	);

	t.test("a hold of ten seconds that trembles once is still a reset", ({ crypto }) => {
		check.equal(
			play(crypto, [
				[false, 100],
				[true, 6000],
				[false, 5],
				[true, 6000],
				[false, 500],
			]),
			"press@130 reset@10100",
		);
	});

	t.test("a hold let go between two and ten seconds is a change of mind", ({ crypto }) => {
		check.equal(
			play(crypto, [
				[false, 100],
				[true, 9999],
				[false, 500],
			]),
			"press@130",
		);
		check.equal(
			play(crypto, [
				[false, 100],
				[true, 2000],
				[false, 500],
			]),
			"press@130",
		);
		check.equal(
			play(crypto, [
				[false, 100],
				[true, 1999],
				[false, 500],
			]),
			"press@130 short@2129",
		);
	});

	t.test(
		"a button that is down at boot does nothing for as long as it stays down, and works after (T20)",
		({ crypto }) => {
			check.equal(
				play(crypto, [
					[true, 60000],
					[false, 500],
				]),
				"",
			);
			check.equal(
				play(crypto, [
					[true, 60000],
					[false, 500],
					[true, 100],
					[false, 500],
				]),
				"press@60530 short@60630",
			);
		},
	);

	t.test("ten seconds begin anew after a release", ({ crypto }) => {
		check.equal(
			play(crypto, [
				[false, 100],
				[true, 9000],
				[false, 100],
				[true, 9000],
				[false, 100],
			]),
			"press@130 press@9230",
		);
	});
}
