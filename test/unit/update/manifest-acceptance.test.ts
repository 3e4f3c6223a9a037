/** Which manifest a lock takes (docs/UPDATE.md 3): each refusal beside an acceptance, and the order of the checks (T10, T11). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { decodeSign, encodeSign } from "../../../modules/cose/sign.ts";
import type { Crypto } from "../../../modules/platform/crypto.ts";
import type { Manifest } from "../../../modules/update/manifest.ts";
import {
	judgeManifest,
	type OfferReason,
	payloadDigestOf,
	type UpdateFacts,
	usableDelta,
} from "../../../modules/update/manifest-acceptance.ts";
import type { FreshnessClaim } from "../../../modules/wire/freshness.ts";
import { check, type Suite } from "../../harness/test.ts";
import { type Holder, holder, publicKeys } from "../../sim/bundles.ts";
import {
	deltaOf,
	freshnessClaim,
	imageBytes,
	manifestFor,
	signManifest,
	updateFacts,
} from "../../sim/updates.ts";

interface Wrong {
	readonly manifest?: Partial<Manifest>;
	readonly facts?: Partial<UpdateFacts>;
	readonly holders?: readonly Holder[];
	/** null: no statement. */
	readonly fresh?: Partial<FreshnessClaim> | null;
}

/** The verdict about an offer that is right but for what is given. */
function verdict(crypto: Crypto, wrong: Wrong = {}): OfferReason | "accepted" {
	const manifest = manifestFor(crypto, imageBytes(1000), wrong.manifest);
	const fresh = wrong.fresh === null ? undefined : freshnessClaim(crypto, manifest, wrong.fresh);
	const message = signManifest(crypto, manifest, wrong.holders);
	const judged = judgeManifest(crypto, updateFacts(wrong.facts), message, fresh);
	return judged.ok ? "accepted" : judged.reason;
}

const FLOORS = { sequence: 5, securityVersion: 2 };
const OTHER_DIGEST = new Uint8Array(32).fill(9);

/** Each check of the table in its order, broken alone. A message that is no message comes before them. */
const WRONGS: readonly (readonly [OfferReason, Wrong])[] = [
	["no-slots", { facts: { slotBytes: 0 } }],
	["trust-expired", { facts: { trustExpired: true } }],
	["untrusted", { holders: [holder(21)] }],
	["trust-older", { manifest: { trustVersion: 2 } }],
	["foreign", { manifest: { vendor: "other.example" } }],
	["storage", { facts: { floors: undefined } }],
	["rollback-security", { manifest: { securityVersion: 1 } }],
	["rollback-sequence", { facts: { running: { sequence: 6, securityVersion: 2 } } }],
	["fast-forward", { manifest: { securityVersion: 2 + LIMITS.securityVersionStep + 1 } }],
	["not-fresh", { fresh: null }],
	["too-large", { manifest: { image: { bytes: 1000, digest: OTHER_DIGEST, chunkDigests: OTHER_DIGEST } } }],
	["parked", { facts: { parkedSequence: 6 } }],
];
/** The slot that `too-large` is too large for; others have it too, so that two wrongs meet. */
const NARROW = { slotBytes: 0xfff };

/** Both at once, where they do not exclude each other. */
function both(a: Wrong, b: Wrong): Wrong {
	return {
		manifest: { ...b.manifest, ...a.manifest },
		facts: { ...b.facts, ...a.facts },
		...(a.holders === undefined && b.holders === undefined ? {} : { holders: a.holders ?? b.holders! }),
		...(a.fresh === null || b.fresh === null ? { fresh: null } : {}),
	};
}

