/**
 * The operational pairs in flash (docs/STORAGE.md): one record that names the pair that serves and the one on trial, and
 * two slots of the key store. A pair is here only when its certificate reads and its key is in its slot; the record is
 * written before a key that it does not name any more is erased, so a power cut anywhere leaves a working pair (T12).
 *
 * It never holds a private key, and judges no certificate: what is kept was verified (trust/device-chain).
 */
import { bytesEqual } from "../base/bytes.ts";
import { attempt, type DeviceErrorCode } from "../base/device-error.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { KeyName, KeyStore } from "../platform/keys.ts";
import type { Store } from "../store/store.ts";
import { decodeCertificate } from "../trust/certificate.ts";
import {
	type CredentialState,
	firstCredentialState,
	type KeySlot,
	type OperationalPair,
} from "./credential-state.ts";
import { OPERATIONAL_CODEC, type StoredPair } from "./records.ts";

/** Slots in the key store, by number. */
export const OPERATIONAL_KEYS: readonly [KeyName, KeyName] = Object.freeze(["op-0", "op-1"] as const);

const SLOTS: readonly KeySlot[] = Object.freeze([0, 1] as const);

export class OperationalPairs {
	readonly #store: Store;
	readonly #keys: KeyStore;
	/** What could not be read, for the caller to log once. */
	readonly faults: readonly string[];
	/** What the record says, as far as it is of use. */
	readonly found: CredentialState;
	/** False: there may be more in flash than could be read. It stays as it is; no certificate is asked for. */
	readonly writable: boolean;

	constructor(store: Store, keys: KeyStore) {
		this.#store = store;
		this.#keys = keys;
		const faults: string[] = [];
		const stored = store.read(OPERATIONAL_CODEC);
		let writable = stored.ok || stored.reason === "absent" || stored.reason === "corrupt";
		if (!stored.ok && stored.reason !== "absent") faults.push(`operational-${stored.reason}`);
		const read = (pair: StoredPair | undefined): OperationalPair | undefined => {
			if (pair === undefined) return undefined;
			const usable = this.#read(pair);
			if (usable.ok) return usable.value;
			faults.push(`operational-${usable.reason === "certificate" ? "unreadable" : "key"}`);
			// Flash may be better tomorrow; a key that is gone or broken will not.
			if (usable.reason === "key/storage" || usable.reason === "record/newer-format") writable = false;
			return undefined;
		};
		this.found = stored.ok
			? firstCredentialState(read(stored.value.current), read(stored.value.trial))
			: firstCredentialState(undefined, undefined);
		this.writable = writable;
		this.faults = faults;
	}

	#read(pair: StoredPair): Result<OperationalPair, DeviceErrorCode | "certificate"> {
		const leaf = decodeCertificate(pair.chain[0]!);
		if (leaf?.keyP256 === undefined) return refuse("certificate");
		const key = attempt(() => this.#keys.publicKey(OPERATIONAL_KEYS[pair.slot]));
		if (!key.ok) return key;
		if (!bytesEqual(key.value, leaf.keyP256)) return refuse("key/absent");
		return accept({ ...pair, notBeforeMs: leaf.notBeforeMs, notAfterMs: leaf.notAfterMs });
	}

	/** At boot: a key that a renewal left behind when the power went is nobody's. A fault leaves it for the next boot. */
	eraseLeftovers(): void {
		if (!this.writable) return;
		const { current, trial } = this.found;
		for (const slot of SLOTS) {
			if (slot !== current?.slot && slot !== trial?.slot) this.eraseKey(slot);
		}
	}

	/** One write. False: the record stands as it was. */
	keep({ current, trial }: CredentialState): boolean {
		return this.#store.write(OPERATIONAL_CODEC, {
			current: current && stored(current),
			trial: trial && stored(trial),
		}).ok;
	}

	/** A new key in a slot that no pair of the record has; its public part. Undefined when the key store refuses. */
	makeKey(slot: KeySlot): Uint8Array | undefined {
		const made = attempt(() => {
			this.#keys.generate(OPERATIONAL_KEYS[slot], "p256");
			return this.#keys.publicKey(OPERATIONAL_KEYS[slot]);
		});
		return made.ok ? made.value : undefined;
	}

	/** Nothing when there is none. */
	eraseKey(slot: KeySlot): void {
		const kind = attempt(() => this.#keys.kindOf(OPERATIONAL_KEYS[slot]));
		if (kind.ok ? kind.value === undefined : kind.reason !== "key/corrupt") return;
		attempt(() => this.#keys.delete(OPERATIONAL_KEYS[slot]));
	}
}

function stored({ slot, chain }: OperationalPair): StoredPair {
	return { slot, chain };
}
