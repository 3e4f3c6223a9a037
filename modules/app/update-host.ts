/** What the update of a lock is built on: the machine, the records, and who else has a say. Recovery has no more than this. */
import type { Firmware } from "../base/version.ts";
import type { Clock } from "../platform/clock.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { Inflate } from "../platform/inflate.ts";
import type { Slots } from "../platform/slots.ts";
import type { System } from "../platform/system.ts";
import type { Store } from "../store/store.ts";
import type { TrustedTime } from "../time/trusted-time.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import { UpdateFloors } from "../update/floors.ts";
import type { LockNames } from "../update/freshness.ts";
import { FreshnessStore } from "../update/freshness-store.ts";
import { UpdateHistory } from "../update/history.ts";
import { PlanStore } from "../update/plan.ts";
import { SettledStore } from "../update/settled.ts";
import { SlotHead } from "../update/slot-head.ts";
import { TrialStore } from "../update/trial-record.ts";
import type { LogEvent } from "../wire/log-entry.ts";

export interface UpdateHost {
	readonly clock: Clock;
	readonly crypto: Crypto;
	readonly slots: Slots;
	readonly inflate: Inflate;
	readonly system: Pick<System, "log" | "reboot">;
	readonly store: Store;
	readonly time: TrustedTime;
	readonly trust: TrustStore;
	readonly firmware: Firmware;
	/** The recovery program, of which no release is newer, and which asks for no freshness. */
	readonly isRecovery: boolean;
	/** As the factory line gave it; undefined: not yet. */
	readonly hardwareClass: () => string | undefined;
	/** False while the bolt drives: no verification and no flash work begins then (DESIGN 10). */
	readonly mayWork: () => boolean;
	/** A link is ready or a session open, or was within LIMITS.reachedMs. */
	readonly isReachable: () => boolean;
	/** The position inputs can be read, and do not contradict each other. */
	readonly isBoltReadable: () => boolean;
	readonly append: (event: LogEvent) => void;
	/** The last thing before the machine starts over. */
	readonly onReboot: () => void;
}

export interface UpdateRecords {
	readonly floors: UpdateFloors;
	readonly plan: PlanStore;
	readonly trial: TrialStore;
	readonly history: UpdateHistory;
	readonly freshness: FreshnessStore;
	readonly settled: SettledStore;
	readonly head: SlotHead;
}

/** The running image has yet to be confirmed. */
export function runsOnTrial(slots: Slots): boolean {
	return slots.slotBytes > 0 && slots.running !== undefined && slots.state(slots.running) === "pending";
}

export function lockNames({ firmware, hardwareClass, slots }: UpdateHost): LockNames {
	return { vendor: firmware.vendor, hardwareClass: hardwareClass(), board: slots.board };
}

/** `isSealed`: the board left the factory line, whose image was confirmed before. */
export function openUpdateRecords(host: UpdateHost, isSealed: boolean): UpdateRecords {
	const { clock, crypto, store, trust, firmware, isRecovery, slots } = host;
	const hadFloors = isSealed || !slots.isFloorKnown;
	const nowMs = clock.monotonicMs();
	return {
		floors: new UpdateFloors(store, isRecovery ? undefined : firmware, hadFloors),
		plan: new PlanStore(store),
		trial: new TrialStore(store),
		history: new UpdateHistory(store, nowMs, { begins: isRecovery ? 1 : 0 }),
		settled: new SettledStore(store),
		head: new SlotHead(slots, store),
		freshness: new FreshnessStore(store, crypto, lockNames(host), trust.freshnessKeys, nowMs),
	};
}

/** What could not be read, as "record-reason", for the caller to log once. */
export function updateFaults(records: UpdateRecords): readonly string[] {
	const faults: string[] = [];
	for (const [name, fault] of [
		["update-floors", records.floors.fault],
		["update-plan", records.plan.fault],
		["update-trial", records.trial.fault],
		["update-history", records.history.fault],
		["update-freshness", records.freshness.fault],
		["update-settled", records.settled.fault],
		["update-head", records.head.fault],
	] as const) {
		if (fault !== undefined) faults.push(`${name}-${fault}`);
	}
	return faults;
}
