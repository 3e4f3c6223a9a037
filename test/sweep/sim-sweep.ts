/**
 * The sweep on the simulator: a life after every cut of a scenario, and for a seeded choice of them a second cut in that life, with
 * a life of its own behind it. Cuts that leave the same flash have the same life, which is lived once; all are counted.
 */
import { Random } from "../harness/random.ts";
import { CUT_MODES, type CutMode, SimPower } from "../sim/power.ts";
import { beginLife, type CutPoint, placeOf } from "./cut-points.ts";
import { Flash, fallen, nameOf } from "./flash.ts";
import { isMarkLost, judgeFlash, judgeLife } from "./judge.ts";
import { Life } from "./life.ts";
import { READ_BACK, type Scenario } from "./scenarios.ts";
import type { World } from "./world.ts";

export interface Swept {
	cuts: number;
	/** Flashes that differ, each with a life of its own. */
	lives: number;
	readonly wrong: string[];
}

interface SecondCut {
	readonly after: number;
	readonly mode: CutMode;
	readonly seed: number;
}

const SECOND_SECONDS = 120;
/** Another attempt comes an hour after a revert. */
const WATCHED_SECONDS = 2 * 3600;
const NOT_MET = "not met";

/** Of so many shares of the lives the one of this number, so that several may do them at once. */
export interface Share {
	readonly number: number;
	readonly of: number;
}

/** Every cut point of the scenario whose life is in the share. */
export function sweepOnce(world: World, scenario: Scenario, share: Share): Swept {
	const seen = new Map<string, boolean>();
	const swept: Swept = { cuts: 0, lives: 0, wrong: [] };
	for (const point of scenario.points) {
		// What ran by then counts in what may run yet.
		const name = `${nameOf(point.left)} ${point.ran.length}`;
		const isKnown = seen.get(name);
		const isOurs = isKnown ?? seen.size % share.of === share.number;
		if (isOurs) swept.cuts++;
		if (isKnown !== undefined) continue;
		seen.set(name, isOurs);
		if (!isOurs) continue;
		swept.lives++;
		const wrong = liveFrom(world, scenario, point);
		if (wrong !== undefined) swept.wrong.push(`${placeOf(point)}: ${wrong}`);
	}
	return swept;
}

/** So many cuts in lives after cuts. Those that the life does not reach any more are drawn again. */
export function sweepTwice(world: World, scenarios: readonly Scenario[], count: number, seed: number): Swept {
	const random = new Random(seed, "second cuts");
	const swept: Swept = { cuts: 0, lives: 0, wrong: [] };
	while (swept.cuts < count) {
		const scenario = random.pick(scenarios);
		const point = random.pick(scenario.points);
		// A cut soon after a cut meets what mends it; one that comes late meets the rest.
		const after = random.below(random.pick([6, 30, 250]));
		const second = { after, mode: random.pick(CUT_MODES), seed: random.uint32() };
		const outcome = liveTwice(world, scenario, point, second);
		if (outcome === NOT_MET) continue;
		swept.cuts++;
		swept.lives++;
		if (outcome !== undefined)
			swept.wrong.push(
				`${placeOf(point)}, then ${second.mode} operation ${after} (seed ${second.seed}): ${outcome}`,
			);
	}
	return swept;
}

/**
 * That the flash which a watched life shows for a cut is the flash which that cut leaves: so many, by seed, are lived again from their
 * beginning with the cut armed.
 */
export function checkWatching(
	world: World,
	scenarios: readonly Scenario[],
	count: number,
	seed: number,
): Swept {
	const random = new Random(seed, "watching");
	const swept: Swept = { cuts: 0, lives: 0, wrong: [] };
	// Where a hand was in the life, it is not lived the same without it: a sector that went bad, a boot more at the end.
	const points = scenarios.flatMap(({ name, life, points: all }) =>
		name === READ_BACK ? [] : all.filter(({ boot }) => boot <= 2).map((point) => ({ life, point })),
	);
	for (; swept.cuts < count; swept.cuts++) {
		const { life, point } = random.pick(points);
		const power = new SimPower();
		const again = beginLife(world, life.script, life.origin, power);
		const cutAt = power.operations.length + point.index;
		power.cutAt(point.index, point.mode, life.seed);
		const isMet = again.until(() => power.operations.length > cutAt, WATCHED_SECONDS);
		if (!isMet || nameOf(again.lock.snapshot()) !== nameOf(point.left)) swept.wrong.push(placeOf(point));
	}
	swept.lives = count;
	return swept;
}

function liveFrom(world: World, scenario: Scenario, { left, ran }: CutPoint): string | undefined {
	try {
		const flash = new Flash(left);
		return (
			judgeFlash(world, flash) ??
			judgeLife(
				world,
				new Life(world, scenario.script, left),
				scenario.script,
				{ floors: flash.floors, ran, lost: lostIn(world, flash, ran) },
				scenario.end,
			)
		);
	} catch (error) {
		return String((error as Error).stack);
	}
}

function lostIn(world: World, flash: Flash, ran: readonly number[]): number {
	return isMarkLost(flash, ran, world.next.image) ? 1 : 0;
}

/** "not met": the life ends before the second cut. */
function liveTwice(
	world: World,
	scenario: Scenario,
	{ left, ran }: CutPoint,
	second: SecondCut,
): string | undefined {
	const { script, end } = scenario;
	try {
		const power = new SimPower();
		power.cutAt(second.after, second.mode, second.seed);
		const life = new Life(world, script, left, power);
		// The board is off the moment it is cut, and flash is what that left.
		if (!life.until(() => power.operations.length > second.after, SECOND_SECONDS)) return NOT_MET;
		const flash = new Flash(life.lock.snapshot());
		const lower = fallen(new Flash(left).floors, flash.floors);
		if (lower.length > 0) return `I3: ${lower.join(", ")}`;
		const ranBefore = [...ran, ...life.ran];
		const lost = lostIn(world, new Flash(left), ran) + lostIn(world, flash, ranBefore);
		const next = new Life(world, script, flash.snapshot);
		return (
			judgeFlash(world, flash) ??
			judgeLife(world, next, script, { floors: flash.floors, ran: ranBefore, lost }, end)
		);
	} catch (error) {
		return String((error as Error).stack);
	}
}
