import { LINK_IDLE, type LinkEvent, type LinkState, stepLink } from "../../../modules/link/link-state.ts";
import { check, type Suite } from "../../harness/test.ts";

const SETTINGS = Object.freeze({ backoff: Object.freeze({ firstMs: 1000, maxMs: 8000 }), stableMs: 60000 });
const MOST = Object.freeze([255, 255, 255, 255]);

function closed(random: readonly number[] = MOST): LinkEvent {
	return { kind: "closed", random: Uint8Array.from(random) };
}

function look(permitted = true, relays = 2, changed = false): LinkEvent {
	return { kind: "look", permitted, relays, changed };
}

const SERIES = Object.freeze({ failures: 3, turn: 5, relays: 2 });
const STATES: readonly LinkState[] = Object.freeze([
	LINK_IDLE,
	{ kind: "blocked", ...SERIES },
	{ kind: "waiting", untilMs: 5000, ...SERIES },
	{ kind: "resolving", ...SERIES },
	{ kind: "connecting", ...SERIES },
	{ kind: "handshaking", ...SERIES },
	{ kind: "upgrading", ...SERIES },
	{ kind: "ready", sinceMs: 1000, ...SERIES },
	{ kind: "draining", again: false },
	{ kind: "draining", again: true },
]);

/** State and effects as one line. */
function show(state: LinkState, event: LinkEvent, nowMs: number): string {
	const step = stepLink(SETTINGS, state, event, nowMs);
	const again = step.state.kind === "draining" && step.state.again ? "+" : "";
	const effects = step.effects.map((effect) =>
		effect.kind === "connect" ? `connect${effect.relay}` : effect.kind,
	);
	return [step.state.kind + again, ...effects].join(" ");
}

