/**
 * Which signed bundle a lock takes (PROTOCOL 10.1, T5): the next version alone, signed by the threshold of the present
 * one and by its own. Pure: it reads and writes no record. Neither the present bundle's expiry nor the new one's is looked
 * at: a lock that slept for years is brought up to date link by link.
 */
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import { keyIdOf } from "../cose/key-id.ts";
import { decodeSign, type SignersReason, type SignReason, verifySign } from "../cose/sign.ts";
import type { Crypto } from "../platform/crypto.ts";
import { decodeBundle, encodeBundle, type Role, type TrustBundle } from "./bundle.ts";

export type BundleReason =
	| SignReason
	| SignersReason
	| "flawed" // it breaks a rule of its own (BundleFlaw)
	| "no-trust" // there is no bundle that it could follow
	| "version" // neither the present version nor the next
	| "conflict" // the present version with another content
	| "signed-earlier" // signed before the present one was
	| "threshold" // not enough of its own keys signed
	| "old-threshold"; // not enough of the present bundle's keys signed

/** "next": what a sealed lock takes. "any": what its own threshold signed, before the seal. */
export type Admission = "next" | "any";

export interface BundleVerdict {
	readonly bundle: TrustBundle;
	/** False: it is the bundle that is there. */
	readonly isNew: boolean;
}

/** The kind of what is signed. */
export function bundleAad(): Uint8Array {
	return encodeUtf8("latchkey trust");
}

export function bundleDigest(crypto: Pick<Crypto, "sha256">, bundle: TrustBundle): Uint8Array {
	return crypto.sha256(encodeBundle(bundle));
}

/** `currentDigest`: of the present bundle, where its keeper has it. */
export function judgeBundle(
	crypto: Crypto,
	current: TrustBundle | undefined,
	message: Uint8Array,
	admission: Admission,
	currentDigest: Uint8Array | undefined = current && bundleDigest(crypto, current),
): Result<BundleVerdict, BundleReason> {
	if (message.length > LIMITS.bundleBytes) return refuse("malformed");
	const signed = decodeSign(message);
	if (!signed.ok) return signed;
	const { payload } = signed.value;
	// Before anything is decoded: it is what a relay sends most, and the dearest thing in it is its certificates (T16).
	if (current !== undefined && currentDigest !== undefined) {
		if (bytesEqual(crypto.sha256(payload), currentDigest)) return accept({ bundle: current, isNew: false });
	}
	const decoded = decodeBundle(payload);
	if (!decoded.ok) return refuse("flawed");
	const bundle = decoded.value;
	const follows = admission === "next" ? current : undefined;
	if (admission === "next") {
		if (current === undefined) return refuse("no-trust");
		if (bundle.version === current.version) return refuse("conflict");
		if (bundle.version !== current.version + 1) return refuse("version");
		if (bundle.signedUnixSeconds < current.signedUnixSeconds) return refuse("signed-earlier");
	}
	const known = [...bundle.bundleRole.keys, ...(follows?.bundleRole.keys ?? [])];
	const signers = verifySign(crypto, signed.value, {
		externalAad: bundleAad(),
		keyFor: (keyId) => known.find((key) => bytesEqual(keyIdOf(crypto, key), keyId)),
	});
	if (!signers.ok) return signers;
	if (!isMet(bundle.bundleRole, signers.value)) return refuse("threshold");
	if (follows !== undefined && !isMet(follows.bundleRole, signers.value)) return refuse("old-threshold");
	return accept({ bundle, isNew: true });
}

/** Signers are different keys, by verifySign. */
export function isMet({ threshold, keys }: Role, signers: readonly Uint8Array[]): boolean {
	return signers.filter((signer) => keys.some((key) => bytesEqual(key, signer))).length >= threshold;
}
