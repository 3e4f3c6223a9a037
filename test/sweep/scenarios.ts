/**
 * The scenarios of the sweep: a life without a cut each, and which of its operations belong to what. Together their cut points
 * are every operation of every life, each once.
 */
import { SECTOR_BYTES } from "../../modules/platform/slots.ts";
import type { SimSnapshot } from "../sim/board.ts";
import type { Behaviour } from "../sim/updating-lock.ts";
import { type CutPoint, type WatchedLife, watchLife } from "./cut-points.ts";
import { Flash } from "./flash.ts";
import type { End } from "./judge.ts";
import type { Life, Script } from "./life.ts";
import { NEW, OLD, type World } from "./world.ts";

export interface Scenario {
	readonly name: string;
	readonly script: Script;
	readonly end: End;
	readonly points: readonly CutPoint[];
	/** The life that the points are of. */
	readonly life: WatchedLife;
}

/** Nobody's hand is in the others. */
export const READ_BACK = "the read back";
const INSTALL_SECONDS = 300;
const REVERT_SECONDS = 2 * 3600;
/** A boot more repeats what a confirmed image does at each. */
const AFTER_SECONDS = 5;

/** A scenario whose life is not lived yet; throws where even that does not end as it should. */
export interface ScenarioPlan {
	readonly name: string;
	readonly make: () => Scenario;
}

export function planScenarios(world: World, seed: number): readonly ScenarioPlan[] {
	const { home } = world;
	const full = once(() => installed(world, { release: world.next }, home, seed));
	const delta = once(() => installed(world, { release: world.delta }, home, seed));
	const trust = once(() => installed(world, { release: world.retrusted, bundle: world.bundle }, home, seed));
	const of = (
		name: string,
		life: () => WatchedLife,
		pointsOf: (phases: Phases) => readonly CutPoint[],
	): ScenarioPlan => ({
		name,
		make: () => ({
			name,
			script: life().script,
			end: { kind: "installed" },
			points: pointsOf(phasesOf(life())),
			life: life(),
		}),
	});
	const revert = (name: string, behaviour: Behaviour): ScenarioPlan => ({
		name,
		make: () => reverted(world, name, behaviour, home, 1, seed),
	});
	return [
		of("the download", full, ({ download }) => download),
		{ name: READ_BACK, make: () => readBack(damagedLife(world, seed)) },
		of("the selection", full, ({ select }) => select),
		of("the trial", full, ({ trial }) => trial),
		of("the confirmation", full, ({ confirm }) => confirm),
		revert("a revert after a crash", "crash"),
		revert("a revert by the image itself", "lies"),
		revert("a revert of what reaches nobody", "mute"),
		{ name: "the revert that parks", make: () => parked(world, seed) },
		of("the download of a delta", delta, ({ fetched }) => fetched),
		of("making the image from a delta", delta, ({ download, fetched }) => download.slice(fetched.length)),
		of("what follows a delta", delta, ({ select, trial, confirm }) => [...select, ...trial, ...confirm]),
		of("a change of trust", trust, ({ planned }) => planned),
		of("an update under the new trust", trust, ({ planned }) => trust().points.slice(planned.length)),
	];
}

function once<Value>(make: () => Value): () => Value {
	let made: Value | undefined;
	return () => {
		made ??= make();
		return made;
	};
}

function readBack(life: WatchedLife): Scenario {
	return { name: READ_BACK, script: life.script, end: { kind: "installed" }, points: life.points, life };
}

function installed(world: World, script: Script, start: SimSnapshot, seed: number): WatchedLife {
	let bootedAgain = false;
	let seconds = 0;
	const isDone = (life: Life): boolean => {
		const { lock } = life;
		if (lock.running?.sequence !== NEW || lock.runningState !== "valid") return false;
		if (!bootedAgain) {
			bootedAgain = true;
			lock.board.powerCut();
			return false;
		}
		return seconds++ >= AFTER_SECONDS;
	};
	return watchLife(world, script, start, seed, isDone, INSTALL_SECONDS);
}

