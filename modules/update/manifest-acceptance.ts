/**
 * Which signed manifest a lock takes (docs/UPDATE.md 3; T5, T10, T11), check by check in the order of that table. Pure: it reads and
 * writes no record, and nothing of a message is decoded before its signatures hold.
 *
 * A message is refused for the first thing that is wrong with it. What costs nothing is looked at before the first
 * signature, and the first signature that does not hold ends it: a forger buys one verification at most (T16).
 */
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { keyIdOf } from "../cose/key-id.ts";
import { decodeSign, type SignMessage, verifySign } from "../cose/sign.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { Role } from "../trust/bundle.ts";
import type { FreshnessClaim } from "../wire/freshness.ts";
import type { UpdateResult } from "../wire/update-report.ts";
import type { Floors } from "./floors.ts";
import type { LockNames } from "./freshness.ts";
import { decodeManifest, type Manifest, manifestAad, type UpdateDelta } from "./manifest.ts";
import { inSectors } from "./slot-writer.ts";

/** Why an offer is refused, by the words of its report. */
export type OfferReason = Extract<
	UpdateResult,
	| "no-slots"
	| "malformed"
	| "trust-expired"
	| "untrusted"
	| "trust-older"
	| "foreign"
	| "storage"
	| "rollback-security"
	| "rollback-sequence"
	| "fast-forward"
	| "not-fresh"
	| "too-large"
	| "parked"
>;

/** What this lock is, and how it stands. */
export interface UpdateFacts extends LockNames {
	/** Of the image that runs. undefined: the recovery program, which no release is newer than. */
	readonly running: Floors | undefined;
	/** undefined: they may be higher than anybody can read now (UpdateFloors.known). */
	readonly floors: Floors | undefined;
	/** Slots.securityFloor */
	readonly securityFuse: number;
	/** 0: a machine that cannot be updated. */
	readonly slotBytes: number;
	readonly parkedSequence: number | undefined;
	/** Of the newest trust; 0 when there is none. */
	readonly trustVersion: number;
	readonly updateRole: Role | undefined;
	/** undefined: the lock does not know the time. */
	readonly estimateUnixMs: number | undefined;
	/** By the estimate of time, or by the floor where there is none. */
	readonly trustExpired: boolean;
}

export interface ManifestVerdict {
	readonly manifest: Manifest;
	/** SHA-256 of what was signed: the name of this manifest, whoever signed it. */
	readonly payloadDigest: Uint8Array;
}

/**
 * `fresh`: a verified claim that holds now (FreshnessStore.holding). Not to be asked while the running image is on trial: it has
 * yet to prove that anything may follow it.
 */
export function judgeManifest(
	crypto: Crypto,
	facts: UpdateFacts,
	message: Uint8Array,
	fresh: FreshnessClaim | undefined,
): Result<ManifestVerdict, OfferReason> {
	if (facts.slotBytes === 0) return refuse("no-slots");
	const signed = message.length <= LIMITS.manifestBytes ? decodeSign(message) : undefined;
	if (!signed?.ok) return refuse("malformed");
	if (facts.updateRole === undefined || facts.trustExpired) return refuse("trust-expired");
	if (!isSignedBy(crypto, facts.updateRole, signed.value)) return refuse("untrusted");
	const decoded = decodeManifest(signed.value.payload);
	if (!decoded.ok) return refuse("malformed");
	const manifest = decoded.value;
	const payloadDigest = crypto.sha256(signed.value.payload);
	const reason =
		refusedForWhatItIs(manifest, facts) ??
		refusedForItsNumbers(manifest, facts) ??
		refusedForItsTime(manifest, payloadDigest, facts, fresh);
	return reason === undefined ? accept({ manifest, payloadDigest }) : refuse(reason);
}

/**
 * The name of a manifest that was not judged: an offer of the very one that is being installed changes nothing, and should cost
 * no signature (T16). It says nothing about who signed. undefined: not the form of one.
 */
