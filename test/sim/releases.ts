/**
 * Releases of simulated locks, signed by the holders of `trustBundle` and served by their digest: images, manifests, statements and deltas that
 * are right in everything that a test does not make wrong.
 */
import { toHex } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { Manifest, UpdateDelta } from "../../modules/update/manifest.ts";
import type { FreshnessClaim } from "../../modules/wire/freshness.ts";
import type { Holder } from "./bundles.ts";
import { plainDelta } from "./plain-delta.ts";
import { slotImage } from "./slot-image.ts";
import { deltaOf, freshnessClaim, imageBytes, manifestFor, signFreshness, signManifest } from "./updates.ts";

/** Of the vendor, the class and the board that an UpdatingLock is. */
export const SIM_NAMES = Object.freeze({ vendor: "latchkey.example", hardwareClass: "sim", board: "sim" });
/** Three chunks, the last of them short; a sweep may want more (`bodyBytes`). */
const BODY_BYTES = 3 * LIMITS.chunkBytes - 1000;

export interface ReleaseParts {
	readonly sequence?: number;
	readonly securityVersion?: number;
	readonly version?: string;
	/** The image as it is; the default is made of the numbers and `bodyBytes`. */
	readonly image?: Uint8Array;
	readonly bodyBytes?: number;
	/** With a delta from this image; `delta`: other bytes than the right ones. */
	readonly deltaFrom?: Uint8Array;
	readonly delta?: Uint8Array;
	readonly manifest?: Partial<Manifest>;
	readonly deltas?: readonly UpdateDelta[];
	readonly holders?: readonly Holder[];
	readonly freshness?: Partial<FreshnessClaim>;
	readonly freshnessHolder?: Holder;
}

export interface Release {
	readonly manifest: Manifest;
	/** Signed. */
	readonly message: Uint8Array;
	readonly statement: Uint8Array;
	readonly image: Uint8Array;
	readonly delta: Uint8Array | undefined;
	/** By the digest in hex: what whoever carries the release has. */
	readonly objects: ReadonlyMap<string, Uint8Array>;
}

/** The image of release n, without behaviour of its own. */
export function imageOf(sequence: number, parts: Omit<ReleaseParts, "sequence"> = {}): Uint8Array {
	const { securityVersion = 0, version = `${sequence}.0.0`, bodyBytes = BODY_BYTES } = parts;
	return slotImage({ sequence, securityVersion, version, body: imageBytes(bodyBytes, sequence) });
}

/** Most of it as in the source, some of it not: what a delta is for. */
export function similarImage(source: Uint8Array, sequence: number): Uint8Array {
	const body = source.slice(128);
	for (let at = 500; at < body.length; at += 4001) body[at] = body[at]! ^ 0x55;
	return slotImage({ sequence, version: `${sequence}.0.0`, body });
}

export function makeRelease(crypto: TestCrypto, parts: ReleaseParts = {}): Release {
	const { sequence = 2, securityVersion = 0, version = `${sequence}.0.0`, deltaFrom } = parts;
	const image = parts.image ?? imageOf(sequence, parts);
	const delta = parts.delta ?? (deltaFrom && plainDelta(deltaFrom, image));
	const deltas =
		parts.deltas ??
		(delta !== undefined && deltaFrom !== undefined ? [deltaOf(crypto, deltaFrom, delta)] : []);
	const manifest = manifestFor(crypto, image, {
		...SIM_NAMES,
		sequence,
		securityVersion,
		version,
		deltas,
		...parts.manifest,
	});
	const claim = freshnessClaim(crypto, manifest, parts.freshness);
	const objects = new Map([[toHex(manifest.image.digest), image]]);
	if (delta !== undefined) objects.set(toHex(manifest.deltas[0]!.object.digest), delta);
	return {
		manifest,
		message: signManifest(crypto, manifest, parts.holders),
		statement: signFreshness(crypto, claim, parts.freshnessHolder),
		image,
		delta,
		objects,
	};
}