export default function suite(t: Suite): void {
	t.test("every state answers every event as the diagram says", () => {
		const events: readonly LinkEvent[] = [
			{ kind: "start" },
			{ kind: "stop" },
			{ kind: "reconnect" },
			look(),
			look(false),
			look(true, 2, true),
			{ kind: "resolved" },
			{ kind: "reached" },
			{ kind: "connected" },
			{ kind: "opened" },
			closed(),
		];
		// start, stop, reconnect | look, look forbidden, look changed | resolved, reached, connected, opened, closed
		const expected: Readonly<Record<string, string>> = {
			idle: "blocked look, idle, idle | idle, idle, idle | idle, idle, idle, idle, idle",
			blocked:
				"blocked, idle, blocked look | resolving connect1, blocked, resolving connect0 | " +
				"blocked, blocked, blocked, blocked, blocked",
			waiting:
				"waiting, idle, blocked look | resolving connect1, blocked, resolving connect0 | " +
				"waiting, waiting, waiting, waiting, waiting",
			resolving:
				"resolving, idle abort, blocked abort look | resolving, resolving, resolving | " +
				"connecting, handshaking, upgrading, resolving, waiting wake",
			connecting:
				"connecting, idle abort, blocked abort look | connecting, connecting, connecting | " +
				"connecting, handshaking, upgrading, connecting, waiting wake",
			handshaking:
				"handshaking, idle abort, blocked abort look | handshaking, handshaking, handshaking | " +
				"handshaking, handshaking, upgrading, handshaking, waiting wake",
			upgrading:
				"upgrading, draining close, draining+ close | upgrading, upgrading, upgrading | " +
				"upgrading, upgrading, upgrading, ready ready, waiting wake",
			ready:
				"ready, draining down close, draining+ down close | ready, ready, ready | " +
				"ready, ready, ready, ready, waiting down wake",
			draining:
				"draining+, draining, draining | draining, draining, draining | " +
				"draining, draining, draining, draining, idle",
			"draining+":
				"draining+, draining, draining+ | draining+, draining+, draining+ | " +
				"draining+, draining+, draining+, draining+, blocked look",
		};
		check.equal(STATES.length, Object.keys(expected).length);
		for (const state of STATES) {
			const name = state.kind === "draining" && state.again ? "draining+" : state.kind;
			const answers = expected[name]!.split(/, | \| /);
			check.equal(answers.length, events.length);
			events.forEach((event, column) => {
				check.equal(show(state, event, 6000), answers[column]!, `${name} x ${event.kind} (${column})`);
			});
		}
	});

	t.test("a look before its time waits for the rest of it, and connects nobody", () => {
		const step = stepLink(SETTINGS, STATES[2]!, look(), 4000);
		check.equal(step.state.kind, "waiting");
		check.deepEqual(step.effects, [{ kind: "wake", delayMs: 1000 }]);
	});

	t.test("a look before its time remembers that the relays have changed", () => {
		const early = stepLink(SETTINGS, STATES[2]!, look(true, 2, true), 4000);
		check.deepEqual(early.state, { ...STATES[2]!, turn: 0 });
		check.deepEqual(stepLink(SETTINGS, early.state, look(), 6000).effects, [{ kind: "connect", relay: 0 }]);
	});

	t.test("without a relay nothing is tried until there is one", () => {
		check.equal(show(STATES[1]!, look(true, 0), 0), "blocked");
		check.equal(show(STATES[1]!, look(true, 1), 0), "resolving connect0");
	});

	t.test("relays are tried in turn, and the back-off grows with each round of them, to its maximum", () => {
		let state: LinkState = { kind: "blocked", failures: 0, turn: 0, relays: 1 };
		let nowMs = 0;
		const tried: string[] = [];
		for (let attempt = 0; attempt < 12; attempt++) {
			const connecting = stepLink(SETTINGS, state, look(), nowMs);
			const failed = stepLink(SETTINGS, connecting.state, closed(), nowMs);
			const [connect] = connecting.effects;
			const [wake] = failed.effects;
			check.ok(connect?.kind === "connect" && wake?.kind === "wake");
			tried.push(`${connect.relay}:${wake.delayMs}`);
			state = failed.state;
			nowMs += wake.delayMs;
		}
		check.equal(
			tried.join(" "),
			"0:1000 1:1000 0:2000 1:2000 0:4000 1:4000 0:8000 1:8000 0:8000 1:8000 0:8000 1:8000",
		);
	});

	t.test("a connection that held ends the series and is tried again, one that flaps does not", () => {
		const ready = STATES[7]!;
		const held = stepLink(SETTINGS, ready, closed(), 61000).state;
		check.ok(held.kind === "waiting" && held.failures === 1 && held.turn === 5 && held.untilMs === 62000);
		const flapped = stepLink(SETTINGS, ready, closed(), 60999).state;
		check.ok(flapped.kind === "waiting" && flapped.failures === 4 && flapped.turn === 6);
	});

	t.test("other relays are begun with the first, and the back-off goes on", () => {
		const step = stepLink(SETTINGS, STATES[2]!, look(true, 3, true), 6000);
		check.deepEqual(step.state, { kind: "resolving", failures: 3, turn: 0, relays: 3 });
	});

	t.test("to reconnect is to begin anew: the first relay, no wait, no failures", () => {
		for (const state of STATES) {
			let step = stepLink(SETTINGS, state, { kind: "reconnect" }, 2000);
			const stopped = state.kind === "idle" || (state.kind === "draining" && !state.again);
			if (step.state.kind === "draining") step = stepLink(SETTINGS, step.state, closed(), 2000);
			if (stopped) check.equal(step.state.kind, "idle");
			else check.deepEqual(step.state, { kind: "blocked", failures: 0, turn: 0, relays: 1 });
		}
	});

	t.test("no random numbers, no wait: the jitter is full", () => {
		const step = stepLink(SETTINGS, STATES[3]!, closed([0, 0, 0, 0]), 7000);
		check.ok(step.state.kind === "waiting" && step.state.untilMs === 7000);
	});
}
