/**
 * Which of this phone's locks an advertisement is of (docs/BLE.md 4). A nonce serves one epoch: heard again long after it was first
 * heard, somebody plays it back, and it resolves to nothing. It remembers a bounded number of nonces, the newest.
 */
import { bytesEqual } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import type { Crypto } from "../../modules/platform/crypto.ts";
import { type AdvertisingKind, decodeAdvertisement, resolves } from "../../modules/wire/advertisement.ts";

export interface ResolvableLock {
	readonly serial: string;
	readonly kind: AdvertisingKind;
	readonly key: Uint8Array;
}

/** A lock may be a little late; a phone's sleep is none of its concern. */
const NONCE_LIFE_MS = 2 * LIMITS.advertiseMs;
const NONCES_MAX = 256;

interface Heard {
	readonly nonce: Uint8Array;
	readonly firstMs: number;
}

export class LockResolver {
	readonly #crypto: Crypto;
	readonly #locks: readonly ResolvableLock[];
	#heard: Heard[] = [];

	constructor(crypto: Crypto, locks: readonly ResolvableLock[]) {
		this.#crypto = crypto;
		this.#locks = locks;
	}

	/** Undefined: of none of them, or repeated after its time. Bytes of anybody; never throws. */
	resolve(serviceData: Uint8Array, nowMs: number): string | undefined {
		const read = decodeAdvertisement(serviceData);
		if (!read.ok) return undefined;
		const { kind, nonce } = read.value;
		const lock = this.#locks.find(
			(each) => each.kind === kind && resolves(this.#crypto, each.key, read.value),
		);
		return lock === undefined || !this.#isInTime(nonce, nowMs) ? undefined : lock.serial;
	}

	#isInTime(nonce: Uint8Array, nowMs: number): boolean {
		const known = this.#heard.find((heard) => bytesEqual(heard.nonce, nonce));
		if (known !== undefined) return nowMs - known.firstMs <= NONCE_LIFE_MS;
		this.#heard = [...this.#heard.slice(1 - NONCES_MAX), { nonce, firstMs: nowMs }];
		return true;
	}
}
