/** Messages of an update (docs/UPDATE.md 2 to 9), random within their bounds. */
import { LIMITS } from "../../modules/base/limits.ts";
import { SLOT_STATES } from "../../modules/platform/slots.ts";
import { chunkCount, type Manifest, type UpdateObject } from "../../modules/update/manifest.ts";
import { ATTESTATION_BYTES_MAX, type Attestation } from "../../modules/wire/attestation.ts";
import { FRESHNESS_BYTES_MAX, type FreshnessClaim } from "../../modules/wire/freshness.ts";
import type { UpdateFromLock, UpdateToLock } from "../../modules/wire/update-envelope.ts";
import type { ObjectPiece, ObjectWant, UpdateOffer } from "../../modules/wire/update-offer.ts";
import {
	encodeUpdateReport,
	UPDATE_RESULTS,
	UPDATE_STATES,
	type UpdateReport,
} from "../../modules/wire/update-report.ts";
import type { Random } from "../harness/random.ts";
import { randomSerial } from "./random-serial.ts";
import { ATTESTATION, CLAIM, REPORT } from "./update-samples.ts";

function randomObject(random: Random, bytesMax: number): UpdateObject {
	const bytes = random.pick([1, bytesMax, random.between(1, bytesMax)]);
	return { bytes, digest: random.bytes(32), chunkDigests: random.bytes(32 * chunkCount(bytes)) };
}

export function randomManifest(random: Random): Manifest {
	const image = randomObject(random, random.pick([LIMITS.imageBytes, 200000]));
	const deltas = image.bytes < 2 ? 0 : random.below(LIMITS.manifestDeltas + 1);
	return {
		vendor: random.pick(["latchkey.example", "a", "v".repeat(32)]),
		hardwareClass: random.pick(["lk-dev.1", "C_", "c".repeat(24)]),
		board: random.pick(["sim", "linux", "b".repeat(24)]),
		sequence: random.between(1, LIMITS.sequenceMax),
		securityVersion: random.between(0, LIMITS.securityVersionMax),
		version: random.pick(["0.1.0", " ", "~".repeat(31)]),
		signedUnixSeconds: random.uint32(),
		trustVersion: random.uint32(),
		image,
		deltas: Array.from({ length: deltas }, () => ({
			sourceBytes: random.between(1, LIMITS.imageBytes),
			sourceDigest: random.bytes(32),
			object: randomObject(random, Math.min(LIMITS.deltaBytes, image.bytes - 1)),
		})),
	};
}

export function randomClaim(random: Random): FreshnessClaim {
	const issuedUnixSeconds = random.uint32();
	return {
		...CLAIM,
		sequence: random.below(LIMITS.sequenceMax),
		manifestDigest: random.bytes(32),
		issuedUnixSeconds,
		expiresUnixSeconds: issuedUnixSeconds + random.between(1, LIMITS.freshnessLifeSeconds),
	};
}

export function randomAttestation(random: Random): Attestation {
	return {
		...ATTESTATION,
		nonce: random.bytes(16),
		serial: randomSerial(random),
		runningDigest: random.boolean() ? undefined : random.bytes(32),
		sequence: random.below(LIMITS.sequenceMax),
		securityVersion: random.below(LIMITS.securityVersionMax + 1),
		sequenceFloor: random.below(LIMITS.sequenceMax),
		securityFloor: random.below(LIMITS.securityVersionMax + 1),
		securityFuse: random.below(LIMITS.securityVersionMax + 1),
		trustVersion: random.uint32(),
		runningSlot: random.pick([0, 1, undefined] as const),
		runningState: random.pick(SLOT_STATES),
		otherState: random.pick(SLOT_STATES),
		sealed: random.boolean(),
		boots: random.uint32(),
	};
}

export function randomReport(random: Random): UpdateReport {
	const { offered: _, resultSequence: __, freshUntilUnixSeconds: ___, ...least } = REPORT;
	return {
		...least,
		state: random.pick(UPDATE_STATES),
		sequence: random.below(LIMITS.sequenceMax),
		securityVersion: random.below(LIMITS.securityVersionMax + 1),
		sequenceFloor: random.below(LIMITS.sequenceMax),
		securityFloor: random.below(LIMITS.securityVersionMax + 1),
		trustVersion: random.uint32(),
		...(random.boolean() ? {} : { offered: random.below(LIMITS.sequenceMax) }),
		goodBytes: random.below(LIMITS.imageBytes + 1),
		totalBytes: random.below(LIMITS.imageBytes + 1),
		viaDelta: random.boolean(),
		result: random.pick(UPDATE_RESULTS),
		...(random.boolean() ? {} : { resultSequence: random.below(LIMITS.sequenceMax) }),
		reverts: random.below(4),
		...(random.boolean() ? {} : { freshUntilUnixSeconds: random.uint32() }),
		stale: random.boolean(),
	};
}

export function randomOffer(random: Random): UpdateOffer {
	const part = random.below(3);
	return {
		manifest: part === 1 ? undefined : random.bytes(random.between(1, 300)),
		freshness: part === 2 ? undefined : random.bytes(random.between(1, FRESHNESS_BYTES_MAX)),
	};
}

export function randomPiece(random: Random): ObjectPiece {
	const bytes = random.bytes(random.between(1, 300));
	const within = random.below(LIMITS.chunkBytes - bytes.length + 1);
	const offset = random.below(LIMITS.imageChunks) * LIMITS.chunkBytes + within;
	return { digest: random.bytes(32), offset, bytes };
}

export function randomWant(random: Random): ObjectWant {
	return {
		digest: random.bytes(32),
		offset: random.below(LIMITS.imageBytes),
		bytes: random.between(1, LIMITS.objectWindowBytes),
	};
}

export function randomUpdateToLock(random: Random): UpdateToLock {
	return random.pick<UpdateToLock>([
		{ kind: "update-offer", offer: randomOffer(random) },
		{ kind: "object-piece", piece: randomPiece(random) },
		{ kind: "attest-request", nonce: random.bytes(16) },
	]);
}

export function randomUpdateFromLock(random: Random): UpdateFromLock {
	return random.pick<UpdateFromLock>([
		{ kind: "update-report", report: encodeUpdateReport(randomReport(random)) },
		{ kind: "object-want", want: randomWant(random) },
		{ kind: "attestation", statement: random.bytes(random.between(1, ATTESTATION_BYTES_MAX)) },
	]);
}
