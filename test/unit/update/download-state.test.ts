/** The download machine: every state with every event, and what it fetches, reads and makes (T10, T12, I8). */
import { wantOf } from "../../../modules/update/download-chunks.ts";
import { stepDownload } from "../../../modules/update/download-state.ts";
import {
	DOWNLOAD_IDLE,
	type DownloadEvent,
	type DownloadState,
	type Job,
} from "../../../modules/update/download-step.ts";
import { check, type Suite } from "../../harness/test.ts";
import { ask, begin, CHUNK, DELTA_JOB, hashed, piece, run, tick } from "./download-events.ts";

function states(): readonly DownloadState[] {
	const fetching = [begin, ...hashed(false, false, false)];
	const delta: DownloadEvent[] = [{ kind: "begin", job: DELTA_JOB }, ...hashed(false, false, false)];
	return [
		DOWNLOAD_IDLE,
		run([begin]).state,
		run(fetching).state,
		run([...fetching, ask(1)]).state,
		run(delta).state,
		run([...delta, ...hashed(true)]).state,
		run([...delta, ...hashed(true, true)]).state,
		run([...delta, ...hashed(true, true, true)]).state,
		run([begin, ...hashed(true, true, true)]).state,
		run([begin, ...hashed(true, true, true, true)]).state,
		run([begin, { kind: "broken" }]).state,
	];
}

const EVENTS: readonly DownloadEvent[] = [
	begin,
	{ kind: "drop" },
	{ kind: "hashed", isGood: true },
	{ kind: "hashed", isGood: false },
	{ kind: "patched", isGood: true },
	{ kind: "patched", isGood: false },
	ask(1),
	ask(2),
	piece(1, 0, 4096),
	piece(2, 0, 4096),
	{ kind: "chunk", sender: 1, isGood: true, mayRetry: true },
	{ kind: "chunk", sender: 1, isGood: false, mayRetry: false },
	{ kind: "filled", sender: 1, count: 4096 },
	{ kind: "heard", sender: 1 },
	{ kind: "unpaid", sender: 1 },
	{ kind: "paid", chunk: 0 },
	{ kind: "removed", way: "link" },
	{ kind: "erased" },
	{ kind: "lost", sender: 1 },
	{ kind: "broken" },
	tick,
];

/** Where each event leads from each state; a dash: nowhere else. */
const TABLE: Readonly<Record<string, string>> = Object.freeze({
	"idle begin": "surveying",
	"surveying drop": "idle",
	"surveying hashed": "surveying checking fetching",
	"surveying broken": "failed",
	"fetching begin": "surveying",
	"fetching drop": "idle",
	"fetching broken": "failed",
	"checking begin": "surveying",
	"checking drop": "idle",
	"checking broken": "failed",
	"patching begin": "surveying",
	"patching drop": "idle",
	"patching broken": "failed",
	"patching patched": "verifying surveying",
	"verifying begin": "surveying",
	"verifying drop": "idle",
	"verifying hashed": "complete failed",
	"verifying broken": "failed",
	"complete begin": "surveying",
	"complete drop": "idle",
	"complete broken": "failed",
	"failed begin": "surveying",
	"failed drop": "idle",
});

export default function suite(t: Suite): void {
	t.test("every state takes every event, and goes where the diagram says (T10)", () => {
		const all = states();
		const kinds = [
			"idle",
			"surveying",
			"fetching",
			"fetching",
			"surveying",
			"checking",
			"checking",
			"patching",
		];
		check.deepEqual(
			all.map(({ kind }) => kind),
			[...kinds, "verifying", "complete", "failed"],
		);
		let pairs = 0;
		for (const state of all) {
			for (const event of EVENTS) {
				const next = stepDownload(state, event, 1000);
				pairs++;
				const expected = TABLE[`${state.kind} ${event.kind}`];
				// "checking" moves on, or falls back to surveying; the rest stays where no row says more.
				if (state.kind === "checking" && event.kind === "hashed") {
					check.ok(["checking", "patching", "surveying"].includes(next.state.kind));
				} else if (expected === undefined)
					check.equal(next.state.kind, state.kind, `${state.kind} ${event.kind}`);
				else
					check.ok(
						expected.split(" ").includes(next.state.kind),
						`${state.kind} ${event.kind} ${next.state.kind}`,
					);
				if (event.kind === "piece" && state.kind !== "fetching") {
					check.deepEqual(next.effects, [{ kind: "refuse" }]);
				}
			}
		}
		check.equal(pairs, all.length * EVENTS.length);
	});

	t.test("what flash has already is not fetched, in any combination (T12)", () => {
		for (let bits = 0; bits < 8; bits++) {
			const good = [0, 1, 2].map((chunk) => (bits & (1 << chunk)) !== 0);
			const { state } = run([begin, ...hashed(...good), ask(1)]);
			if (bits === 7) check.equal(state.kind, "verifying");
			else check.equal(wantOf(state, 1)?.offset, good.indexOf(false) * CHUNK);
		}
	});

	t.test(
		"a delta is fetched, checked, checked against its source, and patched; what fails gives way to the full image (T10)",
		() => {
			const surveyed: DownloadEvent[] = [{ kind: "begin", job: DELTA_JOB }, ...hashed(false, false, false)];
			const fetching = run([...surveyed, ...hashed(false), ask(1)]).state;
			check.deepEqual(wantOf(fetching, 1), { via: "delta", offset: 0, bytes: 1000 });
			const good: DownloadEvent = { kind: "chunk", sender: 1, isGood: true, mayRetry: true };
			const checking = run([good], 0, fetching);
			check.deepEqual(checking.effects, [{ kind: "hash", what: "delta" }]);
			for (const [before, result] of [
				[hashed(false), "object-digest"],
				[hashed(true, false), "patch"],
				[[...hashed(true, true), { kind: "patched", isGood: false }], "patch"],
			] as const) {
				const failed = run(before, 0, checking.state);
				check.equal(failed.state.kind, "surveying");
				check.ok(failed.effects.some((effect) => effect.kind === "delta-failed" && effect.result === result));
				const full = run([...hashed(false, false, false), ask(1)], 0, failed.state).state;
				check.equal(wantOf(full, 1)?.via, "image");
			}
			check.equal(
				run([...hashed(true, true), { kind: "patched", isGood: true }], 0, checking.state).state.kind,
				"verifying",
			);
		},
	);

	t.test("where less of the image is missing than the delta has, no delta is fetched (T12)", () => {
		const job: Job = { ...DELTA_JOB, deltaBytes: 200 };
		const { state } = run([{ kind: "begin", job }, ...hashed(true, true, false), ask(1)]);
		check.deepEqual(wantOf(state, 1), { via: "image", offset: 2 * CHUNK, bytes: 100 });
	});
}
