/** Rows for updates (docs/UPDATE.md): manifests, statements, offers and pieces, reports, attestations, and their records. */
import { concatBytes, fromHex } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { verifyAttestation } from "../../../modules/update/attest.ts";
import { CODEC as FLOORS_CODEC } from "../../../modules/update/floors.ts";
import { verifyFreshness } from "../../../modules/update/freshness.ts";
import { CODEC as FRESHNESS_CODEC } from "../../../modules/update/freshness-store.ts";
import { CODEC as HISTORY_CODEC } from "../../../modules/update/history.ts";
import { decodeManifest, encodeManifest } from "../../../modules/update/manifest.ts";
import { CODEC as PLAN_CODEC } from "../../../modules/update/plan.ts";
import { CODEC as SETTLED_CODEC } from "../../../modules/update/settled.ts";
import { CODEC as HEAD_CODEC } from "../../../modules/update/slot-head.ts";
import { CODEC as TRIAL_CODEC } from "../../../modules/update/trial-record.ts";
import { decodeAttestation, encodeAttestation } from "../../../modules/wire/attestation.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import {
	decodeFreshnessClaim,
	encodeFreshnessClaim,
	FRESHNESS_BYTES_MAX,
} from "../../../modules/wire/freshness.ts";
import { readUpdateFromLock, readUpdateToLock, updateFields } from "../../../modules/wire/update-envelope.ts";
import {
	decodeOffer,
	encodeOffer,
	objectPieceFields,
	offerFields,
	readObjectPiece,
	readOffer,
	readWant,
	wantFields,
} from "../../../modules/wire/update-offer.ts";
import {
	decodeUpdateReport,
	encodeUpdateReport,
	UPDATE_RESULTS,
} from "../../../modules/wire/update-report.ts";
import { holder, publicKeys } from "../../sim/bundles.ts";
import {
	randomAttestation,
	randomClaim,
	randomManifest,
	randomOffer,
	randomPiece,
	randomReport,
	randomUpdateFromLock,
	randomUpdateToLock,
	randomWant,
} from "../../sim/random-updates.ts";
import { NAMES } from "../../sim/updates.ts";
import { accepted, again, type Decoder, decoder, fromMap, record } from "./decoder.ts";
import { IGNORES_KEYS } from "./fields.ts";

const PART_OF_A_MAP = "nothing else of the map is looked at";
const LATER_RESULTS = "a result of a later image reads as none, a larger allowance as this image's";
const LATER_KEYS = "two images read it: keys and reasons that are not known are not looked at";

/** Of holder 12 about the release of test/sim/updates, as of 2026-06-02T00:00:00Z. */
const FRESHNESS =
	"8443a10126a10448b180152faab68fa75855a8000101706c617463686b65792e6578616d706c6502686c6b2d6465762e31036373696d04060558202fca9e52272084b8244914483644d2af515148cbd2c9d2025cf6680915dc964e061a6a1e1d00071a6a45aa0058401a7b52a9128001b23f576bb990d4d22b6123e60d0dcc5d4551a706dd4d3ee12aea28455f9d4ab5e241eed8c4678ea17c9f621f2b4a1e765ed2e20c60de97f942";

/** Of holder 41 over a nonce of sevens. */
const ATTESTATION =
	"8443a10126a05863b1000101500707070707070707070707070707070702674c4b2d30303031036373696d04582001010101010101010101010101010101010101010101010101010101010101010565302e312e3006050702080509020a010b030c000d030e040ff5100c584095a91fa314d3d7a4323f635d2c19f991add1b1a6a161f5b93cc9fe05fdf8d1e6775f1848073093890e87c628a446e112119c49609aa38498ffcac19af42306a3";

