/**
 * The firmware slots of a simulated board, as honest as an ESP32's flash: sectors of 4 KiB, erased to 0xFF, whose bits a
 * write only clears (slot-flash.ts); the boot choice in two entries (boot-entries.ts); a fuse. What it does in which order is
 * ESP-IDF's way, and every step of it is an operation of SimPower. `load` is the boot loader's half (slot-loader.ts), called by
 * SimBoard.boot.
 */
import { assert } from "../../modules/base/assert.ts";
import { DeviceError } from "../../modules/base/device-error.ts";
import type { Hash } from "../../modules/platform/crypto.ts";
import {
	SECTOR_BYTES,
	type SlotImage,
	type SlotNumber,
	type SlotState,
	type Slots,
} from "../../modules/platform/slots.ts";
import { type ImageHeader, imageIsWhole } from "../../tools/update/image-header.ts";
import { BootEntries, type BootSectors, NO_ENTRIES } from "./boot-entries.ts";
import type { SimPower } from "./power.ts";
import { ERASED, SlotFlash, type SlotSectors, sectorsOf } from "./slot-flash.ts";
import { SIM_BOARD } from "./slot-image.ts";
import { loadSlot, other, slotsBesideFuse } from "./slot-loader.ts";

const SECURITY_FLOOR_MAX = 16;

export interface SimSlotsOptions {
	/** Of each slot; a multiple of 4096. 0: a machine without slots. */
	readonly slotBytes: number;
	/** What a factory line put into slot 0; its state is unset. */
	readonly image?: Uint8Array;
	/** The default is "sim". */
	readonly board?: string;
	/** Whether there is a recovery image for when neither slot boots. The default is true. */
	readonly recovery?: boolean;
	/** A quicker imageIsWhole, for sweeps: of the image that the slot begins with. */
	readonly isWhole?: (header: ImageHeader, sectors: readonly Uint8Array[]) => boolean;
}

/** All that slots, boot choice and fuse are. Nobody changes its bytes. */
export interface SlotsSnapshot {
	readonly slots: SlotSectors;
	readonly entries: BootSectors;
	readonly fuse: number;
	readonly fuseIsDamaged: boolean;
}

/** Neither slot boots, and there is no recovery image. */
export class SimBricked extends Error {
	override readonly name = "SimBricked";
}

interface Judged {
	readonly sectors: readonly Uint8Array[];
	readonly whole: boolean;
}

export type SlotFault = "erase" | "write" | "read" | "boot" | "fuse";

export class SimSlots implements Slots {
	readonly board: string;
	readonly #options: SimSlotsOptions;
	readonly #power: SimPower;
	readonly #reboot: () => never;
	readonly #flash: SlotFlash;
	readonly #entries: BootEntries;
	readonly #judged: [Judged | undefined, Judged | undefined] = [undefined, undefined];
	readonly #faults = new Map<SlotFault, number>();
	#fuse: number;
	#fuseIsDamaged: boolean;
	#running: SlotNumber | undefined;
	#target: SlotNumber = 0;
	#onConfirmed: () => void = () => undefined;
	/** Erases of each slot's sectors so far: what wears the flash. */
	readonly erases: [number, number] = [0, 0];
	/** Why the last boot passed a slot over. */
	readonly refusals: string[] = [];

	constructor(
		options: SimSlotsOptions,
		power: SimPower,
		reboot: () => never,
		snapshot: SlotsSnapshot = factorySlots(options),
	) {
		this.#options = options;
		this.board = options.board ?? SIM_BOARD;
		this.#power = power;
		this.#reboot = reboot;
		this.#flash = new SlotFlash(options.slotBytes, snapshot.slots);
		this.#entries = new BootEntries(power, snapshot.entries, () => this.#meet("boot"));
		this.#fuse = snapshot.fuse;
		this.#fuseIsDamaged = snapshot.fuseIsDamaged;
	}

	/* ---- what the firmware sees ---- */

