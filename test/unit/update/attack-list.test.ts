/**
 * Attacks on updates by name, at the level of what a lock is told (T5, T10, T11, T16): the list of the literature (TUF, SUIT, Uptane)
 * as far as a manifest and a statement decide. Those on pieces, deltas and trials are where those are.
 */
import { bytesEqual, concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { keyIdOf } from "../../../modules/cose/key-id.ts";
import { decodeSign, encodeSign, signStructure } from "../../../modules/cose/sign.ts";
import { protectedHeader } from "../../../modules/cose/sign1.ts";
import type { Crypto } from "../../../modules/platform/crypto.ts";
import { bundleAad } from "../../../modules/trust/bundle-acceptance.ts";
import { encodeManifest, type Manifest, manifestAad } from "../../../modules/update/manifest.ts";
import {
	judgeManifest,
	type OfferReason,
	type UpdateFacts,
} from "../../../modules/update/manifest-acceptance.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { type FreshnessClaim, freshnessAad } from "../../../modules/wire/freshness.ts";
import { DelegatingCrypto } from "../../harness/delegating-crypto.ts";
import { check, type Suite } from "../../harness/test.ts";
import { type Holder, holder, publicKeys } from "../../sim/bundles.ts";
import { p256Sign } from "../../sim/p256.ts";
import { freshnessClaim, imageBytes, manifestFor, signManifest, updateFacts } from "../../sim/updates.ts";

function judge(
	crypto: Crypto,
	message: Uint8Array,
	manifest: Manifest,
	facts: Partial<UpdateFacts> = {},
	fresh: FreshnessClaim | undefined = freshnessClaim(crypto, manifest),
): OfferReason | "accepted" {
	const judged = judgeManifest(crypto, updateFacts(facts), message, fresh);
	return judged.ok ? "accepted" : judged.reason;
}

/** Of a manifest that is right but for `parts`, signed by the holders. */
function offer(
	crypto: Crypto,
	parts: Partial<Manifest> = {},
	facts: Partial<UpdateFacts> = {},
	holders?: readonly Holder[],
): OfferReason | "accepted" {
	const manifest = manifestFor(crypto, imageBytes(1000), parts);
	return judge(crypto, signManifest(crypto, manifest, holders), manifest, facts);
}

/** Two of these three. */
const THREE = [31, 32, 33].map((number) => holder(number)) as [Holder, Holder, Holder];

function twoOfThree(): Partial<UpdateFacts> {
	return { updateRole: { threshold: 2, keys: publicKeys(...THREE) } };
}

/** A COSE_Sign by holder 11 whose parts a test chooses. */
function message(
	crypto: Crypto,
	payload: Uint8Array,
	parts: {
		readonly bodyProtected?: Uint8Array;
		readonly body?: Parameters<typeof encodeCbor>[0];
		readonly signerProtected?: Uint8Array;
		readonly signer?: Parameters<typeof encodeCbor>[0];
	} = {},
): Uint8Array {
	const { publicKey, privateKey } = holder(11);
	const bodyProtected = parts.bodyProtected ?? new Uint8Array(0);
	const signerProtected = parts.signerProtected ?? protectedHeader();
	// The holder signs what stands there: only its form is wrong.
	const signed = encodeCbor(["Signature", bodyProtected, signerProtected, manifestAad(), payload]);
	const signature = p256Sign(crypto, privateKey, signed);
	const signer = parts.signer ?? { 4: keyIdOf(crypto, publicKey) };
	return encodeCbor([bodyProtected, parts.body ?? {}, payload, [[signerProtected, signer, signature]]]);
}

export default function suite(t: Suite): void {
	t.test("arbitrary install: nobody but the update role signs releases (T10, T5)", ({ crypto }) => {
		check.equal(offer(crypto), "accepted");
		// Keys of bundles, of freshness, of time, and of nobody.
		for (const number of [1, 2, 3, 12, 13, 77])
			check.equal(offer(crypto, {}, {}, [holder(number)]), "untrusted");
		// The right key id over another's signature.
		const manifest = manifestFor(crypto);
		const forged = encodeSign({
			payload: encodeManifest(manifest),
			signatures: [
				{
					keyId: keyIdOf(crypto, holder(11).publicKey),
					signature: p256Sign(
						crypto,
						holder(77).privateKey,
						signStructure(manifestAad(), encodeManifest(manifest)),
					),
				},
			],
		});
		check.equal(judge(crypto, forged, manifest), "untrusted");
	});

	t.test("arbitrary install: a signature of another kind signs no release (T5)", ({ crypto }) => {
		const manifest = manifestFor(crypto);
		for (const aad of [bundleAad(), freshnessAad(), new Uint8Array(0), encodeUtf8("latchkey updat")]) {
			check.equal(judge(crypto, signManifest(crypto, manifest, [holder(11)], aad), manifest), "untrusted");
		}
	});

	t.test(
		"wrong vendor, wrong class, wrong board: a release for another lock is foreign (T10)",
		({ crypto }) => {
			check.equal(offer(crypto, { vendor: "other.example" }), "foreign");
			check.equal(offer(crypto, { hardwareClass: "lk-dev.2" }), "foreign");
			check.equal(offer(crypto, { board: "esp32" }), "foreign");
			check.equal(offer(crypto, { hardwareClass: "LK-DEV.1" }), "foreign");
			// A board that the factory line has not named is no class.
			check.equal(offer(crypto, {}, { hardwareClass: undefined }), "foreign");
			check.equal(offer(crypto, { board: "esp32" }, { board: "esp32" }), "accepted");
		},
	);

	t.test(
		"rollback by sequence: no older release comes back, however well it is signed (T10, I3)",
		({ crypto }) => {
			for (const sequence of [1, 4, 5]) check.equal(offer(crypto, { sequence }), "rollback-sequence");
			check.equal(offer(crypto, { sequence: 6 }), "accepted");
		},
	);

	t.test(
		"rollback by security version: a higher sequence does not carry an old flaw back (T10, I3)",
		({ crypto }) => {
			for (const securityVersion of [0, 1]) {
				check.equal(offer(crypto, { sequence: 100, securityVersion }), "rollback-security");
			}
			check.equal(offer(crypto, { sequence: 100, securityVersion: 2 }), "accepted");
		},
	);

	t.test("fast-forward: whoever has the keys once cannot use up the numbers (T10)", ({ crypto }) => {
		check.equal(offer(crypto, { sequence: LIMITS.sequenceMax }), "fast-forward");
		check.equal(offer(crypto, { sequence: 5 + LIMITS.sequenceStep + 1 }), "fast-forward");
		check.equal(offer(crypto, { sequence: 5 + LIMITS.sequenceStep }), "accepted");
		check.equal(offer(crypto, { securityVersion: 2 + LIMITS.securityVersionStep + 1 }), "fast-forward");
		check.equal(offer(crypto, { securityVersion: 2 + LIMITS.securityVersionStep }), "accepted");
	});

	t.test("freeze: without a statement that holds no release is taken (T11)", ({ crypto }) => {
		const manifest = manifestFor(crypto);
		const judged = judgeManifest(crypto, updateFacts(), signManifest(crypto, manifest), undefined);
		check.refused(judged, "not-fresh");
	});

	t.test("mix-and-match: a statement of another manifest does not help (T11)", ({ crypto }) => {
		const manifest = manifestFor(crypto);
		const signed = signManifest(crypto, manifest);
		const others = [
			manifestFor(crypto, imageBytes(1000), { sequence: 7 }),
			manifestFor(crypto, imageBytes(1001)),
			manifestFor(crypto, imageBytes(1000), { version: "0.2.1" }),
		];
		for (const other of others) {
			check.equal(judge(crypto, signed, manifest, {}, freshnessClaim(crypto, other)), "not-fresh");
			check.equal(judge(crypto, signManifest(crypto, other), other), "accepted");
		}
		// The number of one with the digest of the other, both ways.
		const wrong = freshnessClaim(crypto, manifest, { sequence: 7 });
		check.equal(judge(crypto, signed, manifest, {}, wrong), "not-fresh");
		const digest = freshnessClaim(crypto, others[1]!).manifestDigest;
		check.equal(
			judge(crypto, signed, manifest, {}, freshnessClaim(crypto, manifest, { manifestDigest: digest })),
			"not-fresh",
		);
	});

	t.test("key removed from trust: what it signed is worth nothing from then on (T5, T10)", ({ crypto }) => {
		const manifest = manifestFor(crypto);
		const byTwo = signManifest(crypto, manifest, THREE.slice(0, 2));
		check.equal(judge(crypto, byTwo, manifest, twoOfThree()), "accepted");
		const without = { updateRole: { threshold: 2, keys: publicKeys(THREE[1], THREE[2], holder(34)) } };
		check.equal(judge(crypto, byTwo, manifest, without), "untrusted");
		// Not even beside enough others: a message has no part that nobody answers for.
		const byThree = signManifest(crypto, manifest, THREE);
		check.equal(judge(crypto, byThree, manifest, without), "untrusted");
		check.equal(judge(crypto, signManifest(crypto, manifest, THREE.slice(1)), manifest, without), "accepted");
	});

	t.test("threshold not met: a thief of fewer keys installs nothing (T5, T10)", ({ crypto }) => {
		for (const each of THREE) check.equal(offer(crypto, {}, twoOfThree(), [each]), "untrusted");
		check.equal(offer(crypto, {}, twoOfThree(), [THREE[0], holder(77)]), "untrusted");
		check.equal(offer(crypto, {}, twoOfThree(), [THREE[0], THREE[2]]), "accepted");
		check.equal(offer(crypto, {}, twoOfThree(), THREE), "accepted");
		const all = { updateRole: { threshold: 3, keys: publicKeys(...THREE) } };
		check.equal(offer(crypto, {}, all, THREE.slice(1)), "untrusted");
		check.equal(offer(crypto, {}, all, THREE), "accepted");
	});

	t.test("duplicate signatures by one key: one holder is one, however often (T5)", ({ crypto }) => {
		check.equal(offer(crypto, {}, twoOfThree(), [THREE[0], THREE[0]]), "untrusted");
		check.equal(offer(crypto, {}, twoOfThree(), [THREE[0], THREE[1], THREE[0]]), "untrusted");
		check.equal(offer(crypto, {}, twoOfThree(), [THREE[0], THREE[1]]), "accepted");
		// Nor does a key that stands twice in the role count twice.
		const twice = { updateRole: { threshold: 2, keys: publicKeys(THREE[0], THREE[0]) } };
		check.equal(offer(crypto, {}, twice, [THREE[0], THREE[0]]), "untrusted");
	});

	t.test(
		"unsigned fields: there are none, a change of any byte refuses the whole (T10, I9)",
		({ crypto, random }) => {
			const manifest = manifestFor(crypto);
			const signed = signManifest(crypto, manifest);
			check.equal(judge(crypto, signed, manifest), "accepted");
			for (let at = 0; at < signed.length; at++) {
				const changed = signed.slice();
				changed[at]! ^= 1 << random.below(8);
				check.ok(judge(crypto, changed, manifest) !== "accepted", `byte ${at}`);
			}
		},
	);

	t.test("unsigned fields: a header that nobody signed has no place (T15)", ({ crypto }) => {
		const manifest = manifestFor(crypto);
		const payload = encodeManifest(manifest);
		const keyId = keyIdOf(crypto, holder(11).publicKey);
		check.equal(judge(crypto, message(crypto, payload), manifest), "accepted");
		check.equal(judge(crypto, message(crypto, payload, { body: { 4: keyId } }), manifest), "malformed");
		check.equal(
			judge(crypto, message(crypto, payload, { signer: { 4: keyId, 5: 1 } }), manifest),
			"malformed",
		);
		check.equal(judge(crypto, message(crypto, payload, { signer: {} }), manifest), "malformed");
	});

	t.test("algorithm confusion: ES256 and nothing else, said where it is signed (T15)", ({ crypto }) => {
		const manifest = manifestFor(crypto);
		const payload = encodeManifest(manifest);
		// ES384, HMAC 256/256, EdDSA, none, a second header, critical.
		for (const hex of [{ 1: -35 }, { 1: 5 }, { 1: -8 }, {}, { 1: -7, 3: 0 }, { 1: -7, 2: [3] }]) {
			const signerProtected = encodeCbor(hex);
			check.equal(judge(crypto, message(crypto, payload, { signerProtected }), manifest), "malformed");
		}
		// In the body, or unprotected.
		const bodyProtected = protectedHeader();
		check.equal(judge(crypto, message(crypto, payload, { bodyProtected }), manifest), "malformed");
		const signer = { 1: -7, 4: keyIdOf(crypto, holder(11).publicKey) };
		const unprotected = message(crypto, payload, { signerProtected: new Uint8Array(0), signer });
		check.equal(judge(crypto, unprotected, manifest), "malformed");
	});

	t.test("truncated: no beginning of a message is one (I9)", ({ crypto }) => {
		const manifest = manifestFor(crypto);
		const signed = signManifest(crypto, manifest);
		for (let bytes = 0; bytes < signed.length; bytes++) {
			check.equal(judge(crypto, signed.slice(0, bytes), manifest), "malformed", `${bytes} bytes`);
		}
	});

	t.test("padded: nothing stands before, after or within a message (I9, T15)", ({ crypto }) => {
		const manifest = manifestFor(crypto);
		const signed = signManifest(crypto, manifest);
		for (const padding of [Uint8Array.of(0), Uint8Array.of(0xf6), new Uint8Array(64), signed]) {
			check.equal(judge(crypto, concatBytes(signed, padding), manifest), "malformed");
			check.equal(judge(crypto, concatBytes(padding, signed), manifest), "malformed");
		}
		// COSE_Sign under its tag 98: the other framing.
		check.equal(judge(crypto, concatBytes(Uint8Array.of(0xd8, 98), signed), manifest), "malformed");
		// A payload that its holder padded.
		const payload = concatBytes(encodeManifest(manifest), Uint8Array.of(0));
		check.equal(judge(crypto, signManifest(crypto, payload), manifest), "malformed");
	});

	t.test("a forger buys one verification, and nobody who is not a holder buys one (T16)", ({ crypto }) => {
		class Counting extends DelegatingCrypto {
			verifications = 0;
			override verifyP256(publicKey: Uint8Array, signed: Uint8Array, signature: Uint8Array): boolean {
				this.verifications++;
				return super.verifyP256(publicKey, signed, signature);
			}
		}
		const manifest = manifestFor(crypto);
		const cost = (bytes: Uint8Array, facts: Partial<UpdateFacts>): number => {
			const counting = new Counting(crypto);
			check.equal(judge(counting, bytes, manifest, facts), "untrusted");
			return counting.verifications;
		};
		check.equal(cost(signManifest(crypto, manifest, [holder(77), holder(78)]), twoOfThree()), 0);
		check.equal(cost(signManifest(crypto, manifest, [THREE[0]]), twoOfThree()), 0);
		check.equal(cost(signManifest(crypto, manifest, [THREE[0], THREE[0]]), twoOfThree()), 0);
		const { payload, signatures } = check.accepted(decodeSign(signManifest(crypto, manifest, THREE)));
		const forged = signatures.map(({ keyId }) => ({ keyId, signature: new Uint8Array(64).fill(1) }));
		check.equal(cost(encodeSign({ payload, signatures: forged }), twoOfThree()), 1);
		check.ok(!bytesEqual(forged[0]!.signature, signatures[0]!.signature));
	});
}
