/**
 * Trust bundles for tests on both engines: holders with keys of their own, a bundle that is right in everything that a
 * test does not make wrong, and the message that holders sign together. Keys of holders are small numbers: their public
 * keys are quick to compute, and nobody needs them to be secret.
 */
import { concatBytes } from "../../modules/base/bytes.ts";
import { keyIdOf } from "../../modules/cose/key-id.ts";
import { encodeSign, signStructure } from "../../modules/cose/sign.ts";
import type { Crypto } from "../../modules/platform/crypto.ts";
import { encodeBundle, type TrustBundle } from "../../modules/trust/bundle.ts";
import { bundleAad } from "../../modules/trust/bundle-acceptance.ts";
import type { RelayAddress } from "../../modules/trust/relay-entry.ts";
import { caConstraints, keyUsage, makeCertificate } from "../unit/trust/certificates.ts";
import { p256PublicKey, p256Sign } from "./p256.ts";

export interface Holder {
	readonly privateKey: Uint8Array;
	readonly publicKey: Uint8Array;
}

/** number: 1 .. 65535; one number is one key. */
export function holder(number: number): Holder {
	const privateKey = new Uint8Array(32);
	privateKey[30] = number >> 8;
	privateKey[31] = number & 0xff;
	return { privateKey, publicKey: p256PublicKey(privateKey) };
}

export function publicKeys(...holders: readonly Holder[]): readonly Uint8Array[] {
	return holders.map((each) => each.publicKey);
}

/** A root with a key of its own, valid all through 2026. Its signature is noise. */
export function makeRootFor(number: number): Uint8Array {
	const key = concatBytes(Uint8Array.of(4, number), new Uint8Array(63).fill(0x77));
	return makeCertificate({ key, extensions: [caConstraints(), keyUsage(0x06)] });
}

/** 2026-06-01T00:00:00Z */
export const SIGNED_UNIX_SECONDS = 1780272000;
const YEAR_SECONDS = 31536000;

export const RELAY: RelayAddress = Object.freeze({
	host: "192.0.2.7",
	port: 8443,
	serverName: "relay.example",
});

/** Who signs bundles, updates, freshness and time of `trustBundle`, unless a test says otherwise. */
export function usualHolders(): readonly Holder[] {
	return [holder(1), holder(2), holder(3)];
}

export function trustBundle(parts: Partial<TrustBundle> = {}): TrustBundle {
	return {
		version: 1,
		signedUnixSeconds: SIGNED_UNIX_SECONDS,
		expiresUnixSeconds: SIGNED_UNIX_SECONDS + YEAR_SECONDS,
		bundleRole: { threshold: 2, keys: publicKeys(...usualHolders()) },
		updateRole: { threshold: 1, keys: publicKeys(holder(11)) },
		freshnessKeys: publicKeys(holder(12)),
		timeKeys: publicKeys(holder(13)),
		relayRoots: [{ der: makeRootFor(1) }],
		relays: [RELAY],
		deviceRoots: [makeRootFor(2)],
		...parts,
	};
}

/** The signed message. `aad`: the kind, when a test signs another one. */
export function signBundle(
	crypto: Crypto,
	bundle: TrustBundle | Uint8Array,
	holders: readonly Holder[] = usualHolders().slice(0, 2),
	aad: Uint8Array = bundleAad(),
): Uint8Array {
	const payload = bundle instanceof Uint8Array ? bundle : encodeBundle(bundle);
	const signed = signStructure(aad, payload);
	const signatures = holders.map((each) => ({
		keyId: keyIdOf(crypto, each.publicKey),
		signature: p256Sign(crypto, each.privateKey, signed),
	}));
	return encodeSign({ payload, signatures });
}
