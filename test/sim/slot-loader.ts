/** What a simulated board's boot loader does with the boot choice, as ESP-IDF's with roll-back (docs/UPDATE.md 7). */
import { DeviceError } from "../../modules/base/device-error.ts";
import type { SlotNumber, SlotState } from "../../modules/platform/slots.ts";
import { type BootEntries, slotOfSequence } from "./boot-entries.ts";

const NUMBERS = Object.freeze([0, 1] as const);

/**
 * The slot that runs; undefined: neither boots. `refusalOf` says why what is in a slot would not, and `refusals` takes why
 * each slot was passed over. Throws PowerCut as any operation.
 */
export function loadSlot(
	entries: BootEntries,
	refusalOf: (slot: SlotNumber) => string | undefined,
	refusals: string[],
): SlotNumber | undefined {
	const chosen = settleTrials(entries);
	for (const slot of [chosen, other(chosen)]) {
		const found = entries.of(slot);
		const state = found?.entry.state ?? "unset";
		const boots = mayBoot(state, slot === chosen);
		const refusal = boots ? refusalOf(slot) : `is ${state}`;
		// The trial is on record before anything of the image runs.
		if (refusal === undefined && (state !== "new" || putEntry(entries, found!.index, "pending"))) {
			keepChoice(entries, slot);
			return slot;
		}
		if (refusal === undefined) continue;
		refusals.push(`slot ${slot} ${refusal}`);
		if (boots && state === "new") putEntry(entries, found!.index, "aborted");
	}
	return undefined;
}

/**
 * Those that are confirmed and would run but for the fuse, which cannot be read; the chosen one first. Nothing is tried, nothing runs. A new
 * one says nothing of the floor, which follows what was confirmed.
 */
export function slotsBesideFuse(
	entries: BootEntries,
	refusalOf: (slot: SlotNumber) => string | undefined,
): readonly SlotNumber[] {
	const chosen = settleTrials(entries);
	return [chosen, other(chosen)].filter(
		(slot) => mayBoot(entries.of(slot)?.entry.state ?? "unset", false) && refusalOf(slot) === undefined,
	);
}

/** A trial that did not end is over. The slot that is chosen. */
function settleTrials(entries: BootEntries): SlotNumber {
	for (const index of NUMBERS) {
		if (entries.entry(index)?.state === "pending") putEntry(entries, index, "aborted");
	}
	const active = entries.active();
	return active === undefined ? 0 : slotOfSequence(active.entry.sequence);
}

function mayBoot(state: SlotState, isChosen: boolean): boolean {
	return state === "unset" || state === "valid" || (state === "new" && isChosen);
}

/** The slot that runs is the active one from now on, or slot 0 with no entry active. */
function keepChoice(entries: BootEntries, slot: SlotNumber): void {
	const active = entries.active();
	if (active === undefined ? slot === 0 : slotOfSequence(active.entry.sequence) === slot) return;
	const found = entries.of(slot);
	const state = found?.entry.state ?? "unset";
	const index = found?.index ?? other(active?.index ?? 1);
	try {
		entries.put(index, { sequence: entries.nextSequence(slot), state });
	} catch (error) {
		if (!(error instanceof DeviceError)) throw error;
	}
}

/** False when flash did not take it. */
function putEntry(entries: BootEntries, index: SlotNumber, state: SlotState): boolean {
	try {
		entries.put(index, { ...entries.entry(index)!, state });
		return true;
	} catch (error) {
		if (!(error instanceof DeviceError)) throw error;
		return false;
	}
}

export function other(slot: SlotNumber): SlotNumber {
	return slot === 0 ? 1 : 0;
}
