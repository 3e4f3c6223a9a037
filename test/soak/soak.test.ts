/**
 * A lock on the 32-bit build, in the engine's memory of an ESP32-C3, lives hours in minutes (clock-holder.ts): people at the door over the
 * relay, the local network and the radio, links that break, releases that come. Nothing of its process may grow (growth.ts).
 *
 * Growth is compared within one life of the process, for a restart hides it. So releases come in two ways, and each has its day:
 *
 *   a long life    somebody comes every few seconds, so that each release is downloaded, read back whole and waits for a quiet moment that
 *                  never comes, until the next one takes its place: from hour 2 to hour 24 the board never restarts
 *   many lives     people come in rushes, and each release is installed between two of them: within each life nothing grows, and the life
 *                  at hour 24 holds no more than the one at hour 2 at the same time after its boot
 *
 * `npm test` has an hour of the first and a restart into the second; `npm run test:slow` both days, of 10,000 unlocks, 200 reconnects and
 * 20 updates each.
 */
import { check, type Suite, type TestContext } from "../harness/test.ts";
import { canBuild32 } from "../host/board.ts";
import {
	figuresText,
	GROWTH_MAX,
	grownTooMuch,
	growthBetween,
	SAMPLE_KINDS,
	type Sample,
	sampleText,
} from "./growth.ts";
import { realNowMs } from "./process-clock.ts";
import { Soak } from "./soak.ts";
import { SoakHouse, type SoakHouseOptions } from "./soak-house.ts";
import type { SoakPlan } from "./soak-plan.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** By then the house is provisioned. */
const BEGIN_MS = 2 * MINUTE_MS;
const DAY = Object.freeze({ hours: 24, unlocks: 10_000, reconnects: 200, updates: 20 });
const SAMPLE: Sample = Object.freeze({
	descriptors: 12,
	heapBytes: 60_000,
	mallocBytes: 400_000,
	keys: 40,
	isLinked: true,
	update: "idle",
});
const isSlow = process.argv.includes("--slow");

async function withSoak(
	context: TestContext,
	options: Omit<SoakHouseOptions, "random">,
	work: (soak: Soak, house: SoakHouse) => Promise<void>,
): Promise<void> {
	const { random, note, skip } = context;
	if (!canBuild32()) skip("the packages of the 32-bit build are missing");
	const startedMs = realNowMs();
	const house = await SoakHouse.open({ ...options, random });
	const soak = new Soak(house, random, note);
	try {
		await work(soak, house);
		const hours = (house.elapsedMs / HOUR_MS).toFixed(2);
		const sessions = house.visitors.map(({ sessions: opened }) => opened);
		const opened = (["relay", "local", "radio"] as const).map(
			(way) => `${sessions.reduce((sum, each) => sum + each[way], 0)} over ${way}`,
		);
		note(
			`${hours} h in ${((realNowMs() - startedMs) / 1000).toFixed(0)} s: ${soak.unlocks} unlocks, sessions ${opened.join(", ")}, ${soak.cuts} links cut, ${soak.updates} updates, ${soak.installed} installed, ${house.boots} boots, ${house.jumps} jumps`,
		);
	} finally {
		await house.close();
	}
}

function checkGrowth(note: (line: string) => void, what: string, from: Sample, to: Sample): void {
	note(`${what}: grew by ${figuresText(growthBetween(from, to))}`);
	const flaws = grownTooMuch(from, to);
	check.deepEqual(flaws, [], `${what}: ${sampleText(from)}; then ${sampleText(to)}`);
}

/** Every cut ended a link, and another came for it; the relay saw the end of all but the last. */
function checkLinks(soak: Soak, house: SoakHouse, links: number): void {
	check.equal(house.links, links, `${soak.cuts} cuts, ${house.boots} boots`);
	check.equal(house.linksEnded, links - 1);
}

