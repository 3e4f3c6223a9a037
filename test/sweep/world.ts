/**
 * Where every scenario of the sweep begins: a sealed lock with an owner that took release 2 before, so that both of its slots and
 * both entries of its boot choice were used, and the releases that it is given next. Signed once, lived through thousands
 * of times: a life begins from a snapshot, with the same random bytes.
 *
 * Release 2 has security version 1 and the factory's image 0: confirming release 3 (security version 2) moves both floors and the
 * fuse.
 */
import { LIMITS } from "../../modules/base/limits.ts";
import type { TrustBundle } from "../../modules/trust/bundle.ts";
import type { Label } from "../../modules/wire/label.ts";
import { IMAGE_HEADER_BYTES } from "../../tools/update/image-header.ts";
import type { SimSnapshot } from "../sim/board.ts";
import { holder, publicKeys, RELAY, SIGNED_UNIX_SECONDS } from "../sim/bundles.ts";
import { imageOf, makeRelease, type Release } from "../sim/releases.ts";
import { slotImage } from "../sim/slot-image.ts";
import { imageBytes } from "../sim/updates.ts";
import { UpdatingLock } from "../sim/updating-lock.ts";
import { FastCrypto } from "./fast-crypto.ts";
import { fastKeys } from "./fast-keys.ts";
import { fastIsWhole } from "./fast-whole.ts";
import { STORED_INFLATE } from "./stored-inflate.ts";

const DAY = 86400;
const CHUNKS = 6;
/** The last chunk is short. */
const BODY_BYTES = CHUNKS * LIMITS.chunkBytes - 1000;
const START_MS = 120_000;
/** Signs updates from trust 2 on. */
const NEXT_UPDATE_HOLDER = 21;

/** Of every lock here. */
export const FAST_HOST = Object.freeze({ keys: fastKeys, inflate: STORED_INFLATE });

export const OLD = 2;
export const NEW = 3;

export interface World {
	readonly crypto: FastCrypto;
	readonly label: Label;
	/** Running, with release 2. */
	readonly home: SimSnapshot;
	/** By sequence: what a slot may be found with. */
	readonly images: ReadonlyMap<number, Uint8Array>;
	readonly next: Release;
	/** The same sequence, and a delta from release 2. */
	readonly delta: Release;
	/** The same sequence, signed by a key that trust 2 brings, for locks that have it. */
	readonly retrusted: Release;
	/** Trust 2. */
	readonly bundle: Uint8Array;
}

export const SLOT_OPTIONS = Object.freeze({ isWhole: fastIsWhole, recovery: false });

export function makeWorld(seed: number): World {
	const crypto = new FastCrypto(seed);
	const old = imageOf(OLD, { securityVersion: 1, bodyBytes: BODY_BYTES });
	const image = similarTo(old);
	const lock = new UpdatingLock(crypto, { slots: SLOT_OPTIONS, host: FAST_HOST });
	lock.publish(makeRelease(crypto, { sequence: OLD, securityVersion: 1, image: old }));
	const isDone = (): boolean => lock.running?.sequence === OLD && lock.runningState === "valid";
	if (!lock.drive(isDone, START_MS)) throw new Error(`the lock did not take release 2\n${lock.rig.log}`);
	lock.rig.advance(1000);
	const freshness = { issuedUnixSeconds: SIGNED_UNIX_SECONDS + 2 * DAY };
	const numbers = { sequence: NEW, securityVersion: 2, image, freshness };
	const nextRole: TrustBundle["updateRole"] = {
		threshold: 1,
		keys: publicKeys(holder(NEXT_UPDATE_HOLDER)),
	};
	return {
		crypto,
		label: lock.label,
		home: lock.snapshot(),
		images: new Map([
			[1, imageOf(1)],
			[OLD, old],
			[NEW, image],
		]),
		next: makeRelease(crypto, numbers),
		delta: makeRelease(crypto, { ...numbers, deltaFrom: old }),
		retrusted: makeRelease(crypto, {
			...numbers,
			holders: [holder(NEXT_UPDATE_HOLDER)],
			manifest: { trustVersion: 2 },
		}),
		bundle: lock.bundle(2, {
			signedUnixSeconds: SIGNED_UNIX_SECONDS + DAY,
			updateRole: nextRole,
			relays: [RELAY],
		}),
	};
}

/** Long runs of the source, and stretches of its own: a delta copies and brings. */
function similarTo(source: Uint8Array): Uint8Array {
	const body = source.slice(IMAGE_HEADER_BYTES);
	for (let at = 3000; at < body.length; at += 30_011)
		body.set(imageBytes(4000, at).subarray(0, body.length - at), at);
	return slotImage({ sequence: NEW, securityVersion: 2, version: `${NEW}.0.0`, body });
}
