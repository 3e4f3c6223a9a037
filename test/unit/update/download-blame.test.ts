/** The download machine: who is to blame for a chunk that was let go, for how long it is remembered, and when a token is spent (T10, T16). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { wantOf } from "../../../modules/update/download-chunks.ts";
import type { DownloadEvent, DownloadState, Job } from "../../../modules/update/download-step.ts";
import { LINK_SENDER, sessionSender } from "../../../modules/update/download-step.ts";
import { check, type Suite } from "../../harness/test.ts";
import {
	ask,
	begin,
	CHUNK,
	chunkOf,
	DELTA_JOB,
	HOUR,
	hashed,
	LINK,
	lost,
	piece,
	run,
	SESSION,
} from "./download-events.ts";

const CHUNKS = 16;
const WIDE: Job = { imageBytes: CHUNKS * CHUNK, deltaBytes: undefined };

function fetching(job = WIDE, chunks = CHUNKS): DownloadState {
	return run([{ kind: "begin", job }, ...hashed(...new Array<boolean>(chunks).fill(false))]).state;
}

/** `phones` phones in turns, `turnMs` apart, each of which begins what it can get and goes. How many tokens they took. */
function comeAndGo(
	state: DownloadState,
	phones: number,
	turns: number,
	mayRetry: boolean,
	turnMs = 1000,
): { state: DownloadState; tokens: number; nowMs: number } {
	let tokens = 0;
	let nowMs = 0;
	let left = state;
	for (let turn = 0; turn < turns; turn++) {
		const sender = sessionSender((turn % phones) + 1, turn);
		nowMs += turnMs;
		left = run([ask(sender, mayRetry)], nowMs, left).state;
		const want = wantOf(left, sender);
		if (want !== undefined) {
			const begun = run([piece(sender, want.offset, 16)], nowMs, left);
			if (begun.effects.some((effect) => effect.kind === "write" && effect.again)) tokens++;
			left = begun.state;
		}
		left = run([lost(sender)], nowMs, left).state;
	}
	return { state: left, tokens, nowMs };
}

function touched(state: DownloadState): number {
	return state.kind === "fetching" ? state.touched.filter((each) => each).length : -1;
}

const bad = (sender: number): DownloadEvent[] => [
	ask(sender),
	piece(sender, 0, 4096),
	chunkOf(sender, false),
	{ kind: "erased" },
];

