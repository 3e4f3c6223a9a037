/**
 * What the flash of a simulated lock says by itself, past the firmware that wrote it: floors, records, slots. What a sweep
 * requires is asked of this, not of what the firmware reports.
 */
import { createHash } from "node:crypto";
import type { SlotNumber, SlotState } from "../../modules/platform/slots.ts";
import type { RecordStorage } from "../../modules/platform/storage.ts";
import { type RecordCodec, Store } from "../../modules/store/store.ts";
import { CODEC as TIME_CODEC } from "../../modules/time/trusted-time.ts";
import { CODEC as TRUST_CODEC } from "../../modules/trust/trust-store.ts";
import { CODEC as FLOORS_CODEC } from "../../modules/update/floors.ts";
import { CODEC as FRESHNESS_CODEC } from "../../modules/update/freshness-store.ts";
import { CODEC as HISTORY_CODEC, type Reverts } from "../../modules/update/history.ts";
import { CODEC as PLAN_CODEC } from "../../modules/update/plan.ts";
import { CODEC as SETTLED_CODEC } from "../../modules/update/settled.ts";
import { CODEC as HEAD_CODEC } from "../../modules/update/slot-head.ts";
import { CODEC as TRIAL_CODEC } from "../../modules/update/trial-record.ts";
import type { UpdateResult } from "../../modules/wire/update-report.ts";
import type { SimSnapshot } from "../sim/board.ts";
import { BootEntries } from "../sim/boot-entries.ts";
import { SimPower } from "../sim/power.ts";

/** Every floor of I3. 0: there is no such record. */
export interface AllFloors {
	readonly sequence: number;
	readonly security: number;
	readonly fuse: number;
	readonly timeMs: number;
	readonly trust: number;
}

const SLOTS: readonly SlotNumber[] = [0, 1];

export class Flash {
	readonly snapshot: SimSnapshot;
	readonly #store: Store;
	readonly #entries: BootEntries;
	/** Records that do not read, as "domain/name reason" (I5). */
	readonly unreadable: string[] = [];

	constructor(snapshot: SimSnapshot) {
		this.snapshot = snapshot;
		this.#store = new Store(readingOf(snapshot.records));
		this.#entries = new BootEntries(new SimPower(), snapshot.slots.entries, () => undefined);
	}

	get floors(): AllFloors {
		const floors = this.#read(FLOORS_CODEC);
		return {
			sequence: floors?.sequence ?? 0,
			security: floors?.securityVersion ?? 0,
			fuse: this.snapshot.slots.fuse,
			timeMs: this.#read(TIME_CODEC) ?? 0,
			trust: this.#read(TRUST_CODEC)?.version ?? 0,
		};
	}

	get reverts(): Reverts | undefined {
		return this.#read(HISTORY_CODEC)?.reverts;
	}

	get result(): UpdateResult | undefined {
		return this.#read(HISTORY_CODEC)?.result;
	}

	get hasTrial(): boolean {
		return this.snapshot.records.has("update/trial");
	}

	get hasPlan(): boolean {
		return this.snapshot.records.has("update/plan");
	}

	/** Reads all that an update keeps; what does not read is in `unreadable`. */
	readAll(): void {
		for (const codec of [
			TRIAL_CODEC,
			PLAN_CODEC,
			FRESHNESS_CODEC,
			HISTORY_CODEC,
			HEAD_CODEC,
			SETTLED_CODEC,
		] as const) {
			this.#read(codec as RecordCodec<unknown>);
		}
		void this.floors;
	}

	state(slot: SlotNumber): SlotState {
		return this.#entries.of(slot)?.entry.state ?? "unset";
	}

	/** Slots that hold the image, from their first byte on. */
	slotsWith(image: Uint8Array): readonly SlotNumber[] {
		return SLOTS.filter((slot) => {
			const sectors = this.snapshot.slots.slots[slot];
			let at = 0;
			for (const sector of sectors) {
				const end = Math.min(at + sector.length, image.length);
				if (Buffer.compare(image.subarray(at, end), sector.subarray(0, end - at)) !== 0) return false;
				at += sector.length;
				if (at >= image.length) return true;
			}
			return false;
		});
	}

	/** Slots whose first sector is the image's, whatever is behind it. */
	slotsStartingWith(image: Uint8Array): readonly SlotNumber[] {
		return SLOTS.filter((slot) => {
			const first = this.snapshot.slots.slots[slot][0]!;
			return Buffer.compare(first, image.subarray(0, first.length)) === 0;
		});
	}

	#read<Value>(codec: RecordCodec<Value>): Value | undefined {
		const read = this.#store.read(codec);
		if (read.ok) return read.value;
		if (read.reason !== "absent")
			this.unreadable.push(`${codec.row.domain}/${codec.row.name} ${read.reason}`);
		return undefined;
	}
}

/** As SimStorage without its copies. */
function readingOf(records: SimSnapshot["records"]): RecordStorage {
	const refuse = (): never => {
		throw new Error("a snapshot is not written");
	};
	return {
		read: (domain, name) => records.get(`${domain}/${name}`)?.slice(),
		write: refuse,
		delete: refuse,
		names: refuse,
	};
}

const digests = new WeakMap<Uint8Array, string>();

function digestOf(bytes: Uint8Array): string {
	let digest = digests.get(bytes);
	if (digest === undefined) {
		digest = createHash("sha1").update(bytes).digest("base64");
		digests.set(bytes, digest);
	}
	return digest;
}

/** The same for two flashes that hold the same, and for no others. */
export function nameOf({ records, slots }: SimSnapshot): string {
	const hash = createHash("sha1");
	for (const path of [...records.keys()].sort()) hash.update(`${path} ${digestOf(records.get(path)!)}\n`);
	for (const sectors of slots.slots) for (const sector of sectors) hash.update(digestOf(sector));
	for (const entry of slots.entries) hash.update(digestOf(entry));
	return hash.update(`${slots.fuse} ${slots.fuseIsDamaged}`).digest("base64");
}

/** Which floors are lower afterwards, for people. */
export function fallen(before: AllFloors, after: AllFloors): readonly string[] {
	const names = Object.keys(before) as (keyof AllFloors)[];
	return names
		.filter((name) => after[name] < before[name])
		.map((name) => `${name} fell from ${before[name]} to ${after[name]}`);
}
