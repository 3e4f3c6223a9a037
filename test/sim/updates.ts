/**
 * Releases for tests on both engines: images as plain bytes, manifests and freshness statements that are right in everything that a
 * test does not make wrong, and the messages that holders sign. The keys are those of `trustBundle` (test/sim/bundles): holder
 * 11 signs updates, holder 12 freshness.
 */
import { LIMITS } from "../../modules/base/limits.ts";
import { keyIdOf } from "../../modules/cose/key-id.ts";
import { encodeSign, signStructure } from "../../modules/cose/sign.ts";
import { buildSign1 } from "../../modules/cose/sign1.ts";
import type { Crypto } from "../../modules/platform/crypto.ts";
import type { LockNames } from "../../modules/update/freshness.ts";
import {
	encodeManifest,
	type Manifest,
	manifestAad,
	type UpdateDelta,
	type UpdateObject,
} from "../../modules/update/manifest.ts";
import type { UpdateFacts } from "../../modules/update/manifest-acceptance.ts";
import { encodeFreshnessClaim, type FreshnessClaim, freshnessAad } from "../../modules/wire/freshness.ts";
import { type Holder, holder, publicKeys, SIGNED_UNIX_SECONDS } from "./bundles.ts";
import { p256Sign } from "./p256.ts";

const DAY = 86400;

export const UPDATE_HOLDER = 11;
export const FRESHNESS_HOLDER = 12;

/** What the lock of these tests is. */
export const NAMES = Object.freeze({
	vendor: "latchkey.example",
	hardwareClass: "lk-dev.1",
	board: "sim",
}) satisfies LockNames;

/** A day after the bundle of `trustBundle` was signed: when statements of `freshnessClaim` are issued. */
export const ISSUED_UNIX_SECONDS = SIGNED_UNIX_SECONDS + DAY;

/** Bytes that compress badly and differ by their seed. */
export function imageBytes(bytes: number, seed = 1): Uint8Array {
	const image = new Uint8Array(bytes);
	let state = seed;
	for (let at = 0; at < bytes; at++) {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		image[at] = state >>> 24;
	}
	return image;
}

export function objectOf(crypto: Pick<Crypto, "sha256">, content: Uint8Array): UpdateObject {
	const count = Math.ceil(content.length / LIMITS.chunkBytes);
	const chunkDigests = new Uint8Array(count * 32);
	for (let index = 0; index < count; index++) {
		const start = index * LIMITS.chunkBytes;
		chunkDigests.set(crypto.sha256(content.subarray(start, start + LIMITS.chunkBytes)), index * 32);
	}
	return { bytes: content.length, digest: crypto.sha256(content), chunkDigests };
}

export function deltaOf(
	crypto: Pick<Crypto, "sha256">,
	source: Uint8Array,
	content: Uint8Array,
): UpdateDelta {
	return {
		sourceBytes: source.length,
		sourceDigest: crypto.sha256(source),
		object: objectOf(crypto, content),
	};
}

/** The release after the one that runs in `updateFacts`. `image`: its bytes. */
export function manifestFor(
	crypto: Pick<Crypto, "sha256">,
	image: Uint8Array = imageBytes(1000),
	parts: Partial<Manifest> = {},
): Manifest {
	return {
		...NAMES,
		sequence: 6,
		securityVersion: 2,
		version: "0.2.0",
		signedUnixSeconds: SIGNED_UNIX_SECONDS,
		trustVersion: 1,
		image: objectOf(crypto, image),
		deltas: [],
		...parts,
	};
}

/** The signed message. `aad`: the kind, when a test signs another one. */
export function signManifest(
	crypto: Crypto,
	manifest: Manifest | Uint8Array,
	holders: readonly Holder[] = [holder(UPDATE_HOLDER)],
	aad: Uint8Array = manifestAad(),
): Uint8Array {
	const payload = manifest instanceof Uint8Array ? manifest : encodeManifest(manifest);
	const signed = signStructure(aad, payload);
	const signatures = holders.map((each) => ({
		keyId: keyIdOf(crypto, each.publicKey),
		signature: p256Sign(crypto, each.privateKey, signed),
	}));
	return encodeSign({ payload, signatures });
}

/** Says that this manifest is the newest, for thirty days. */
export function freshnessClaim(
	crypto: Pick<Crypto, "sha256">,
	manifest: Manifest,
	parts: Partial<FreshnessClaim> = {},
): FreshnessClaim {
	const { vendor, hardwareClass, board, sequence } = manifest;
	const issuedUnixSeconds = parts.issuedUnixSeconds ?? ISSUED_UNIX_SECONDS;
	return {
		vendor,
		hardwareClass,
		board,
		sequence,
		manifestDigest: crypto.sha256(encodeManifest(manifest)),
		issuedUnixSeconds,
		expiresUnixSeconds: issuedUnixSeconds + 30 * DAY,
		...parts,
	};
}

export function signFreshness(
	crypto: Crypto,
	claim: FreshnessClaim | Uint8Array,
	signer: Holder = holder(FRESHNESS_HOLDER),
	aad: Uint8Array = freshnessAad(),
): Uint8Array {
	const payload = claim instanceof Uint8Array ? claim : encodeFreshnessClaim(claim);
	const keyId = keyIdOf(crypto, signer.publicKey);
	return buildSign1("untagged", aad, payload, keyId, (toBeSigned) =>
		p256Sign(crypto, signer.privateKey, toBeSigned),
	);
}

/** A lock that runs release 5 of security version 2, which is its floor, with the trust of `trustBundle`. */
export function updateFacts(parts: Partial<UpdateFacts> = {}): UpdateFacts {
	return {
		...NAMES,
		running: { sequence: 5, securityVersion: 2 },
		floors: { sequence: 5, securityVersion: 2 },
		securityFuse: 0,
		slotBytes: 1 << 20,
		parkedSequence: undefined,
		trustVersion: 1,
		updateRole: { threshold: 1, keys: publicKeys(holder(UPDATE_HOLDER)) },
		estimateUnixMs: undefined,
		trustExpired: false,
		...parts,
	};
}