export default function suite(t: Suite): void {
	t.test(
		"a release that is right in everything is accepted, with the name of what was signed",
		({ crypto }) => {
			const manifest = manifestFor(crypto);
			const fresh = freshnessClaim(crypto, manifest);
			const message = signManifest(crypto, manifest);
			const judged = check.accepted(judgeManifest(crypto, updateFacts(), message, fresh));
			check.deepEqual(judged.manifest, manifest);
			check.bytes(judged.payloadDigest, fresh.manifestDigest);
			check.bytes(payloadDigestOf(crypto, message), fresh.manifestDigest);
			check.equal(payloadDigestOf(crypto, message.subarray(1)), undefined);
		},
	);

	t.test("each thing that can be wrong is refused by its own word (T10)", ({ crypto }) => {
		check.equal(verdict(crypto), "accepted");
		for (const [reason, wrong] of WRONGS) {
			const facts = reason === "too-large" ? { ...NARROW, ...wrong.facts } : wrong.facts;
			check.equal(verdict(crypto, { ...wrong, ...(facts ? { facts } : {}) }), reason);
		}
	});

	t.test(
		"a release that was signed after its statement, or in the future, is not fresh: its time would become a floor (T13, I3)",
		({ crypto }) => {
			const day = LIMITS.manifestAheadMs / 1000;
			const at = (signedUnixSeconds: number, facts: Partial<UpdateFacts> = {}, issued = 2_000_000_000) =>
				verdict(crypto, {
					manifest: { signedUnixSeconds },
					facts,
					fresh: { issuedUnixSeconds: issued, expiresUnixSeconds: issued + day },
				});
			check.equal(at(2_000_000_000 + day), "accepted");
			check.equal(at(2_000_000_000 + day + 1), "not-fresh");
			check.equal(at(253402300799), "not-fresh");
			const estimateUnixMs = 1_900_000_000_000;
			check.equal(at(1_900_000_000 + day, { estimateUnixMs }), "accepted");
			check.equal(at(1_900_000_000 + day + 1, { estimateUnixMs }), "not-fresh");
			// Recovery asks for no statement; what it knows of the time counts there, too.
			const recovery = { running: undefined };
			check.equal(at(2_100_000_000, recovery), "accepted");
			check.equal(at(2_100_000_000, { ...recovery, estimateUnixMs }), "not-fresh");
		},
	);

	t.test(
		"a release that is wrong in two ways is refused for the first of the order (T10, T16)",
		({ crypto }) => {
			for (let first = 0; first < WRONGS.length; first++) {
				for (let second = first + 1; second < WRONGS.length; second++) {
					const [reason, wrong] = WRONGS[first]!;
					const [later, more] = WRONGS[second]!;
					const pair = both(wrong, more);
					const narrow = reason === "too-large" || later === "too-large" ? NARROW : {};
					const facts = { ...narrow, ...pair.facts };
					const expected = reason === "too-large" ? "too-large" : reason;
					check.equal(verdict(crypto, { ...pair, facts }), expected, `${reason} and ${later}`);
				}
			}
		},
	);

	t.test("a message that is none is refused before anything is asked of the lock's trust", ({ crypto }) => {
		const message = signManifest(crypto, manifestFor(crypto));
		const facts = updateFacts({ trustExpired: true });
		const judge = (bytes: Uint8Array) => judgeManifest(crypto, facts, bytes, undefined);
		check.refused(judge(message), "trust-expired");
		check.refused(judge(message.subarray(1)), "malformed");
		check.refused(judge(new Uint8Array(0)), "malformed");
		check.refused(judge(new Uint8Array(LIMITS.manifestBytes + 1)), "malformed");
	});

	t.test("a message of the most bytes is read, one byte more is not", ({ crypto }) => {
		const message = (bytes: number): Uint8Array => {
			const build = (payload: number) =>
				encodeSign({
					payload: new Uint8Array(payload),
					signatures: [{ keyId: new Uint8Array(8), signature: new Uint8Array(64) }],
				});
			const around = build(4000).length - 4000;
			return build(bytes - around);
		};
		const judge = (bytes: number) => judgeManifest(crypto, updateFacts(), message(bytes), undefined);
		check.equal(message(LIMITS.manifestBytes).length, LIMITS.manifestBytes);
		check.refused(judge(LIMITS.manifestBytes), "untrusted");
		check.refused(judge(LIMITS.manifestBytes + 1), "malformed");
	});

	t.test(
		"a payload that breaks a rule is malformed once its signatures hold, and nobody's before (T15)",
		({ crypto }) => {
			const payload = Uint8Array.of(0xa1, 0x00, 0x01);
			const judge = (message: Uint8Array) => judgeManifest(crypto, updateFacts(), message, undefined);
			check.refused(judge(signManifest(crypto, payload)), "malformed");
			check.refused(judge(signManifest(crypto, payload, [holder(21)])), "untrusted");
			// Signed by the role, for a lock of another vendor besides: its form comes first.
			const manifest = manifestFor(crypto, imageBytes(1000), { vendor: "Other.example" });
			check.refused(judge(signManifest(crypto, manifest)), "malformed");
		},
	);

	t.test("a lock that has no trust takes nothing", ({ crypto }) => {
		check.equal(verdict(crypto, { facts: { updateRole: undefined, trustVersion: 0 } }), "trust-expired");
	});

	t.test("trust as new as the manifest asks for is enough (T5)", ({ crypto }) => {
		check.equal(
			verdict(crypto, { manifest: { trustVersion: 7 }, facts: { trustVersion: 6 } }),
			"trust-older",
		);
		check.equal(verdict(crypto, { manifest: { trustVersion: 7 }, facts: { trustVersion: 7 } }), "accepted");
		check.equal(verdict(crypto, { manifest: { trustVersion: 7 }, facts: { trustVersion: 8 } }), "accepted");
	});

	t.test(
		"the sequence is above the running one and not below the floor, at each side of the edge (T10, I3)",
		({ crypto }) => {
			const at = (sequence: number, running: number, floor: number) =>
				verdict(crypto, {
					manifest: { sequence },
					facts: {
						running: { sequence: running, securityVersion: 2 },
						floors: { sequence: floor, securityVersion: 2 },
					},
				});
			check.equal(at(5, 5, 5), "rollback-sequence");
			check.equal(at(6, 5, 5), "accepted");
			// An older image than the floor runs: what the floor names may come back, nothing below it.
			check.equal(at(8, 5, 9), "rollback-sequence");
			check.equal(at(9, 5, 9), "accepted");
			// The floor could not be raised yet.
			check.equal(at(5, 5, 0), "rollback-sequence");
			check.equal(at(6, 5, 0), "accepted");
		},
	);

	t.test("the security floor is the highest of record, fuse and running image (T10, I3)", ({ crypto }) => {
		const at = (securityVersion: number, record: number, fuse: number, running: number) =>
			verdict(crypto, {
				manifest: { securityVersion },
				facts: {
					floors: { sequence: 5, securityVersion: record },
					securityFuse: fuse,
					running: { sequence: 5, securityVersion: running },
				},
			});
		for (const [record, fuse, running] of [
			[3, 0, 0],
			[0, 3, 0],
			[0, 0, 3],
		] as const) {
			check.equal(at(2, record, fuse, running), "rollback-security");
			check.equal(at(3, record, fuse, running), "accepted");
			check.equal(at(3 + LIMITS.securityVersionStep, record, fuse, running), "accepted");
			check.equal(at(4 + LIMITS.securityVersionStep, record, fuse, running), "fast-forward");
		}
	});

	t.test(
		"a board from the factory, whose floors nobody raised yet, counts from what it runs",
		({ crypto }) => {
			const facts = {
				running: { sequence: 50_000, securityVersion: 9 },
				floors: { sequence: 0, securityVersion: 0 },
			};
			check.equal(verdict(crypto, { manifest: { sequence: 50_001, securityVersion: 9 }, facts }), "accepted");
			check.equal(
				verdict(crypto, { manifest: { sequence: 51_001, securityVersion: 9 }, facts }),
				"fast-forward",
			);
		},
	);

	t.test("an image fits its slot to the sector", ({ crypto }) => {
		const at = (bytes: number) =>
			verdict(crypto, {
				manifest: manifestFor(crypto, imageBytes(bytes)),
				facts: { slotBytes: 8192 },
			});
		check.equal(at(8192), "accepted");
		check.equal(at(8193), "too-large");
	});

	t.test("a parked sequence is refused, the next one is not", ({ crypto }) => {
		check.equal(verdict(crypto, { facts: { parkedSequence: 6 } }), "parked");
		check.equal(verdict(crypto, { facts: { parkedSequence: 5 } }), "accepted");
		check.equal(verdict(crypto, { manifest: { sequence: 7 }, facts: { parkedSequence: 6 } }), "accepted");
	});

	t.test(
		"the recovery program takes the release of the floor again, none below it, and asks for no statement",
		({ crypto }) => {
			const at = (sequence: number, more: Partial<UpdateFacts> = {}) =>
				verdict(crypto, {
					manifest: { sequence },
					facts: { running: undefined, floors: FLOORS, ...more },
					fresh: null,
				});
			check.equal(at(4), "rollback-sequence");
			check.equal(at(5), "accepted");
			check.equal(at(6), "accepted");
			check.equal(at(5, { securityFuse: 3 }), "rollback-security");
			check.equal(at(5, { floors: undefined }), "storage");
			check.equal(at(5, { updateRole: { threshold: 1, keys: publicKeys(holder(21)) } }), "untrusted");
			check.equal(at(5 + LIMITS.sequenceStep + 1), "fast-forward");
		},
	);

	t.test("a delta serves the image that it was made from, where both fit the slot (T11)", ({ crypto }) => {
		const [old, other] = [imageBytes(9000, 2), imageBytes(9000, 3)];
		const delta = deltaOf(crypto, old, imageBytes(100, 4));
		const second = deltaOf(crypto, other, imageBytes(5000, 5));
		const manifest = manifestFor(crypto, imageBytes(10000), { deltas: [delta, second] });
		const find = (digest: Uint8Array | undefined, bytes = 9000, slotBytes = 65536) =>
			usableDelta(manifest, digest, bytes, slotBytes);
		check.equal(find(crypto.sha256(old)), delta);
		check.equal(find(crypto.sha256(other)), second);
		check.equal(find(crypto.sha256(imageBytes(9000, 6))), undefined);
		check.equal(find(undefined), undefined);
		check.equal(find(crypto.sha256(old), 9001), undefined);
		// 10,000 bytes are three sectors, 100 one and 5,000 two.
		check.equal(find(crypto.sha256(old), 9000, 4 * 4096), delta);
		check.equal(find(crypto.sha256(old), 9000, 4 * 4096 - 1), undefined);
		check.equal(find(crypto.sha256(other), 9000, 4 * 4096), undefined);
	});

	t.test("what a relay sends again is named without a signature (T16)", ({ crypto }) => {
		const manifest = manifestFor(crypto);
		const message = signManifest(crypto, manifest);
		const signed = check.accepted(decodeSign(message));
		// Other signatures over the same words are the same manifest, and nobody's word that they hold.
		const other = encodeSign({
			...signed,
			signatures: [{ ...signed.signatures[0]!, signature: new Uint8Array(64) }],
		});
		check.bytes(payloadDigestOf(crypto, other), payloadDigestOf(crypto, message)!);
		check.refused(judgeManifest(crypto, updateFacts(), other, freshnessClaim(crypto, manifest)), "untrusted");
	});
}
