/**
 * What a lock advertises (docs/BLE.md 4): a random nonce and its tag under a key that the lock's phones have, as a resolvable private
 * address has them, but longer and under a key of the lock's own. Who has no key learns that a lock is there, and whether
 * somebody opened its pairing window.
 */
import { assert } from "../base/assert.ts";
import { bytesEqual, concatBytes } from "../base/bytes.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { Crypto, Secret } from "../platform/crypto.ts";

/** claimed: for its phones. claimable: for whoever has the label, while the pairing window is open. */
export type AdvertisingKind = "claimed" | "claimable";

export interface Advertisement {
	readonly kind: AdvertisingKind;
	readonly nonce: Uint8Array;
	readonly tag: Uint8Array;
}

export const ADVERTISING_KEY_BYTES = 16;
export const ADVERTISING_NONCE_BYTES = 4;
const TAG_BYTES = 5;
/** Version 1 in the upper half. */
const HEADERS: Readonly<Record<AdvertisingKind, number>> = Object.freeze({ claimed: 0x11, claimable: 0x12 });
export const ADVERTISEMENT_BYTES = 1 + ADVERTISING_NONCE_BYTES + TAG_BYTES;

/** The key of a lock's pairing window, from the 128 random bits of its label (never from a typed code: DESIGN 4, CPace). */
export function claimableKey(crypto: Crypto, setupSecret: Secret): Uint8Array {
	return crypto
		.hmac("sha256", setupSecret, encodeUtf8("latchkey advertise label"))
		.slice(0, ADVERTISING_KEY_BYTES);
}

export function advertisementFor(
	crypto: Crypto,
	key: Uint8Array,
	kind: AdvertisingKind,
	nonce: Uint8Array,
): Advertisement {
	assert(key.length === ADVERTISING_KEY_BYTES, "not an advertising key");
	assert(nonce.length === ADVERTISING_NONCE_BYTES, "not the nonce of an advertisement");
	const data = concatBytes(encodeUtf8("latchkey advertise"), Uint8Array.of(HEADERS[kind]), nonce);
	return { kind, nonce, tag: crypto.hmac("sha256", key, data).slice(0, TAG_BYTES) };
}

/** Whether the lock of this key sent it. */
export function resolves(crypto: Crypto, key: Uint8Array, advertisement: Advertisement): boolean {
	const { kind, nonce, tag } = advertisement;
	return bytesEqual(advertisementFor(crypto, key, kind, nonce).tag, tag);
}

export function encodeAdvertisement({ kind, nonce, tag }: Advertisement): Uint8Array {
	return concatBytes(Uint8Array.of(HEADERS[kind]), nonce, tag);
}

export function decodeAdvertisement(bytes: Uint8Array): Result<Advertisement, "malformed"> {
	if (bytes.length !== ADVERTISEMENT_BYTES) return refuse("malformed");
	const kind =
		bytes[0] === HEADERS.claimed ? "claimed" : bytes[0] === HEADERS.claimable ? "claimable" : undefined;
	if (kind === undefined) return refuse("malformed");
	return accept({
		kind,
		nonce: bytes.slice(1, 1 + ADVERTISING_NONCE_BYTES),
		tag: bytes.slice(1 + ADVERTISING_NONCE_BYTES),
	});
}
