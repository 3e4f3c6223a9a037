/** The download machine: which sender has which chunk, and who loses it (docs/UPDATE.md 6; T10, T16). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { wantOf } from "../../../modules/update/download-chunks.ts";
import { stepDownload } from "../../../modules/update/download-state.ts";
import { type DownloadEvent, type Job, sessionSender } from "../../../modules/update/download-step.ts";
import { check, type Suite } from "../../harness/test.ts";
import {
	ask,
	begin,
	CHUNK,
	chunkOf,
	HOUR,
	hashed,
	LINE,
	LINK,
	lost,
	PHONE,
	piece,
	run,
	SESSION,
	tick,
} from "./download-events.ts";

export default function suite(t: Suite): void {
	t.test("a chunk has one sender, and each way in one chunk and its own place (T10)", () => {
		const { state } = run([
			begin,
			...hashed(false, false, false),
			ask(SESSION),
			ask(SESSION + 1),
			ask(SESSION),
		]);
		check.equal(wantOf(state, SESSION)?.offset, 0);
		check.equal(wantOf(state, SESSION + 1), undefined);
		const all = run([ask(LINK), ask(LINE), ask(LINK)], 0, state).state;
		check.deepEqual(
			[SESSION, LINK, LINE].map((sender) => wantOf(all, sender)?.offset),
			[0, CHUNK, 2 * CHUNK],
		);
		check.equal(wantOf(all, LINE)?.bytes, 100);
		// The session goes before it sent anything: its chunk is the next one's.
		check.equal(wantOf(run([lost(SESSION), ask(SESSION + 1)], 0, all).state, SESSION + 1)?.offset, 0);
	});

	t.test("a piece is the next one of the sender's own chunk, or is refused (T10)", () => {
		const { state } = run([begin, ...hashed(false, false, false), ask(1), ask(2)]);
		for (const [sender, offset, count] of [
			[1, 4096, 4096], // a gap
			[1, CHUNK, 4096], // another's chunk
			[2, 0, 4096],
			[3, 0, 4096], // nobody
			[1, 0, CHUNK + 16], // beyond the chunk
			[1, 0, 100], // no whole flash unit
		] as const) {
			const step = stepDownload(state, piece(sender, offset, count), 0);
			check.deepEqual(step.effects, [{ kind: "refuse" }]);
			check.deepEqual(step.state, state);
		}
		const taken = stepDownload(state, piece(1, 0, 4096), 0);
		check.equal(taken.effects[0]?.kind, "write");
		check.deepEqual(stepDownload(taken.state, piece(1, 0, 4096), 0).effects, [{ kind: "refuse" }]);
	});

	t.test("a chunk that failed is erased, and goes to another way in, which pays nothing (T10)", () => {
		const { state, effects } = run([
			begin,
			...hashed(true, true, false),
			ask(LINK),
			piece(LINK, 2 * CHUNK, 100),
			chunkOf(LINK, false),
		]);
		check.deepEqual(effects, [{ kind: "erase", via: "image", chunk: 2 }]);
		check.equal(
			wantOf(run([ask(SESSION, false)], 1000, state).state, SESSION),
			undefined,
			"it is being erased",
		);
		const erased = run([{ kind: "erased" }], 1000, state);
		check.deepEqual(erased.effects, []);
		const other = run([ask(SESSION, false)], 1000, erased.state).state;
		check.equal(wantOf(other, SESSION)?.offset, 2 * CHUNK);
		const write = run([piece(SESSION, 2 * CHUNK, 100)], 1000, other).effects[0];
		check.ok(write?.kind === "write" && !write.again);
	});

	t.test("chunks are erased one after the other", () => {
		const { state, effects } = run([
			begin,
			...hashed(false, false, true),
			ask(LINK),
			ask(SESSION),
			piece(LINK, 0, 4096),
			piece(SESSION, CHUNK, 4096),
			chunkOf(LINK, false),
			chunkOf(SESSION, false),
		]);
		check.deepEqual(effects, [], "the first one is not done");
		const next = run([{ kind: "erased" }], 0, state);
		check.deepEqual(next.effects, [{ kind: "erase", via: "image", chunk: 1 }]);
		check.deepEqual(run([{ kind: "erased" }], 0, next.state).effects, []);
	});

	t.test(
		"who sends a wrong chunk gets no other for an hour, and twice that each time; others do (T10, T16)",
		() => {
			let { state } = run([begin, ...hashed(false, false, false)]);
			let nowMs = 0;
			for (const hours of [1, 2, 4, 8, 16, 24, 24]) {
				const at = wantOf(run([ask(LINK)], nowMs, state).state, LINK)?.offset;
				check.equal(at, 0);
				const bad: DownloadEvent[] = [
					ask(LINK),
					piece(LINK, 0, 4096),
					chunkOf(LINK, false),
					{ kind: "erased" },
				];
				state = run(bad, nowMs, state).state;
				// Neither this chunk nor any other, however often it comes back.
				nowMs += hours * HOUR - 1;
				state = run([lost(LINK), ask(LINK)], nowMs, state).state;
				check.equal(wantOf(state, LINK), undefined, `${hours} h`);
				check.equal(wantOf(run([ask(SESSION)], nowMs, state).state, SESSION)?.offset, 0);
				// A session that is opened anew is the same way in.
				nowMs += 1;
			}
			const session = run(
				[ask(SESSION), piece(SESSION, 0, 4096), chunkOf(SESSION, false)],
				nowMs,
				state,
			).state;
			check.equal(wantOf(run([ask(SESSION + 1)], nowMs + 1000, session).state, SESSION + 1), undefined);
			check.equal(wantOf(run([ask(LINK)], nowMs + 1000, session).state, LINK)?.offset, CHUNK);
		},
	);

	t.test(
		"a chunk that was begun goes on where it stood for its way, and costs another way an allowance (T16)",
		() => {
			const begun = run([begin, ...hashed(true, false, true), ask(LINK), piece(LINK, CHUNK, 4096)]).state;
			const left = run([lost(LINK)], 1000, begun);
			check.deepEqual(left.effects, [], "its hash stays");
			// The same way again, as often as it goes: nothing is written twice.
			let state = left.state;
			for (let times = 1; times <= 20; times++) {
				const back = run([ask(LINK, false)], 2000, state).state;
				check.equal(wantOf(back, LINK)?.offset, CHUNK + 4096 + (times - 1) * 16);
				const next = run([piece(LINK, CHUNK + 4096 + (times - 1) * 16, 16)], 2000, back);
				check.deepEqual(
					next.effects.map((effect) => effect.kind === "write" && effect.begins),
					[false],
				);
				state = run([lost(LINK)], 2000, next.state).state;
			}
			// Another way: not without an allowance, and from the start.
			check.equal(wantOf(run([ask(SESSION, false)], 3000, state).state, SESSION), undefined);
			const taken = run([ask(SESSION, true)], 3000, state).state;
			check.equal(wantOf(taken, SESSION)?.offset, CHUNK);
			const write = run([piece(SESSION, CHUNK, 4096)], 3000, taken);
			check.ok(write.effects[0]?.kind === "write" && write.effects[0].again);
			const paid = run([{ kind: "paid", chunk: 1 }], 3000, write.state);
			check.deepEqual(paid.effects, [{ kind: "cease", chunk: 1 }]);
			// What was left is left no more, and the link waits behind who took it over.
			check.equal(wantOf(run([ask(LINK)], 4000, paid.state).state, LINK), undefined);
			// Without a token after all nothing is written, and the chunk is free.
			const unpaid = run([{ kind: "unpaid", sender: SESSION }], 3000, write.state).state;
			check.equal(wantOf(unpaid, SESSION), undefined);
			check.equal(wantOf(run([ask(SESSION)], 4000, unpaid).state, SESSION)?.offset, CHUNK);
		},
	);

	t.test(
		"a bad chunk without an allowance waits as it is, and others go on with what nobody wrote yet (T16)",
		() => {
			const { state, effects } = run([
				begin,
				...hashed(false, false, true),
				ask(LINK),
				piece(LINK, 0, 4096),
				chunkOf(LINK, false, false),
			]);
			check.deepEqual(effects, []);
			const other = run([ask(SESSION, false)], 1000, state).state;
			check.equal(wantOf(other, SESSION)?.offset, CHUNK);
			const done = run(
				[piece(SESSION, CHUNK, 4096), chunkOf(SESSION, true), ask(SESSION, false)],
				1000,
				other,
			);
			check.equal(wantOf(done.state, SESSION), undefined);
			const paid = run([ask(SESSION, true), piece(SESSION, 0, 4096)], 2000, done.state);
			check.ok(paid.effects[0]?.kind === "write" && paid.effects[0].again);
		},
	);

	t.test(
		"the silent and the slow lose their chunk, the steady and those who wait for us keep it (T10)",
		() => {
			const opened = run([begin, ...hashed(false, false, false), ask(LINK)]).state;
			check.equal(wantOf(run([tick], LIMITS.updateStallMs - 1, opened).state, LINK)?.offset, 0);
			check.equal(wantOf(run([tick], LIMITS.updateStallMs, opened).state, LINK), undefined);
			const heard = run([{ kind: "heard", sender: LINK }], LIMITS.updateStallMs - 1, opened).state;
			check.equal(wantOf(run([tick], LIMITS.updateStallMs, heard).state, LINK)?.offset, 0);
			let slow = opened;
			for (let at = 0, nowMs = 0; nowMs < LIMITS.updateChunkMs; at += 16, nowMs += LIMITS.updateStallMs - 1) {
				slow = run([piece(LINK, at, 16), tick], nowMs, slow).state;
				check.equal(wantOf(slow, LINK)?.offset, at + 16);
			}
			check.equal(wantOf(run([tick], LIMITS.updateChunkMs, slow).state, LINK), undefined);
		},
	);

	t.test("who comes and goes has no more time for a chunk than who stays (T10)", () => {
		let { state } = run([begin, ...hashed(false, false, false)]);
		let nowMs = 0;
		for (let at = 0; nowMs < LIMITS.updateChunkMs; at += 16) {
			state = run([ask(LINK)], nowMs, state).state;
			check.equal(wantOf(state, LINK)?.offset, at);
			state = run([piece(LINK, at, 16)], nowMs, state).state;
			nowMs += 20000;
			state = run([lost(LINK)], nowMs, state).state;
		}
		state = run([ask(LINK), tick], nowMs, state).state;
		check.equal(wantOf(state, LINK), undefined);
	});

	t.test(
		"who was late gets no chunk at all while another way sends, and goes on when it is alone (T10)",
		() => {
			const opened = run([begin, ...hashed(false, false, false), ask(LINK), piece(LINK, 0, 4096)]).state;
			let nowMs = LIMITS.updateStallMs;
			const late = run([tick, ask(LINK)], nowMs, opened).state;
			check.equal(wantOf(late, LINK), undefined);
			nowMs += LIMITS.updateStallMs;
			check.equal(wantOf(run([ask(LINK)], nowMs, late).state, LINK)?.offset, 4096, "alone");
			const other = run([ask(SESSION), ask(LINK)], nowMs, late).state;
			check.equal(wantOf(other, SESSION)?.offset, CHUNK);
			check.equal(wantOf(other, LINK), undefined);
			// Not for ever.
			const heard: DownloadEvent[] = [{ kind: "heard", sender: SESSION }, ask(LINK)];
			const later = nowMs + LIMITS.updateLateMs;
			const again = run([lost(SESSION), ask(SESSION), ...heard], later, other).state;
			check.equal(wantOf(again, LINK)?.offset, 4096);
		},
	);

	t.test("a phone that sends a wrong chunk stops itself, and no other phone, link or line (T10)", () => {
		const { state } = run([
			begin,
			...hashed(false, false, false),
			ask(SESSION),
			piece(SESSION, 0, 4096),
			chunkOf(SESSION, false),
			{ kind: "erased" },
		]);
		check.equal(
			wantOf(run([ask(SESSION + 1)], 1000, state).state, SESSION + 1),
			undefined,
			"its next session",
		);
		for (const other of [PHONE, LINK, LINE]) {
			check.equal(wantOf(run([ask(other)], 1000, state).state, other)?.offset, 0);
		}
		check.equal(wantOf(run([ask(SESSION + 1)], HOUR, state).state, SESSION + 1)?.offset, 0);
	});

	t.test("no phone goes on with what another one left: it would answer for its bytes (T10)", () => {
		const left = run([
			begin,
			...hashed(false, true, false),
			ask(SESSION),
			piece(SESSION, 0, 4096),
			lost(SESSION),
		]).state;
		const other = run([ask(PHONE)], 1000, left).state;
		check.equal(wantOf(other, PHONE)?.offset, 2 * CHUNK);
		check.equal(wantOf(run([lost(PHONE), ask(SESSION + 1)], 2000, other).state, SESSION + 1)?.offset, 4096);
	});

	t.test(
		"a phone that was late gives its place to another phone that asks, and to none that is banned (T10)",
		() => {
			const opened = run([
				begin,
				...hashed(false, false, false),
				ask(SESSION),
				piece(SESSION, 0, 4096),
			]).state;
			check.equal(wantOf(run([ask(PHONE)], 1000, opened).state, PHONE), undefined, "one place for sessions");
			const nowMs = 2 * LIMITS.updateStallMs;
			const late = run([ask(SESSION)], nowMs, run([tick], LIMITS.updateStallMs, opened).state).state;
			check.equal(wantOf(late, SESSION)?.offset, 4096, "alone it goes on");
			const other = run([ask(PHONE)], nowMs, late).state;
			check.equal(wantOf(other, PHONE)?.offset, CHUNK);
			check.equal(wantOf(other, SESSION), undefined);
			check.equal(wantOf(run([lost(PHONE), ask(SESSION)], nowMs, other).state, SESSION)?.offset, 4096);
			const bad = run(
				[piece(PHONE, CHUNK, 4096), chunkOf(PHONE, false), ask(SESSION), ask(PHONE)],
				nowMs,
				other,
			);
			check.equal(wantOf(bad.state, SESSION)?.offset, 4096);
		},
	);

	t.test("a flood of phones ends no ban, and what is remembered of them is bounded (T10, T16, I8)", () => {
		let { state } = run([begin, ...hashed(false, false, false)]);
		const bad = (sender: number): DownloadEvent[] => [
			ask(sender),
			piece(sender, 0, 4096),
			chunkOf(sender, false),
			{ kind: "erased" },
		];
		const phones = Array.from({ length: 3 * LIMITS.updatePhones }, (_, index) =>
			sessionSender(10 + index, 0),
		);
		for (const phone of phones) {
			state = run(bad(phone), 0, state).state;
			check.ok(state.kind === "fetching" && state.standings.length <= LIMITS.updatePhones + 3);
		}
		for (const phone of phones) {
			check.equal(wantOf(run([ask(phone)], HOUR - 1, state).state, phone), undefined, `phone ${phone}`);
		}
		// Link and line never share.
		for (const way of [LINK, LINE]) check.equal(wantOf(run([ask(way)], 1, state).state, way)?.offset, 0);
		// Nor does what they do fall on phones.
		const link = run(bad(LINK), 1, state).state;
		check.equal(wantOf(run([ask(LINK)], HOUR, link).state, LINK), undefined);
		check.equal(wantOf(run([ask(LINE)], HOUR, link).state, LINE)?.offset, 0);
		const honest = sessionSender(5000, 0);
		check.equal(wantOf(run([ask(honest)], 25 * HOUR, state).state, honest)?.offset, 0, "in a day");
		// What is over makes room.
		const after = run(bad(honest), 25 * HOUR, state).state;
		check.equal(wantOf(run([ask(honest)], 26 * HOUR - 1, after).state, honest), undefined);
		check.equal(wantOf(run([ask(honest)], 26 * HOUR, after).state, honest)?.offset, 0);
		check.ok(after.kind === "fetching" && after.standings.length <= LIMITS.updatePhones + 3);
	});

	t.test("of what phones left so many hashes are kept, the newest, and the link's stays (I8)", () => {
		const job: Job = { imageBytes: 8 * CHUNK, deltaBytes: undefined };
		const none = hashed(...new Array<boolean>(8).fill(false));
		let { state } = run([{ kind: "begin", job }, ...none, ask(LINK), piece(LINK, 0, 16), lost(LINK)]);
		let ceased = 0;
		for (let phone = 1; phone <= 6; phone++) {
			const sender = sessionSender(phone, 0);
			const step = run([ask(sender), piece(sender, phone * CHUNK, 16), lost(sender)], 1000, state);
			state = step.state;
			ceased += step.effects.filter((effect) => effect.kind === "cease").length;
			check.ok(state.kind === "fetching" && state.left.length <= LIMITS.updateLeft + 1);
		}
		check.equal(ceased, 6 - LIMITS.updateLeft);
		check.equal(wantOf(run([ask(LINK)], 2000, state).state, LINK)?.offset, 16);
	});
}