export const UPDATE_ROWS: readonly Decoder[] = Object.freeze([
	decoder("update/manifest.ts", "decodeManifest", {
		valid: (random) => encodeManifest(randomManifest(random)),
		decode: (bytes) => again(accepted(decodeManifest(bytes)), encodeManifest),
	}),
	decoder("update/freshness.ts", "verifyFreshness", {
		valid: () => fromHex(FRESHNESS)!,
		decode: (bytes, crypto) =>
			again(accepted(verifyFreshness(crypto, NAMES, publicKeys(holder(12)), bytes)), encodeFreshnessClaim),
		describes: true,
	}),
	decoder("update/attest.ts", "verifyAttestation", {
		valid: () => fromHex(ATTESTATION)!,
		decode(bytes, crypto) {
			const nonce = new Uint8Array(16).fill(7);
			return again(
				accepted(verifyAttestation(crypto, holder(41).publicKey, nonce, bytes)),
				encodeAttestation,
			);
		},
		describes: true,
	}),
	decoder("wire/freshness.ts", "decodeFreshnessClaim", {
		valid: (random) => encodeFreshnessClaim(randomClaim(random)),
		decode: (bytes) => again(accepted(decodeFreshnessClaim(bytes)), encodeFreshnessClaim),
	}),
	decoder("wire/attestation.ts", "decodeAttestation", {
		valid: (random) => encodeAttestation(randomAttestation(random)),
		decode: (bytes) => again(accepted(decodeAttestation(bytes)), encodeAttestation),
		loose: IGNORES_KEYS,
	}),
	decoder("wire/update-report.ts", "decodeUpdateReport", {
		valid: (random) => encodeUpdateReport(randomReport(random)),
		decode: (bytes) => again(accepted(decodeUpdateReport(bytes)), encodeUpdateReport),
		loose: IGNORES_KEYS,
	}),
	decoder("wire/update-offer.ts", "decodeOffer", {
		valid: (random) => encodeOffer(randomOffer(random)),
		decode: (bytes) => again(accepted(decodeOffer(bytes)), encodeOffer),
	}),
	decoder("wire/update-offer.ts", "readOffer", {
		valid: (random) => encodeCbor(offerFields(randomOffer(random), 1)),
		decode: (bytes) =>
			again(
				fromMap(bytes, (map) => readOffer(map, 1)),
				(offer) => encodeCbor(offerFields(offer, 1)),
			),
		loose: PART_OF_A_MAP,
	}),
	decoder("wire/update-offer.ts", "readObjectPiece", {
		valid: (random) => encodeCbor(objectPieceFields(randomPiece(random), 1)),
		decode: (bytes) =>
			again(
				fromMap(bytes, (map) => readObjectPiece(map, 1)),
				(piece) => encodeCbor(objectPieceFields(piece, 1)),
			),
		loose: PART_OF_A_MAP,
	}),
	decoder("wire/update-offer.ts", "readWant", {
		valid: (random) => encodeCbor(wantFields(randomWant(random), 1)),
		decode: (bytes) =>
			again(
				fromMap(bytes, (map) => readWant(map, 1)),
				(want) => encodeCbor(wantFields(want, 1)),
			),
		loose: PART_OF_A_MAP,
	}),
	decoder("wire/update-envelope.ts", "readUpdateToLock", {
		valid: (random) => encodeCbor(updateFields(randomUpdateToLock(random))),
		decode: (bytes) =>
			again(
				fromMap(bytes, (map) => readUpdateToLock(map.uint(0) ?? -1, map)),
				(envelope) => encodeCbor(updateFields(envelope)),
			),
	}),
	decoder("wire/update-envelope.ts", "readUpdateFromLock", {
		valid: (random) => encodeCbor(updateFields(randomUpdateFromLock(random))),
		decode: (bytes) =>
			again(
				fromMap(bytes, (map) => readUpdateFromLock(map.uint(0) ?? -1, map)),
				(envelope) => encodeCbor(updateFields(envelope)),
			),
	}),
	record("update/floors.ts", "CODEC", FLOORS_CODEC, (random) => ({
		sequence: random.below(LIMITS.sequenceMax),
		securityVersion: random.below(LIMITS.securityVersionMax + 1),
	})),
	record("update/freshness-store.ts", "CODEC", FRESHNESS_CODEC, (random) =>
		random.bytes(random.between(1, FRESHNESS_BYTES_MAX)),
	),
	record("update/settled.ts", "CODEC", SETTLED_CODEC, (random) => ({
		sequence: random.below(LIMITS.sequenceMax),
		hours: random.below(LIMITS.oldSlotHours + 1),
	})),
	record("update/slot-head.ts", "CODEC", HEAD_CODEC, (random) => random.bytes(LIMITS.flashUnitBytes)),
	record("update/plan.ts", "CODEC", PLAN_CODEC, (random) => ({
		manifest: concatBytes(random.bytes(300), new Uint8Array(random.below(LIMITS.manifestBytes - 299))),
		freshness: random.boolean() ? undefined : random.bytes(random.between(1, FRESHNESS_BYTES_MAX)),
		deltaFailed: random.boolean(),
	})),
	record(
		"update/trial-record.ts",
		"CODEC",
		TRIAL_CODEC,
		(random) => ({
			sequence: random.below(LIMITS.sequenceMax),
			securityVersion: random.below(LIMITS.securityVersionMax + 1),
			attempt: random.between(1, LIMITS.revertsMax),
			reachable: random.boolean(),
			imageDigest: random.bytes(32),
			reason: random.pick(["trial-bolt", "trial-late", undefined] as const),
		}),
		LATER_KEYS,
	),
	record(
		"update/history.ts",
		"CODEC",
		HISTORY_CODEC,
		(random) => ({
			result: random.pick(UPDATE_RESULTS),
			resultSequence: random.boolean() ? undefined : random.below(LIMITS.sequenceMax),
			reverts: random.boolean()
				? undefined
				: {
						sequence: random.below(LIMITS.sequenceMax),
						count: random.between(1, LIMITS.revertsMax),
						parked: random.boolean(),
					},
			begins: random.below(1000 * LIMITS.updateBeginsBurst + 1),
			chunkRetries: random.below(1000 * LIMITS.chunkRetriesBurst + 1),
		}),
		LATER_RESULTS,
	),
]);
