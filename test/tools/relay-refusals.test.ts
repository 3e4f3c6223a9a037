/** Which of a lock's words are about a release that it was offered (docs/OPERATIONS.md): what it said before is not, and its last one is not lost. */
import { decodeUpdateReport, type UpdateReport } from "../../modules/wire/update-report.ts";
import { OfferAnswers } from "../../tools/relay/offer-answers.ts";
import { check, type Suite } from "../harness/test.ts";
import { eventually } from "./support/temporary.ts";
import { UpdateBench } from "./support/update-bench.ts";

const NAMES = ["LK-A", "LK-B", "LK-C", "LK-D", "LK-E", "LK-F"] as const;
/** That a lock keeps in RAM from something that a phone brought, say. */
const OLD: readonly (readonly [string, Partial<UpdateReport>])[] = [
	["malformed, of nobody knows what", { result: "malformed" }],
	["untrusted, of this very release", { result: "untrusted", resultSequence: 2 }],
	["too large, of this very release", { result: "too-large", resultSequence: 2 }],
];

async function words(bench: UpdateBench, digest: string): Promise<readonly string[]> {
	await bench.looks();
	const offers = [...(await bench.table.offersFor(digest)).values()];
	return offers.map(({ outcome, result }) => `${outcome} ${result ?? ""}`.trim());
}

function halts(bench: UpdateBench): readonly unknown[] {
	return bench.events("rollout-halted").map(({ reason }) => reason);
}

export default function suite(t: Suite): void {
	for (const [name, old] of OLD) {
		t.test(`a refusal of before the offer counts nothing against it: ${name} (T10)`, () =>
			UpdateBench.with(async (bench) => {
				const digest = await bench.rollOut(await bench.vendor.release(2), { haltMinimum: 5 });
				const locks = await bench.locks(...NAMES);
				const none = NAMES.map(() => "offered");
				for (const lock of locks) {
					lock.report = { ...lock.report, ...old };
					lock.connect(bench.service);
				}
				for (const lock of locks) check.ok(await lock.isOffered(), lock.serial);
				check.deepEqual([await words(bench, digest), halts(bench)], [none, []], "at every look");
				for (const lock of locks) lock.say({ stale: false });
				check.deepEqual([await words(bench, digest), halts(bench)], [none, []], "in another report");
				for (const lock of locks) lock.disconnect();
				for (const lock of locks) lock.connect(bench.service);
				check.deepEqual([await words(bench, digest), halts(bench)], [none, []], "on another connection");
			}),
		);

		t.test(`the same refusal after the offer counts: ${name} (T10)`, () =>
			UpdateBench.with(async (bench) => {
				const digest = await bench.rollOut(await bench.vendor.release(2), { haltMinimum: 5 });
				const locks = await bench.locks(...NAMES);
				// Half of them answer what they said before, too: byte for byte.
				for (const lock of locks.slice(3)) lock.report = { ...lock.report, ...old };
				for (const lock of locks) lock.connect(bench.service);
				for (const lock of locks) check.ok(await lock.isOffered(), lock.serial);
				for (const lock of locks.slice(0, 3)) lock.say(old);
				check.equal(
					(await words(bench, digest)).filter((word) => word === `refused ${old.result}`).length,
					3,
				);
				check.deepEqual(halts(bench), []);
				for (const lock of locks.slice(3)) lock.say();
				await bench.looks();
				check.deepEqual(halts(bench), ["5 of 5 locks refused it, more than 50 %"]);
			}),
		);
	}

	t.test("a refusal of before the offer that waits for its allowance is one of before (T10)", () =>
		UpdateBench.with(
			async (bench) => {
				const lock = await bench.lock("LK-WAITS");
				lock.connect(bench.service);
				check.ok(await eventually(() => lock.statements.length > 0));
				lock.say({ result: "malformed" });
				const digest = await bench.rollOut(await bench.vendor.release(2), { haltMinimum: 1 });
				check.ok(await lock.isOffered());
				bench.clock.advance(61_000);
				check.deepEqual([await words(bench, digest), halts(bench)], [["offered"], []]);
				const report = (await bench.table.reportsFor(digest)).get(lock.serial)!;
				check.equal(check.accepted(decodeUpdateReport(report.report)).result, "malformed");
				lock.say({ result: "untrusted" });
				bench.clock.advance(61_000);
				check.deepEqual(await words(bench, digest), ["refused untrusted"]);
				check.deepEqual(halts(bench), ["1 of 1 locks refused it, more than 50 %"]);
			},
			{ updateReportsBurst: 1, updateReportsPerMinute: 1 },
		),
	);

	t.test("the last word of a lock that goes counts and is written, whatever its allowance was (T10)", () =>
		UpdateBench.with(async (bench) => {
			const digest = await bench.rollOut(await bench.vendor.release(2));
			const lock = await bench.lock("LK-QUICK");
			lock.connect(bench.service);
			check.ok(await lock.isOffered());
			for (let goodBytes = 1; goodBytes <= 25; goodBytes++)
				lock.say({ state: "downloading", offered: 2, goodBytes });
			lock.say({ state: "idle", sequence: 2, version: "1.0.2", sequenceFloor: 2, result: "installed" });
			lock.disconnect();
			check.deepEqual(await words(bench, digest), ["installed installed"]);
			const stored = (await bench.table.reportsFor(digest)).get(lock.serial)!;
			check.equal(check.accepted(decodeUpdateReport(stored.report)).sequence, 2);
		}),
	);

	t.test(
		"an answer is what is new since the offer, or a repetition, and belongs to the offers before it",
		() => {
			const answers = new OfferAnswers();
			const say = (result: UpdateReport["result"], bytes: number, resultSequence?: number): number =>
				answers.heard(
					{ result, ...(resultSequence === undefined ? {} : { resultSequence }) } as UpdateReport,
					new Uint8Array([bytes]),
				);
			const first = say("malformed", 1);
			check.deepEqual([answers.last, answers.isAbout("aa", first)], [undefined, false]);
			answers.offered("aa");
			check.equal(answers.isAbout("aa", say("malformed", 2)), false, "something else changed");
			const repeated = say("malformed", 2);
			check.deepEqual([answers.isAbout("aa", repeated), answers.isAbout("aa", first)], [true, false]);
			answers.offered("bb");
			check.deepEqual([answers.last, answers.isAbout("bb", repeated)], ["bb", false]);
			const other = say("untrusted", 3);
			check.deepEqual([answers.isAbout("bb", other), answers.isAbout("aa", other)], [true, true]);
			answers.offered("aa");
			check.equal(answers.isAbout("aa", other), false, "offered again");
			check.ok(answers.isAbout("aa", say("untrusted", 4, 2)), "another number");
		},
	);
}