/** One sector goes bad once its chunk was counted: the read back finds it, and the chunk is fetched again. */
function damagedLife(world: World, seed: number): WatchedLife {
	const script: Script = { release: world.next };
	const lastSector = world.next.image.length - (world.next.image.length % SECTOR_BYTES);
	let damagedAt: number | undefined;
	const onPoint = ({ lock }: Life, { operation, mode, index }: CutPoint): void => {
		if (damagedAt !== undefined || mode !== "after" || operation.what !== `slot 0 at ${lastSector}`) return;
		if (operation.kind !== "write") return;
		damagedAt = index;
		// Behind the operation that is under way, and before the read back gets there.
		lock.board.time.schedule(0, () => lock.board.slots.flip(0, seed % lastSector));
	};
	const isDone = ({ lock }: Life): boolean => lock.running?.sequence === NEW && lock.runningState === "valid";
	const life = watchLife(world, script, world.home, seed, isDone, REVERT_SECONDS, onPoint);
	const from = life.points.findIndex(({ index }) => index > (damagedAt ?? Number.POSITIVE_INFINITY));
	if (from < 0) throw new Error("no sector went bad");
	return { ...life, points: life.points.slice(from, firstTrial(life.points)) };
}

function reverted(
	world: World,
	name: string,
	behaviour: Behaviour,
	start: SimSnapshot,
	times: number,
	seed: number,
): Scenario {
	const script: Script = { release: world.next, behaviour };
	const life = watchLife(world, script, start, seed, (each) => hasReverted(each, times), REVERT_SECONDS);
	const points = life.points.slice(firstTrial(life.points));
	return { name, script, end: { kind: "reverted", times }, points, life };
}

/** The third revert, which parks. */
function parked(world: World, seed: number): Scenario {
	const script: Script = { release: world.next, behaviour: "crash" };
	const twice = watchLife(world, script, world.home, seed, (life) => hasReverted(life, 2), REVERT_SECONDS);
	return reverted(world, "the revert that parks", "crash", twice.end, 3, seed);
}

function hasReverted({ lock }: Life, times: number): boolean {
	if (lock.board.storage.peek("update", "trial") !== undefined || lock.running?.sequence !== OLD)
		return false;
	const flash = new Flash(lock.snapshot());
	return !flash.hasTrial && flash.reverts?.count === times;
}

function firstTrial(points: readonly CutPoint[]): number {
	return points.findIndex(({ operation }) => operation.what === "update/trial");
}

interface Phases {
	/** To the plan's own records. */
	readonly planned: readonly CutPoint[];
	/** To the last operation on a slot. */
	readonly download: readonly CutPoint[];
	/** Of a delta's life: before the image is made. */
	readonly fetched: readonly CutPoint[];
	readonly select: readonly CutPoint[];
	readonly trial: readonly CutPoint[];
	readonly confirm: readonly CutPoint[];
}

function phasesOf({ points }: WatchedLife): Phases {
	const firstSlot = points.findIndex(({ operation }) => operation.part === "slot");
	const trialAt = firstTrial(points);
	const firstImage = points.findIndex(({ operation }) => operation.what === "slot 0 at 0");
	const choices = points.flatMap(({ operation, mode }, index) =>
		operation.part === "boot" && mode === "before" && index > trialAt ? [index] : [],
	);
	// Each erases and writes one entry: the selection, the boot loader, the confirmation.
	const [, , loadAt, , confirmAt] = choices;
	if (loadAt === undefined || confirmAt === undefined || firstSlot < 0)
		throw new Error("a life without its phases");
	return {
		planned: points.slice(0, firstSlot),
		download: points.slice(0, trialAt),
		fetched: points.slice(0, firstImage),
		select: points.slice(trialAt, loadAt),
		trial: points.slice(loadAt, confirmAt),
		confirm: points.slice(confirmAt),
	};
}