export function payloadDigestOf(crypto: Pick<Crypto, "sha256">, message: Uint8Array): Uint8Array | undefined {
	const signed = message.length <= LIMITS.manifestBytes ? decodeSign(message) : undefined;
	return signed?.ok ? crypto.sha256(signed.value.payload) : undefined;
}

/** Every signature is of another key of the role, by verifySign: so many signatures are so many holders. */
function isSignedBy(crypto: Crypto, role: Role, message: SignMessage): boolean {
	if (message.signatures.length < role.threshold) return false;
	return verifySign(crypto, message, {
		externalAad: manifestAad(),
		keyFor: (keyId) => role.keys.find((key) => bytesEqual(keyIdOf(crypto, key), keyId)),
	}).ok;
}

function refusedForWhatItIs(manifest: Manifest, facts: UpdateFacts): OfferReason | undefined {
	if (facts.trustVersion < manifest.trustVersion) return "trust-older";
	if (manifest.vendor !== facts.vendor || manifest.hardwareClass !== facts.hardwareClass) return "foreign";
	return manifest.board === facts.board ? undefined : "foreign";
}

function refusedForItsNumbers(manifest: Manifest, facts: UpdateFacts): OfferReason | undefined {
	const { running, floors, securityFuse } = facts;
	if (floors === undefined) return "storage";
	const securityFloor = Math.max(floors.securityVersion, securityFuse, running?.securityVersion ?? 0);
	if (manifest.securityVersion < securityFloor) return "rollback-security";
	if (running !== undefined && manifest.sequence <= running.sequence) return "rollback-sequence";
	if (manifest.sequence < floors.sequence) return "rollback-sequence";
	const sequenceFloor = Math.max(floors.sequence, running?.sequence ?? 0);
	if (manifest.sequence > sequenceFloor + LIMITS.sequenceStep) return "fast-forward";
	if (manifest.securityVersion > securityFloor + LIMITS.securityVersionStep) return "fast-forward";
	return undefined;
}

function refusedForItsTime(
	manifest: Manifest,
	payloadDigest: Uint8Array,
	facts: UpdateFacts,
	fresh: FreshnessClaim | undefined,
): OfferReason | undefined {
	const { running, estimateUnixMs } = facts;
	// It raises the floor of time once it is confirmed, which nothing takes back (T13, I3).
	const aheadMs = manifest.signedUnixSeconds * 1000 - LIMITS.manifestAheadMs;
	if (estimateUnixMs !== undefined && aheadMs > estimateUnixMs) return "not-fresh";
	// Nobody may be online where no image runs.
	if (running !== undefined) {
		if (fresh === undefined || !isFresh(manifest, payloadDigest, fresh)) return "not-fresh";
		if (aheadMs > fresh.issuedUnixSeconds * 1000) return "not-fresh";
	}
	if (inSectors(manifest.image.bytes) > facts.slotBytes) return "too-large";
	return manifest.sequence === facts.parkedSequence ? "parked" : undefined;
}

/** The claim names this very manifest; its other names are the lock's, as verifyFreshness has seen. */
function isFresh(manifest: Manifest, payloadDigest: Uint8Array, fresh: FreshnessClaim): boolean {
	return fresh.sequence === manifest.sequence && bytesEqual(fresh.manifestDigest, payloadDigest);
}

/** The delta that makes the image out of the running one; it lies at the end of the slot meanwhile (docs/UPDATE.md 6). */
export function usableDelta(
	manifest: Manifest,
	runningDigest: Uint8Array | undefined,
	runningBytes: number,
	slotBytes: number,
): UpdateDelta | undefined {
	if (runningDigest === undefined) return undefined;
	return manifest.deltas.find(
		({ sourceBytes, sourceDigest, object }) =>
			sourceBytes === runningBytes &&
			bytesEqual(sourceDigest, runningDigest) &&
			inSectors(manifest.image.bytes) + inSectors(object.bytes) <= slotBytes,
	);
}
