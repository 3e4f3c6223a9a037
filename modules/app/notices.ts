/**
 * Notices to owners who are not connected (PROTOCOL 2.1): one Noise K message from the lock's static key to the
 * phone's, with a counter that never repeats and a time. The relay sees an address and a length.
 */
import type { Grant } from "../access/grant.ts";
import { attempt } from "../base/device-error.ts";
import { sealK } from "../noise/one-way.ts";
import type { Crypto, DhKeyPair } from "../platform/crypto.ts";
import { RECORDS } from "../store/records.ts";
import { recordCodec, type Store } from "../store/store.ts";
import { encodeCbor } from "../wire/cbor-encode.ts";
import { noticeAddress, noticePrologue } from "../wire/notice.ts";

const COUNTER = recordCodec<number>({
	row: RECORDS.noticeCounter,
	format: 1,
	encode: (counter) => ({ 1: counter }),
	decode: (fields) => (fields.hasOnly([0, 1]) ? fields.uint(1) : undefined),
});

export interface NoticesOptions {
	readonly store: Store;
	readonly crypto: Crypto;
	readonly serial: string;
	readonly openStaticKey: () => DhKeyPair | undefined;
	readonly unixSeconds: () => number | undefined;
	readonly send: (address: Uint8Array, sealed: Uint8Array) => void;
}

/** One notice to each of `grants`. A phone that cannot be told (no key, no memory, no flash for the counter) is skipped. */
export function sendNotices(options: NoticesOptions, kind: number, grants: readonly Grant[]): void {
	const { store, crypto, serial, openStaticKey, unixSeconds, send } = options;
	const last = store.read(COUNTER);
	if (!last.ok && last.reason !== "absent") return;
	const counter = (last.ok ? last.value : 0) + 1;
	if (grants.length === 0 || !store.write(COUNTER, counter).ok) return;
	const payload = encodeCbor({ 0: kind, 1: counter, 2: unixSeconds() ?? null });
	for (const { key25519 } of grants) {
		const localStatic = openStaticKey();
		if (localStatic === undefined) return;
		// A fault of crypto is no reason to keep a lock from its reset.
		const sealed = attempt(() => sealK(crypto, noticePrologue(serial), localStatic, key25519, payload));
		if (sealed.ok && sealed.value.ok) send(noticeAddress(crypto, key25519), sealed.value.value);
	}
}
