/**
 * The lock's advertisements (docs/BLE.md 4): a claimed lock is known to its phones, an unclaimed one only in its pairing window and
 * to whoever has the label; otherwise it is silent. What is advertised when is advertiser-state.ts.
 *
 * The key of claimed locks is in JavaScript, because sessions carry it to phones: it protects from being followed, and opens
 * nothing. It is another one once a phone is removed: its record says how many had left when it was made, so that the record
 * that removes a phone ends the key, wherever the power goes. Flash that refuses costs advertising, never more.
 */
import { GRANT_ID_MAX } from "../access/grant.ts";
import { attempt, DeviceError } from "../base/device-error.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { Crypto, Secret } from "../platform/crypto.ts";
import type { Radio } from "../platform/radio.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import {
	ADVERTISING_KEY_BYTES,
	ADVERTISING_NONCE_BYTES,
	type AdvertisingKind,
	advertisementFor,
	claimableKey,
	encodeAdvertisement,
} from "../wire/advertisement.ts";
import {
	ADVERTISER_START,
	type AdvertiserEffect,
	type AdvertiserEvent,
	type AdvertiserMode,
	type AdvertiserState,
	step,
} from "./advertiser-state.ts";

export interface AdvertisingKey {
	readonly key: Uint8Array;
	/** Grants.departed when it was made; of any other number it is nobody's key. */
	readonly departed: number;
}

export const ADVERTISING_KEY_CODEC = recordCodec<AdvertisingKey>({
	row: RECORDS.advertisingKey,
	format: 1,
	encode: ({ key, departed }) => ({ 1: key, 2: departed }),
	decode(fields) {
		const key = fields.bytes(1, ADVERTISING_KEY_BYTES);
		const departed = fields.uint(2, GRANT_ID_MAX);
		if (!fields.hasOnly([0, 1, 2]) || key === undefined || departed === undefined) return undefined;
		return { key, departed };
	},
});

export interface AdvertiserOptions {
	readonly radio: Radio;
	readonly clock: Clock;
	readonly crypto: Crypto;
	readonly store: Store;
	readonly isClaimed: () => boolean;
	/** Grants.departed */
	readonly departed: () => number;
	readonly isWindowOpen: () => boolean;
	/** Undefined: it cannot be read. */
	readonly openSetupSecret: () => Secret | undefined;
	readonly log: (line: string) => void;
}

export class Advertiser {
	readonly #options: AdvertiserOptions;
	/** Why there was no key at boot, for the caller to log once; "absent" when none was made yet. */
	readonly fault: ReadReason | undefined;
	#kept: AdvertisingKey | undefined;
	#state: AdvertiserState = ADVERTISER_START;
	#timer: Timer | undefined;
	#serves = false;

	constructor(options: AdvertiserOptions) {
		this.#options = options;
		const read = options.store.read(ADVERTISING_KEY_CODEC);
		if (read.ok) this.#kept = read.value;
		else this.fault = read.reason;
		// Under a new identifier: the link's address is another one, and both change together.
		options.radio.onSilenced(() => this.#tell({ kind: "renew" }));
	}

	/** The lock serves sessions from now on. Idempotent. */
	start(): void {
		this.#serves = true;
		this.refresh();
	}

	/** It serves nobody any more. Idempotent. */
	stop(): void {
		this.#serves = false;
		this.refresh();
	}

	/** Whether the lock is claimed, or its window open, may have changed. */
	refresh(): void {
		this.#tell({ kind: "mode", mode: this.#mode() });
	}

	/** A phone that has the key has no business here any more: the others ask for the new one. */
	phoneRemoved(): void {
		this.#tell({ kind: "renew" });
	}

	/** For phones with a grant; undefined: flash does not take one. */
	key(): Uint8Array | undefined {
		const kept = this.#kept;
		return kept?.departed === this.#options.departed() ? kept.key : this.#makeKey();
	}

	#mode(): AdvertiserMode {
		const { isClaimed, isWindowOpen } = this.#options;
		if (!this.#serves) return "silent";
		if (isClaimed()) return "claimed";
		return isWindowOpen() ? "claimable" : "silent";
	}

	#tell(event: AdvertiserEvent): void {
		const { state, effects } = step(this.#state, event, this.#options.clock.monotonicMs());
		this.#state = state;
		for (const effect of effects) this.#perform(effect);
	}

	#perform(effect: AdvertiserEffect): void {
		const { clock, radio } = this.#options;
		switch (effect.kind) {
			case "advertise":
				return radio.advertise(this.#advertisement(effect.mode));
			case "stop":
				this.#timer?.cancel();
				return radio.advertise(undefined);
			default:
				this.#timer?.cancel();
				this.#timer = clock.after(effect.afterMs, () => this.#tell({ kind: "look" }));
		}
	}

	/** Undefined, until the next one is due: there is no key. */
	#advertisement(kind: AdvertisingKind): Uint8Array | undefined {
		const { crypto, log } = this.#options;
		const made = attempt(() => {
			const key = kind === "claimed" ? this.key() : this.#claimableKey();
			return key && advertisementFor(crypto, key, kind, crypto.random(ADVERTISING_NONCE_BYTES));
		});
		if (made.ok && made.value !== undefined) return encodeAdvertisement(made.value);
		log(`radio: nothing is advertised, ${made.ok ? `no ${kind} key` : made.reason}`);
		return undefined;
	}

	#claimableKey(): Uint8Array | undefined {
		const secret = this.#options.openSetupSecret();
		if (secret === undefined) return undefined;
		try {
			return claimableKey(this.#options.crypto, secret);
		} finally {
			secret.close();
		}
	}

	/** Undefined: flash refused, and what there was stays on record. */
	#makeKey(): Uint8Array | undefined {
		const { crypto, store } = this.#options;
		const departed = this.#options.departed();
		try {
			const key = crypto.random(ADVERTISING_KEY_BYTES);
			if (!store.write(ADVERTISING_KEY_CODEC, { key, departed }).ok) return undefined;
			this.#kept = { key, departed };
			return key;
		} catch (error) {
			if (!(error instanceof DeviceError)) throw error;
			return undefined;
		}
	}
}
