/**
 * Notices to owners who are not connected (PROTOCOL 2.1): one Noise K message from the lock's static key to the
 * phone's, with a counter that never repeats and a time. The relay sees an address and a length.
 * What no link can take now is kept, also across the reset that it tells of.
 */
import type { Grant } from "../access/grant.ts";
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import { sealK } from "../noise/one-way.ts";
import type { Crypto, DhKeyPair } from "../platform/crypto.ts";
import { RECORDS } from "../store/records.ts";
import { recordCodec, type Store } from "../store/store.ts";
import { encodeCbor } from "../wire/cbor-encode.ts";
import { asArray, asBytes, type CborMap } from "../wire/cbor-map.ts";
import { ADDRESS_BYTES } from "../wire/envelope.ts";
import { noticeAddress, noticePrologue } from "../wire/notice.ts";

export const COUNTER = recordCodec<number>({
	row: RECORDS.noticeCounter,
	format: 1,
	encode: (counter) => ({ 1: counter }),
	decode: (fields) => (fields.hasOnly([0, 1]) ? fields.uint(1) : undefined),
});

export interface SealedNotice {
	readonly address: Uint8Array;
	readonly sealed: Uint8Array;
}

export const KEPT = recordCodec<readonly SealedNotice[]>({
	row: RECORDS.keptNotices,
	format: 1,
	encode: (notices) => ({ 1: notices.map(({ address, sealed }) => [address, sealed]) }),
	decode: decodeKept,
});

function decodeKept(fields: CborMap): readonly SealedNotice[] | undefined {
	const items = fields.hasOnly([0, 1]) ? fields.array(1, { min: 1, max: LIMITS.keptNotices }) : undefined;
	const notices: SealedNotice[] = [];
	for (const item of items ?? []) {
		const pair = asArray(item, 2);
		const address = asBytes(pair?.[0], ADDRESS_BYTES);
		const sealed = asBytes(pair?.[1], { min: 1, max: LIMITS.keptNoticeBytes });
		if (address === undefined || sealed === undefined) return undefined;
		notices.push({ address, sealed });
	}
	return items && notices;
}

export interface NoticesOptions {
	readonly store: Store;
	readonly crypto: Crypto;
	readonly openStaticKey: () => DhKeyPair | undefined;
	readonly unixSeconds: () => number | undefined;
	/** False when there is no link to take it. */
	readonly send: (address: Uint8Array, sealed: Uint8Array) => boolean;
}

export class Notices {
	readonly #options: NoticesOptions;

	constructor(options: NoticesOptions) {
		this.#options = options;
	}

	/**
	 * One notice to each of `grants`, now or by the next link, across a reset. A phone that cannot be told (no key, no
	 * memory, no flash for the counter, more than LIMITS.keptNotices without a link) is skipped.
	 */
	tell(serial: string, kind: number, grants: readonly Grant[]): void {
		const { store, unixSeconds, send } = this.#options;
		const last = store.read(COUNTER);
		if (!last.ok && last.reason !== "absent") return;
		const counter = (last.ok ? last.value : 0) + 1;
		if (grants.length === 0 || !store.write(COUNTER, counter).ok) return;
		const payload = encodeCbor({ 0: kind, 1: counter, 2: unixSeconds() ?? null });
		const kept: SealedNotice[] = [];
		for (const { key25519 } of grants) {
			const notice = this.#seal(serial, key25519, payload);
			if (notice !== undefined && !send(notice.address, notice.sealed)) kept.push(notice);
		}
		if (kept.length > 0) store.write(KEPT, kept.slice(0, LIMITS.keptNotices));
	}

	/** A link is up: what waited for one leaves, and is erased once all of it did. */
	flush(): void {
		const { store, send } = this.#options;
		const kept = store.read(KEPT);
		if (!kept.ok) return;
		if (kept.value.every(({ address, sealed }) => send(address, sealed))) store.erase(RECORDS.keptNotices);
	}

	#seal(serial: string, key25519: Uint8Array, payload: Uint8Array): SealedNotice | undefined {
		const { crypto, openStaticKey } = this.#options;
		const localStatic = openStaticKey();
		if (localStatic === undefined) return undefined;
		// A fault of crypto is no reason to keep a lock from its reset.
		const sealed = attempt(() => sealK(crypto, noticePrologue(serial), localStatic, key25519, payload));
		if (!sealed.ok || !sealed.value.ok) return undefined;
		return { address: noticeAddress(crypto, key25519), sealed: sealed.value.value };
	}
}