	get slotBytes(): number {
		return this.#flash.slotBytes;
	}

	get running(): SlotNumber | undefined {
		return this.#running;
	}

	get target(): SlotNumber {
		return this.#target;
	}

	state(slot: SlotNumber): SlotState {
		this.#need();
		assert(slot === 0 || slot === 1, `slots: no slot ${slot}`);
		return this.#entries.of(slot)?.entry.state ?? "unset";
	}

	image(slot: SlotNumber): SlotImage | undefined {
		this.#need();
		assert(slot === 0 || slot === 1, `slots: no slot ${slot}`);
		const header = this.#flash.header(slot);
		if (header === undefined) return undefined;
		const { bytes, sequence, securityVersion, version } = header;
		return { bytes, sequence, securityVersion, version };
	}

	read(slot: SlotNumber, offset: number, count: number): Uint8Array {
		this.#need();
		assert(count >= 1 && count <= SECTOR_BYTES, `slots: read ${count} bytes`);
		assert(slot === 0 || slot === 1, `slots: no slot ${slot}`);
		assert(
			Number.isInteger(offset) && offset >= 0 && offset + count <= this.slotBytes,
			`slots: read at ${offset}`,
		);
		this.#meet("read");
		return this.#flash.bytes(slot, offset, count);
	}

	hash(slot: SlotNumber, offset: number, count: number, into: Hash): void {
		assert(count >= 1, `slots: hash ${count} bytes`);
		for (let at = 0; at < count; at += SECTOR_BYTES)
			into.update(this.read(slot, offset + at, Math.min(SECTOR_BYTES, count - at)));
	}

	erase(offset: number): void {
		this.#needTarget();
		assert(offset % SECTOR_BYTES === 0 && offset >= 0 && offset < this.slotBytes, `slots: erase ${offset}`);
		this.#retireTarget();
		this.#touch("erase", offset);
		this.erases[this.#target]++;
		this.#land("erase", offset, SECTOR_BYTES, ERASED);
	}

	write(offset: number, bytes: Uint8Array): void {
		this.#needPart(offset, bytes);
		this.#retireTarget();
		this.#touch("write", offset);
		const next = this.#flash.bytes(this.#target, offset, bytes.length);
		for (let at = 0; at < next.length; at++) next[at]! &= bytes[at]!;
		this.#land("write", offset, bytes.length, next);
	}

	/** Of one sector. */
	#needPart(offset: number, bytes: Uint8Array): void {
		this.#needTarget();
		const room = SECTOR_BYTES - (offset % SECTOR_BYTES);
		assert(Number.isInteger(offset) && offset >= 0 && offset < this.slotBytes, `slots: write at ${offset}`);
		assert(bytes.length >= 1 && bytes.length <= room, `slots: write ${bytes.length} bytes at ${offset}`);
	}

	append(offset: number, bytes: Uint8Array, into: Hash): void {
		this.#needPart(offset, bytes);
		into.update(bytes);
		if (offset % SECTOR_BYTES === 0) this.erase(offset);
		this.write(offset, bytes);
	}

	retire(): void {
		this.#needTarget();
		this.#retireTarget();
	}

