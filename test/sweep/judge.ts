/**
 * What a cut must leave, and what the life after it must come to (I3, I4, I5, T12). Each answer is what is wrong, or undefined.
 */
import { LIMITS } from "../../modules/base/limits.ts";
import type { SlotNumber } from "../../modules/platform/slots.ts";
import { type AllFloors, Flash, fallen } from "./flash.ts";
import type { Life, Script } from "./life.ts";
import { NEW, OLD, type World } from "./world.ts";

/** How a scenario ends: installed, or reverted so often in all. */
export type End = { readonly kind: "installed" } | { readonly kind: "reverted"; readonly times: number };

const SLOTS: readonly SlotNumber[] = [0, 1];
/** A cut in a trial counts as a revert, and the next attempt waits an hour. */
const INSTALL_SECONDS = 3600 + 600;
const REVERT_SECONDS = 3 * 3600;

/** Of flash alone, at the moment of the cut. */
export function judgeFlash(world: World, flash: Flash): string | undefined {
	flash.readAll();
	if (flash.unreadable.length > 0) return `unreadable (I5): ${flash.unreadable.join(", ")}`;
	for (const slot of SLOTS) {
		const state = flash.state(slot);
		if (state !== "new" && state !== "pending" && state !== "valid") continue;
		const holds = [...world.images.values()].some((image) => flash.slotsWith(image).includes(slot));
		if (!holds) return `slot ${slot} is ${state}, and holds no whole image (I4)`;
	}
	// A boot loader that lost its record goes by the checksum that the first bytes name, and whoever sends makes that right.
	for (const [sequence, image] of world.images) {
		const whole = flash.slotsWith(image);
		const open = flash.slotsStartingWith(image).find((slot) => !whole.includes(slot));
		if (open !== undefined) return `slot ${open} begins as image ${sequence} over what nobody verified (T10)`;
	}
	const held = SLOTS.filter((slot) => flash.state(slot) === "valid" || flash.state(slot) === "unset");
	const bootable = held.flatMap((slot) =>
		[...world.images]
			.filter(([, image]) => flash.slotsWith(image).includes(slot))
			.map(([sequence]) => sequence),
	);
	if (!bootable.includes(OLD) && !bootable.includes(NEW)) return "nothing good is left to boot (I4)";
	if (!flash.hasTrial && SLOTS.some((slot) => flash.state(slot) === "new"))
		return "a slot is chosen, and nothing says by what it will be tried";
	// Floors follow what was confirmed.
	const isConfirmed = SLOTS.some(
		(slot) => flash.state(slot) === "valid" && flash.slotsWith(world.images.get(NEW)!).includes(slot),
	);
	if (flash.floors.sequence > OLD && !isConfirmed) return "the floors rose before the image was confirmed";
	return undefined;
}

/** What was before a life: the floors of its flash, and what had run since the scenario began. */
export interface Past {
	readonly floors: AllFloors;
	readonly ran: readonly number[];
	/** Attempts that nobody can count any more (isMarkLost). */
	readonly lost: number;
}

/**
 * The cut met the one write by which the boot loader marks a trial aborted, or an image its own slot invalid, and left no mark: the
 * slot reads as never chosen, and the attempt as never made (docs/UPDATE.md 11).
 */
export function isMarkLost(flash: Flash, ran: readonly number[], image: Uint8Array): boolean {
	return (
		flash.hasTrial &&
		ran.includes(NEW) &&
		flash.slotsWith(image).some((slot) => flash.state(slot) === "unset")
	);
}

/** Drives a life that has just been switched on to the scenario's end. */
export function judgeLife(
	world: World,
	life: Life,
	script: Script,
	past: Past,
	end: End,
): string | undefined {
	const { lock } = life;
	const wrong = judgeBoot(world, life);
	if (wrong !== undefined) return wrong;
	// A session would be somebody whom a trial reached.
	if (end.kind === "installed" && lock.board.running && !life.unlocks())
		return `the bolt does not move\n${lock.rig.log}`;
	const isDone =
		end.kind === "installed" ? () => isInstalled(life, script) : () => isReverted(life, end.times);
	if (!life.until(isDone, end.kind === "installed" ? INSTALL_SECONDS : REVERT_SECONDS))
		return `it does not come to its end\n${lock.rig.log}`;
	const after = new Flash(lock.snapshot());
	const judged = judgeBoot(world, life) ?? judgeFlash(world, after);
	if (judged !== undefined) return judged;
	const lower = fallen(past.floors, after.floors);
	if (lower.length > 0) return `I3: ${lower.join(", ")}`;
	if (end.kind === "reverted") return judgeReverts(life, after, past, end.times);
	if (after.floors.fuse < 1) return "the fuse did not follow";
	if (lock.board.logs.some((line) => line.includes("is given up")))
		return `a good image gave itself up\n${lock.rig.log}`;
	return undefined;
}

/** Counted once each, parked by the third, and the bolt moves. */
function judgeReverts(life: Life, after: Flash, past: Past, times: number): string | undefined {
	const { reverts } = after;
	if (reverts?.sequence !== NEW || reverts.count !== times || reverts.parked !== times >= LIMITS.revertsMax)
		return `${times} reverts are counted as ${JSON.stringify(reverts)}`;
	const attempts = [...past.ran, ...life.ran].filter((sequence) => sequence === NEW).length;
	if (attempts > 1 + past.lost) return `the image ran ${attempts} times for one revert`;
	return life.unlocks() ? undefined : `the bolt does not move\n${life.lock.rig.log}`;
}

/** What runs, and what the lock said of its records. */
function judgeBoot(world: World, { lock }: Life): string | undefined {
	const { slots, logs, running } = lock.board;
	const unreadable = logs.find((line) => line.startsWith("storage: "));
	if (unreadable !== undefined) return `I5: ${unreadable}`;
	const damaged = slots.refusals.find((line) => !/ is (aborted|invalid)$/.test(line));
	if (damaged !== undefined) return `the loader was told to boot what does not (I4): ${damaged}`;
	if (!running) return undefined;
	const sequence = lock.running?.sequence;
	if (sequence !== OLD && sequence !== NEW) return `${sequence} runs (I4)`;
	const holding = new Flash(lock.snapshot()).slotsWith(world.images.get(sequence)!);
	return holding.includes(slots.running!) ? undefined : "what runs is not the image that it says it is (I4)";
}

function isInstalled({ lock }: Life, { release }: Script): boolean {
	const { sequence, securityVersion } = release.manifest;
	if (lock.running?.sequence !== sequence || lock.runningState !== "valid") return false;
	const flash = new Flash(lock.snapshot());
	const { floors } = flash;
	return (
		floors.sequence === sequence &&
		floors.security === securityVersion &&
		!flash.hasTrial &&
		!flash.hasPlan &&
		flash.result === "installed"
	);
}

/** The old image runs, and this trial and those before it are counted, each once. */
function isReverted({ lock }: Life, times: number): boolean {
	// Looked at every second of hours: what is cheap goes first.
	if (lock.board.storage.peek("update", "trial") !== undefined || lock.running?.sequence !== OLD)
		return false;
	const flash = new Flash(lock.snapshot());
	return !flash.hasTrial && (flash.reverts?.count ?? 0) >= times;
}
