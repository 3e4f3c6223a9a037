/** One life without a cut, with what every cut in it would have left: where the lives after cuts begin. */
import type { SimSnapshot } from "../sim/board.ts";
import { type CutMode, type PowerOperation, SimPower } from "../sim/power.ts";
import { Life, type Script } from "./life.ts";
import type { World } from "./world.ts";

export interface CutPoint {
	/** Of the operation, in its life. */
	readonly index: number;
	readonly operation: PowerOperation;
	readonly mode: CutMode;
	/** What the cut leaves. */
	readonly left: SimSnapshot;
	/** Which boot of the life, from 1. */
	readonly boot: number;
	/** What had run by then. */
	readonly ran: readonly number[];
}

export interface WatchedLife {
	readonly script: Script;
	readonly origin: SimSnapshot;
	readonly seed: number;
	readonly points: readonly CutPoint[];
	readonly end: SimSnapshot;
}

/** It booted once and is off: the boot to come can be watched whole. */
export function beginLife(world: World, script: Script, origin: SimSnapshot, power: SimPower): Life {
	const life = new Life(world, script, origin, power);
	life.lock.board.powerCut();
	life.ran.length = 0;
	return life;
}

/** Goes on until `isDone`; a life that does not get there is a fault of the sweep, or of everything. */
export function watchLife(
	world: World,
	script: Script,
	start: SimSnapshot,
	seed: number,
	isDone: (life: Life) => boolean,
	seconds: number,
	onPoint: (life: Life, point: CutPoint) => void = () => undefined,
): WatchedLife {
	const power = new SimPower();
	const life = beginLife(world, script, start, power);
	const { board } = life.lock;
	const boots = board.boots;
	const first = power.operations.length;
	const points: CutPoint[] = [];
	power.watch((operation, mode) => {
		const point: CutPoint = {
			index: power.operations.length - 1 - first,
			operation,
			mode,
			left: board.snapshot(),
			boot: board.boots - boots,
			ran: [...life.ran],
		};
		points.push(point);
		onPoint(life, point);
	}, seed);
	if (!life.until(() => isDone(life), seconds)) {
		throw new Error(`an uncut life does not come to its end\n${life.lock.rig.log}`);
	}
	return { script, origin: start, seed, points, end: life.lock.snapshot() };
}

export function placeOf({ index, operation, mode }: CutPoint): string {
	return `${mode} operation ${index}, ${operation.kind} ${operation.what}`;
}
