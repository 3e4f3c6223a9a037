/** What an attestation proves (docs/UPDATE.md 9): this device's key, this question, every field (T11). */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { buildSign1 } from "../../../modules/cose/sign1.ts";
import type { Crypto } from "../../../modules/platform/crypto.ts";
import { makeAttestation, verifyAttestation } from "../../../modules/update/attest.ts";
import {
	ATTESTATION_BYTES_MAX,
	type Attestation,
	attestationAad,
	encodeAttestation,
} from "../../../modules/wire/attestation.ts";
import { check, type Suite } from "../../harness/test.ts";
import { type Holder, holder } from "../../sim/bundles.ts";
import { p256Sign } from "../../sim/p256.ts";
import { ATTESTATION } from "../../sim/update-samples.ts";

const NONCE = ATTESTATION.nonce;

function signer(crypto: Crypto, by: Holder = holder(41)) {
	return (toBeSigned: Uint8Array) => p256Sign(crypto, by.privateKey, toBeSigned);
}

export default function suite(t: Suite): void {
	t.test("an attestation by the device's key over this nonce says what the device said", ({ crypto }) => {
		const others: readonly Attestation[] = [
			ATTESTATION,
			{ ...ATTESTATION, runningDigest: undefined, runningSlot: undefined, runningState: "unset" },
			{ ...ATTESTATION, runningSlot: 0, otherState: "pending", sealed: false },
		];
		for (const attestation of others) {
			const message = makeAttestation(attestation, signer(crypto));
			const verified = verifyAttestation(crypto, holder(41).publicKey, NONCE, message);
			check.deepEqual(check.accepted(verified), attestation);
		}
	});

	t.test("another device's word, or an older one, is refused (T11)", ({ crypto }) => {
		const message = makeAttestation(ATTESTATION, signer(crypto));
		const verify = (key: Uint8Array, nonce: Uint8Array, bytes = message) =>
			verifyAttestation(crypto, key, nonce, bytes);
		check.refused(verify(holder(42).publicKey, NONCE), "signature");
		check.refused(verify(holder(41).publicKey, new Uint8Array(16).fill(8)), "nonce");
		check.refused(verify(holder(41).publicKey, NONCE.slice(1)), "nonce");
		check.accepted(verify(holder(41).publicKey, NONCE));
	});

	t.test(
		"the device's key under another kind attests nothing, nor does a message that names a key (T5)",
		({ crypto }) => {
			const payload = encodeAttestation(ATTESTATION);
			const verify = (message: Uint8Array) => verifyAttestation(crypto, holder(41).publicKey, NONCE, message);
			const other = buildSign1("untagged", encodeUtf8("latchkey time"), payload, undefined, signer(crypto));
			check.refused(verify(other), "signature");
			const named = buildSign1("untagged", attestationAad(), payload, new Uint8Array(8), signer(crypto));
			check.refused(verify(named), "unknown-key");
			const tagged = buildSign1("tagged", attestationAad(), payload, undefined, signer(crypto));
			check.refused(verify(tagged), "malformed");
			const empty = buildSign1("untagged", attestationAad(), Uint8Array.of(0xa0), undefined, signer(crypto));
			check.refused(verify(empty), "claim");
		},
	);

	t.test("no byte of it may change, be cut off or be added (I9)", ({ crypto, random }) => {
		const message = makeAttestation(ATTESTATION, signer(crypto));
		const verify = (bytes: Uint8Array) => verifyAttestation(crypto, holder(41).publicKey, NONCE, bytes);
		for (let at = 0; at < message.length; at++) {
			const changed = message.slice();
			changed[at]! ^= 1 << random.below(8);
			check.ok(!verify(changed).ok, `byte ${at}`);
			check.ok(!verify(message.slice(0, at)).ok, `${at} bytes`);
		}
		check.refused(verify(concatBytes(message, Uint8Array.of(0))), "malformed");
		check.refused(verify(new Uint8Array(ATTESTATION_BYTES_MAX + 1)), "size");
	});

	t.test("the largest attestation fits its bound", ({ crypto }) => {
		const largest: Attestation = {
			...ATTESTATION,
			serial: "L".repeat(24),
			board: "b".repeat(24),
			version: "v".repeat(64),
			sequence: 2147483647,
			sequenceFloor: 2147483647,
			trustVersion: Number.MAX_SAFE_INTEGER,
			boots: 4294967295,
		};
		check.ok(makeAttestation(largest, signer(crypto)).length <= ATTESTATION_BYTES_MAX);
	});
}