	select(): void {
		this.#needTarget();
		if (this.#fuseIsDamaged) throw new DeviceError("slot/io", "the fuse cannot be read");
		const slot = this.#target;
		this.#entries.put(this.#indexFor(slot), { sequence: this.#entries.nextSequence(slot), state: "new" });
	}

	confirm(): void {
		this.#need();
		assert(this.#running !== undefined, "slots: none runs");
		const found = this.#entries.of(this.#running);
		if (found?.entry.state === "pending") this.#entries.put(found.index, { ...found.entry, state: "valid" });
		this.#onConfirmed();
	}

	revert(): never {
		this.#need();
		const slot = this.#running;
		const state = slot === undefined ? "invalid" : this.state(other(slot));
		if (slot === undefined || state === "invalid" || state === "aborted" || this.#refusal(other(slot))) {
			throw new DeviceError("slot/no-image", "revert");
		}
		const found = this.#entries.of(slot);
		const index = found?.index ?? other(this.#entries.of(other(slot))?.index ?? 1);
		const sequence = found?.entry.sequence ?? this.#entries.nextSequence(slot);
		this.#entries.put(index, { sequence, state: "invalid" });
		this.#reboot();
	}

	get securityFloor(): number {
		return this.#fuse;
	}

	get isFloorKnown(): boolean {
		return !this.#fuseIsDamaged;
	}

	raiseSecurityFloor(version: number): void {
		this.#need();
		assert(
			Number.isInteger(version) && version >= 0 && version <= SECURITY_FLOOR_MAX,
			`no floor: ${version}`,
		);
		if (version <= this.#fuse && !this.#fuseIsDamaged) return;
		this.#meet("fuse");
		this.#power.atomic({ part: "fuse", kind: "write", what: "fuse", bytes: 1 }, () => {
			this.#fuse = Math.max(version, this.#fuse);
			this.#fuseIsDamaged = false;
		});
	}

	/* ---- the boot loader ---- */

	/** Decides what runs. True: it is on trial. Throws SimBricked, and PowerCut as any operation. */
	load(onConfirmed: () => void): boolean {
		this.#running = undefined;
		this.#target = 0;
		this.#onConfirmed = onConfirmed;
		this.refusals.length = 0;
		if (this.slotBytes === 0) return false;
		if (this.#fuseIsDamaged) return this.#recoverFuse();
		const slot = loadSlot(this.#entries, (number) => this.#refusal(number), this.refusals);
		if (slot === undefined) {
			if (this.#options.recovery === false) throw new SimBricked(this.refusals.join("; "));
			this.#target = this.#leastUseful();
			return false;
		}
		this.#running = slot;
		this.#target = other(slot);
		return this.state(slot) === "pending";
	}

	/** A floor that cannot be read is not zero: no slot boots by a guess (I3). */
	#recoverFuse(): false {
		this.refusals.push("the fuse cannot be read");
		if (this.#options.recovery === false) throw new SimBricked(this.refusals.join("; "));
		this.#fuse = 0;
		const confirmed = slotsBesideFuse(this.#entries, (slot) => this.#refusal(slot));
		this.#fuse = Math.max(0, ...confirmed.map((slot) => this.#flash.header(slot)?.securityVersion ?? 0));
		const kept = confirmed.find((slot) => this.#refusal(slot) === undefined);
		this.#target = kept === undefined ? this.#leastUseful() : other(kept);
		return false;
	}

	#leastUseful(): SlotNumber {
		return this.#refusal(0) === undefined && this.#refusal(1) !== undefined ? 1 : 0;
	}

	/** Why the loader does not boot what is in the slot; undefined: it would. */
	#refusal(slot: SlotNumber): string | undefined {
		const header = this.#flash.header(slot);
		if (header === undefined) return "has no image";
		if (!this.#isWhole(slot, header)) return "is damaged";
		if (header.board !== this.board) return "is for another board";
		if (header.securityVersion < this.#fuse) return "is below the floor";
		return undefined;
	}

	/** What was judged once is not read again: sectors are never changed in place, so the same ones hold the same bytes. */
	#isWhole(slot: SlotNumber, header: ImageHeader): boolean {
		const sectors = this.#flash.sectors(slot);
		const { isWhole } = this.#options;
		if (isWhole !== undefined) return isWhole(header, sectors);
		const former = this.#judged[slot];
		if (former?.sectors.every((sector, index) => sector === sectors[index])) return former.whole;
		const whole = imageIsWhole(this.#flash.bytes(slot, 0, header.bytes));
		this.#judged[slot] = { sectors: [...sectors], whole };
		return whole;
	}

	/* ---- in a test's hand ---- */

	/** Every erase and write of the sector throws slot/io from now on; an erase leaves it as it is. */
	makeBad(slot: SlotNumber, offset: number): void {
		this.#flash.makeBad(slot, offset);
	}

	/** Every operation of the kind throws slot/io, after `after` more have succeeded. */
	fail(fault: SlotFault, after = 0): void {
		this.#faults.set(fault, after);
	}

	/** No fault any more; bad sectors stay bad. */
	heal(): void {
		this.#faults.clear();
	}

	/** Changes one bit under the board's feet. */
	flip(slot: SlotNumber, offset: number): void {
		const bytes = this.#flash.bytes(slot, offset, 1);
		bytes[0]! ^= 1;
		this.#flash.put(slot, offset, bytes);
	}

	/** Damages one of the two boot entries. */
	damageEntry(index: SlotNumber): void {
		this.#entries.damage(index);
	}

	/** The fuse cannot be read from now on. */
	damageFuse(): void {
		this.#fuseIsDamaged = true;
	}

	/** A factory line: the slot holds these bytes and 0xFF behind them. No entry is changed, and no operation counted. */
	flash(slot: SlotNumber, image: Uint8Array): void {
		this.#flash.fill(slot, image);
	}

	/** The slot's bytes past every fault. */
	peek(slot: SlotNumber): Uint8Array {
		return this.#flash.bytes(slot, 0, this.slotBytes);
	}

	snapshot(): SlotsSnapshot {
		return {
			slots: this.#flash.snapshot(),
			entries: this.#entries.sectors,
			fuse: this.#fuse,
			fuseIsDamaged: this.#fuseIsDamaged,
		};
	}

	/* ---- flash ---- */

	#need(): void {
		this.#power.assertOn();
		assert(this.slotBytes > 0, "slots: this machine has none");
	}

	#needTarget(): void {
		this.#need();
		const running = this.#running;
		assert(
			running === undefined || this.state(running) !== "pending",
			"slots: the running image is on trial",
		);
	}

	#meet(fault: SlotFault): void {
		const left = this.#faults.get(fault);
		if (left === undefined) return;
		if (left > 0) this.#faults.set(fault, left - 1);
		else throw new DeviceError("slot/io", fault);
	}

	#touch(fault: "erase" | "write", offset: number): void {
		this.#meet(fault);
		if (this.#flash.isBad(this.#target, offset)) throw new DeviceError("slot/io", `bad sector at ${offset}`);
	}

	/** What is being replaced boots no more, whatever it was, before its first byte is another one (I4, T10). */
	#retireTarget(): void {
		const slot = this.#target;
		const found = this.#entries.of(slot)?.entry;
		if (found?.state === "invalid" || found?.state === "aborted") return;
		const sequence = found?.sequence ?? this.#entries.nextSequence(slot);
		this.#entries.put(this.#indexFor(slot), { sequence, state: "invalid" });
	}

	/** Where the target's entry goes: never over what the other slot has. */
	#indexFor(slot: SlotNumber): SlotNumber {
		const kept = this.#entries.of(other(slot));
		return kept === undefined ? (this.#entries.of(slot)?.index ?? 0) : other(kept.index);
	}

	#land(kind: "erase" | "write", offset: number, count: number, next: Uint8Array): void {
		const slot = this.#target;
		const operation = { part: "slot", kind, what: `slot ${slot} at ${offset}`, bytes: count } as const;
		this.#power.bytewise(operation, this.#flash.bytes(slot, offset, count), next, (landed) => {
			this.#flash.put(slot, offset, landed);
		});
	}
}

function factorySlots(options: SimSlotsOptions): SlotsSnapshot {
	const image = options.image ?? new Uint8Array(0);
	const slots = [
		sectorsOf(image, options.slotBytes),
		sectorsOf(new Uint8Array(0), options.slotBytes),
	] as const;
	return { slots, entries: NO_ENTRIES, fuse: 0, fuseIsDamaged: false };
}