/** A number of moments, evenly in the time, none at its ends. */
function spread(count: number, fromMs: number, untilMs: number): readonly number[] {
	return Array.from({ length: count }, (_, index) => fromMs + ((index + 0.5) * (untilMs - fromMs)) / count);
}

/** Of each boot but the last the sample of `label`, and the one of the same boot that came last. */
function within(soak: Soak, label: string): readonly { readonly from: Sample; readonly to: Sample }[] {
	return soak.samples
		.filter((each) => each.label === label)
		.flatMap((first) => {
			const last = soak.samples.filter((each) => each.boot === first.boot).at(-1);
			return last === undefined || last === first ? [] : [{ from: first.sample, to: last.sample }];
		});
}

export default function suite(t: Suite): void {
	t.test("what grew beyond its bound is named, kind by kind, and what shrank or reached it is not", () => {
		const from = SAMPLE;
		check.deepEqual(grownTooMuch(from, from), []);
		for (const kind of SAMPLE_KINDS) {
			check.deepEqual(grownTooMuch(from, { ...from, [kind]: from[kind] + GROWTH_MAX[kind] }), []);
			check.deepEqual(grownTooMuch(from, { ...from, [kind]: from[kind] + GROWTH_MAX[kind] + 1 }), [kind]);
			check.deepEqual(grownTooMuch(from, { ...from, [kind]: 0 }), []);
		}
	});

	t.test(
		"an hour of mixed use leaves a lock as it was, and a release that waited is installed in a quiet moment (I8, T16)",
		(context) =>
			withSoak(context, { hours: 2 }, async (soak, house) => {
				const { note } = context;
				const hour: SoakPlan = {
					fromMs: BEGIN_MS,
					untilMs: BEGIN_MS + HOUR_MS,
					visits: Math.round(DAY.unlocks / DAY.hours),
					rhythm: "even",
					cuts: Math.round(DAY.reconnects / DAY.hours),
					publishesMs: [8 * MINUTE_MS, 35 * MINUTE_MS],
					samples: [
						{ atMs: 7 * MINUTE_MS, label: "young" },
						{ atMs: 20 * MINUTE_MS, label: "warm" },
						{ atMs: BEGIN_MS + HOUR_MS, label: "hour" },
					],
				};
				await soak.live(hour);
				soak.settle(hour);
				check.equal(house.boots, 1);
				checkLinks(soak, house, 1 + soak.cuts);
				checkGrowth(note, "in one life", soak.taken("warm").sample, soak.taken("hour").sample);
				await soak.install();
				check.equal(house.boots, 2);
				const fromMs = house.elapsedMs;
				await soak.live({
					...hour,
					fromMs,
					untilMs: fromMs + 6 * MINUTE_MS,
					visits: 40,
					rhythm: "rushes",
					cuts: 1,
					publishesMs: [],
					samples: [{ atMs: fromMs + 5 * MINUTE_MS, label: "next" }],
				});
				const young = soak.taken("young").sample;
				const next = soak.taken("next").sample;
				note(`from life to life: grew by ${figuresText(growthBetween(young, next))}`);
				// The first life began blank; one that begins with a trial makes a name more. The day of many lives compares like with like.
				check.deepEqual(
					grownTooMuch(young, next).filter((kind) => kind !== "keys"),
					[],
				);
			}),
	);

	t.test(
		"samples of a lock with its link and without, or at different steps of an update, are not compared",
		() => {
			for (const other of [{ isLinked: false }, { update: "waiting" }])
				check.throws(() => grownTooMuch(SAMPLE, { ...SAMPLE, ...other }), "cannot be compared");
		},
	);

	for (const kind of SAMPLE_KINDS) {
		t.test(`a lock that loses ${kind} by little and little is noticed within minutes`, (context) =>
			withSoak(context, { hours: 1, leak: kind }, async (soak) => {
				const untilMs = BEGIN_MS + 6 * MINUTE_MS;
				await soak.live({
					fromMs: BEGIN_MS,
					untilMs,
					visits: 30,
					rhythm: "even",
					cuts: 0,
					publishesMs: [],
					samples: [
						{ atMs: BEGIN_MS + 2 * MINUTE_MS, label: "before" },
						{ atMs: untilMs, label: "after" },
					],
				});
				const before = soak.taken("before").sample;
				const after = soak.taken("after").sample;
				context.note(`grew by ${figuresText(growthBetween(before, after))}`);
				// A name takes slots and its text besides.
				const grown = grownTooMuch(before, after).filter((each) => each !== "heapBytes" || kind !== "keys");
				check.deepEqual(grown, [kind]);
			}),
		);
	}

	if (!isSlow) return;

	t.test(
		"a day in one life, of 10,000 unlocks, 200 reconnects and 20 updates, leaves a lock at hour 24 as it was at hour 2 (I8, T16)",
		(context) =>
			withSoak(context, { hours: DAY.hours + 1 }, async (soak, house) => {
				const untilMs = DAY.hours * HOUR_MS;
				const plan: SoakPlan = {
					fromMs: BEGIN_MS,
					untilMs,
					visits: DAY.unlocks,
					rhythm: "even",
					cuts: DAY.reconnects,
					publishesMs: spread(DAY.updates, BEGIN_MS, untilMs),
					samples: Array.from({ length: DAY.hours }, (_, hour) => ({
						atMs: (hour + 1) * HOUR_MS,
						label: `hour ${hour + 1}`,
					})),
				};
				await soak.live(plan);
				soak.settle(plan);
				const { unlocks, cuts, updates } = soak;
				check.deepEqual({ unlocks, cuts, updates }, dayCounts());
				check.equal(house.boots, 1);
				checkLinks(soak, house, 1 + cuts);
				const { sample } = soak.taken("hour 2");
				checkGrowth(context.note, "from hour 2 to hour 24", sample, soak.taken("hour 24").sample);
				await soak.install();
			}),
	);

	t.test(
		"a day in 21 lives, of 10,000 unlocks, 200 reconnects and 20 updates that are installed, leaves nothing behind in any of them (I8, T16)",
		(context) =>
			withSoak(context, { hours: DAY.hours + 1 }, async (soak, house) => {
				const untilMs = DAY.hours * HOUR_MS;
				const publishesMs = spread(DAY.updates, BEGIN_MS, untilMs);
				const lives = [BEGIN_MS, ...publishesMs];
				const plan: SoakPlan = {
					fromMs: BEGIN_MS,
					untilMs,
					visits: DAY.unlocks,
					rhythm: "rushes",
					cuts: DAY.reconnects,
					publishesMs,
					samples: lives.flatMap((fromMs, life) => [
						{ atMs: fromMs + 12 * MINUTE_MS, label: "young" },
						{ atMs: (lives[life + 1] ?? untilMs) - MINUTE_MS, label: "old" },
					]),
				};
				await soak.live(plan);
				soak.settle(plan);
				const { unlocks, cuts, updates } = soak;
				check.deepEqual({ unlocks, cuts, updates }, dayCounts());
				check.equal(house.boots, 1 + updates);
				check.equal(soak.installed, updates);
				// Each boot makes a link, and each cut one more in its life, if that lasts.
				checkLinks(soak, house, house.boots + cuts - house.cutsMetByBoot);
				const pairs = within(soak, "young");
				check.equal(pairs.length, house.boots);
				for (const [life, { from, to }] of pairs.entries())
					checkGrowth(context.note, `life ${life + 1}`, from, to);
				const young = soak.samples.filter(({ label }) => label === "young");
				const early = young.filter(({ atMs }) => atMs <= 2 * HOUR_MS + MINUTE_MS).at(-1);
				check.ok(early !== undefined);
				checkGrowth(context.note, "from life to life", early.sample, young.at(-1)!.sample);
			}),
	);
}

function dayCounts(): { unlocks: number; cuts: number; updates: number } {
	return { unlocks: DAY.unlocks, cuts: DAY.reconnects, updates: DAY.updates };
}