export default function suite(t: Suite): void {
	t.test(
		"phones that begin chunks and go leave one each begun, however often they come: the link has the rest (T10)",
		() => {
			for (const [phones, turnMs] of [
				[3, 1000],
				[3, LIMITS.updateStallMs],
				[8, LIMITS.updateStallMs],
			] as const) {
				const { state, nowMs } = comeAndGo(fetching(), phones, 200, false, turnMs);
				check.equal(touched(state), phones);
				let rest = state;
				for (let chunk = phones; chunk < CHUNKS; chunk++) {
					rest = run([ask(LINK, false)], nowMs, rest).state;
					check.equal(wantOf(rest, LINK)?.offset, chunk * CHUNK);
					rest = run([piece(LINK, chunk * CHUNK, CHUNK), chunkOf(LINK, true)], nowMs, rest).state;
				}
			}
		},
	);

	t.test(
		"each that is let go again counts as a wrong one: what phones spend of the allowance is bounded (T10, T16)",
		() => {
			// Nine hours: by hours of 1, 2, 4 and 8 each phone has at most this many.
			const { tokens } = comeAndGo(fetching(), 3, (9 * HOUR) / 10000, true, 10000);
			check.ok(tokens > 0 && tokens <= 3 * 5, `${tokens}`);
		},
	);

	t.test(
		"a phone whose chunk was let go has others again once that one is good, whoever sent it (T10)",
		() => {
			const { state, nowMs } = comeAndGo(fetching(), 3, 3, false);
			const phone = sessionSender(1, 9);
			const later = nowMs + LIMITS.updateStallMs;
			check.equal(wantOf(run([ask(phone, false)], later, state).state, phone), undefined);
			check.equal(wantOf(run([ask(phone)], later, state).state, phone)?.offset, 0, "its own, for a token");
			// By its own doing, and by another way's.
			const own = [ask(phone), piece(phone, 0, CHUNK), chunkOf(phone, true), ask(phone, false)];
			check.equal(wantOf(run(own, later, state).state, phone)?.offset, 3 * CHUNK);
			let all = state;
			for (let chunk = 3; chunk < CHUNKS; chunk++) {
				all = run([ask(LINK), piece(LINK, chunk * CHUNK, CHUNK), chunkOf(LINK, true)], later, all).state;
			}
			check.equal(wantOf(run([ask(phone, false)], later, all).state, phone), undefined);
			all = run([ask(LINK), piece(LINK, 0, CHUNK), chunkOf(LINK, true)], later, all).state;
			const bent = run(
				[ask(LINK), piece(LINK, CHUNK, CHUNK), chunkOf(LINK, false), { kind: "erased" }],
				later,
				all,
			);
			check.equal(wantOf(run([ask(phone, false)], later, bent.state).state, phone)?.offset, CHUNK);
		},
	);

	t.test(
		"without a token after all what another way left stays its own, and it is not late (T10, T16)",
		() => {
			const one: Job = { imageBytes: CHUNK, deltaBytes: undefined };
			const left = run([ask(LINK), piece(LINK, 0, 4096), lost(LINK)], 0, fetching(one, 1)).state;
			const begun = run([ask(SESSION), piece(SESSION, 0, 4096)], 1000, left);
			check.deepEqual(
				begun.effects.map(({ kind }) => kind),
				["write"],
			);
			const unpaid = run([{ kind: "unpaid", sender: SESSION }, ask(LINK, false)], 1000, begun.state).state;
			check.equal(wantOf(unpaid, LINK)?.offset, 4096);
			check.ok(unpaid.kind === "fetching" && unpaid.standings.length === 0);
			// Once it is paid the hash goes, and who left it is late.
			const paid = run([{ kind: "paid", chunk: 0 }], 1000, begun.state);
			check.deepEqual(paid.effects, [{ kind: "cease", chunk: 0 }]);
			check.ok(paid.state.kind === "fetching" && paid.state.left.length === 0);
			check.equal(wantOf(run([ask(LINK)], 1000, paid.state).state, LINK), undefined);
		},
	);

	t.test(
		"a ban outlasts what is fetched: a newer plan, a drop, a failure, a delta that gave way (T10)",
		() => {
			const banned = run(bad(SESSION), 0, fetching()).state;
			const afresh: DownloadEvent[] = [begin, ...hashed(false, false, false)];
			for (const way of [
				[],
				[{ kind: "drop" }],
				[{ kind: "broken" }],
				[{ kind: "broken" }, { kind: "drop" }],
			] as DownloadEvent[][]) {
				const again = run([...way, ...afresh], 1000, banned).state;
				check.equal(wantOf(run([ask(SESSION + 1)], HOUR - 1, again).state, SESSION + 1), undefined);
				check.equal(wantOf(run([ask(LINK)], HOUR - 1, again).state, LINK)?.offset, 0);
				check.equal(wantOf(run([ask(SESSION + 1)], HOUR, again).state, SESSION + 1)?.offset, 0);
				const second = run(bad(SESSION), HOUR, again).state;
				check.equal(
					wantOf(run([ask(SESSION)], 3 * HOUR - 1, second).state, SESSION),
					undefined,
					"twice as long",
				);
			}
			const delta: DownloadEvent[] = [
				{ kind: "begin", job: DELTA_JOB },
				...hashed(false, false, false, false),
			];
			const one = (sender: number, isGood: boolean): DownloadEvent[] => [
				ask(sender),
				{ kind: "piece", sender, via: "delta", offset: 0, count: 1000 },
				chunkOf(sender, isGood),
			];
			const fetched = run([
				...delta,
				...one(SESSION, false),
				{ kind: "erased" },
				...one(LINK_SENDER, true),
			]).state;
			check.equal(fetched.kind, "checking");
			const full = run(hashed(false, false, false, false), 0, fetched).state;
			check.equal(wantOf(run([ask(SESSION)], 1000, full).state, SESSION), undefined);
			check.equal(wantOf(run([ask(LINK)], 1000, full).state, LINK)?.offset, 0);
		},
	);

	t.test("what a chunk owed is of the object that was fetched, and is not carried over (T10)", () => {
		const { state, nowMs } = comeAndGo(fetching(), 3, 3, false);
		const again = run([begin, ...hashed(false, false, false)], nowMs + LIMITS.updateStallMs, state).state;
		const phone = sessionSender(1, 9);
		check.equal(
			wantOf(run([ask(phone, false)], nowMs + LIMITS.updateStallMs, again).state, phone)?.offset,
			0,
		);
	});

	t.test("of a grant that was removed nothing is remembered, in any state, and its hash goes (I8)", () => {
		const removed: DownloadEvent = { kind: "removed", way: 1 };
		let banned = run(bad(SESSION), 0, fetching()).state;
		banned = run(bad(sessionSender(2, 0)), 0, banned).state;
		const gone = run([removed], 0, banned).state;
		check.ok(gone.kind === "fetching");
		check.deepEqual(
			gone.standings.map(({ way }) => way),
			[2],
		);
		for (const way of [[{ kind: "drop" }], [{ kind: "broken" }]] as DownloadEvent[][]) {
			const again = run([...way, removed, begin, ...hashed(false, false, false)], 0, banned).state;
			check.ok(again.kind === "fetching");
			check.deepEqual(
				again.standings.map(({ way: one }) => one),
				[2],
			);
		}
		const left = run([ask(SESSION), piece(SESSION, 0, 16), lost(SESSION)], 0, fetching()).state;
		const let_ = run([removed], 0, left);
		check.deepEqual(let_.effects, [{ kind: "cease", chunk: 0 }]);
		check.ok(let_.state.kind === "fetching" && let_.state.left.length === 0);
	});
}
