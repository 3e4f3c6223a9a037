/**
 * Records in memory with faults under the test's hand: a full disk, input/output errors, corruption and a power cut
 * at the n-th mutation. It keeps copies, so that no test sees a change that was not written. Each write and delete is one
 * atomic operation of the board's power (power.ts).
 */
import { DeviceError } from "../../modules/base/device-error.ts";
import type { RecordStorage } from "../../modules/platform/storage.ts";
import { PowerCut, SimPower } from "./power.ts";

export interface Mutation {
	readonly kind: "write" | "delete";
	readonly domain: string;
	readonly name: string;
	readonly bytes: number;
}

const NAME = /^[0-9A-Za-z_.-]{1,15}$/;

export class SimStorage implements RecordStorage {
	readonly #records: Map<string, Uint8Array>;
	readonly #corrupt = new Set<string>();
	readonly #unreadable = new Set<string>();
	readonly #unlistable = new Set<string>();
	readonly #mutations: Mutation[] = [];
	#fault: { readonly code: "record/full" | "record/io"; after: number } | undefined;
	#deleteFault = false;
	#cut: { after: number; readonly applied: boolean } | undefined;
	#dead = false;
	readonly #power: SimPower;

	constructor(records: Iterable<readonly [string, Uint8Array]> = [], power: SimPower = new SimPower()) {
		this.#records = new Map();
		for (const [path, value] of records) this.#records.set(path, value.slice());
		this.#power = power;
	}

	/** Every cut and count of this storage is the power's. */
	get power(): SimPower {
		return this.#power;
	}

	read(domain: string, name: string): Uint8Array | undefined {
		const path = this.#path(domain, name);
		if (this.#unreadable.has(path)) throw new DeviceError("record/io", path);
		if (this.#corrupt.has(path)) throw new DeviceError("record/corrupt", path);
		return this.#records.get(path)?.slice();
	}

	write(domain: string, name: string, value: Uint8Array): void {
		const path = this.#path(domain, name);
		if (this.#fault !== undefined && this.#fault.after-- <= 0) {
			this.#fault.after = 0;
			throw new DeviceError(this.#fault.code, path);
		}
		this.#mutate({ kind: "write", domain, name, bytes: value.length }, () => {
			this.#records.set(path, value.slice());
			this.#corrupt.delete(path);
		});
	}

	delete(domain: string, name: string): void {
		const path = this.#path(domain, name);
		if (this.#deleteFault) throw new DeviceError("record/io", path);
		this.#mutate({ kind: "delete", domain, name, bytes: 0 }, () => {
			this.#records.delete(path);
			this.#corrupt.delete(path);
		});
	}

	names(domain: string): readonly string[] {
		this.#assertPowered();
		if (this.#unlistable.has(domain)) throw new DeviceError("record/io", domain);
		const names: string[] = [];
		for (const path of this.#records.keys()) {
			if (path.startsWith(`${domain}/`)) names.push(path.slice(domain.length + 1));
		}
		return names;
	}

	/** Every write fails with the code, after `after` more have succeeded. */
	failWrites(code: "record/full" | "record/io", after = 0): void {
		this.#fault = { code, after };
	}

	failDeletes(): void {
		this.#deleteFault = true;
	}

	/** Reading the record throws record/corrupt until it is written or deleted. */
	corrupt(domain: string, name: string): void {
		this.#corrupt.add(this.#path(domain, name));
	}

	/** Reading the record throws record/io. */
	makeUnreadable(domain: string, name: string): void {
		this.#unreadable.add(this.#path(domain, name));
	}

	/** Listing the domain's names throws record/io. */
	makeUnlistable(domain: string): void {
		this.#unlistable.add(domain);
	}

	/** Writes, deletes and reads succeed again; corrupt records stay corrupt. */
	heal(): void {
		this.#fault = undefined;
		this.#deleteFault = false;
		this.#unreadable.clear();
		this.#unlistable.clear();
	}

	/** The power goes at the mutation that follows `after` more; `applied` says whether that one still lands. */
	cutAfter(after: number, applied: boolean): void {
		this.#cut = { after, applied };
	}

	/** What a board finds when the power is back: a new storage with the same records and no armed fault. */
	reboot(): SimStorage {
		const storage = new SimStorage(this.#records, this.#power);
		for (const path of this.#corrupt) storage.#corrupt.add(path);
		return storage;
	}

	/** What is stored. Nobody changes the bytes. */
	records(): ReadonlyMap<string, Uint8Array> {
		return new Map(this.#records);
	}

	/** Every "domain/name" that is stored, sorted. */
	paths(): readonly string[] {
		return [...this.#records.keys()].sort();
	}

	/** The stored bytes past every fault, to compare states. */
	peek(domain: string, name: string): Uint8Array | undefined {
		return this.#records.get(`${domain}/${name}`)?.slice();
	}

	/** Every write and delete that landed, oldest first. */
	mutations(): readonly Mutation[] {
		return this.#mutations;
	}

	#mutate(mutation: Mutation, apply: () => void): void {
		this.#assertPowered();
		if (this.#cut !== undefined && this.#cut.after-- <= 0) {
			if (this.#cut.applied) apply();
			this.#dead = true;
			throw new PowerCut();
		}
		const { kind, domain, name, bytes } = mutation;
		this.#power.atomic({ part: "record", kind, what: `${domain}/${name}`, bytes }, () => {
			apply();
			this.#mutations.push(mutation);
		});
	}

	#path(domain: string, name: string): string {
		this.#assertPowered();
		if (!NAME.test(domain) || !NAME.test(name)) throw new Error(`no record name: ${domain}/${name}`);
		return `${domain}/${name}`;
	}

	#assertPowered(): void {
		if (this.#dead) throw new PowerCut();
		this.#power.assertOn();
	}
}
