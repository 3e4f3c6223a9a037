/**
 * An auditor's challenge (docs/UPDATE.md 9): random bytes chosen when the audit begins, out of which follows the nonce of each lock. What
 * answers it was signed after that, whatever a relay that chose all other nonces says. A challenge is used for one audit.
 */
import { createHash } from "node:crypto";
import { ATTESTATION_NONCE_BYTES } from "../../modules/wire/attestation.ts";

export const CHALLENGE_BYTES = 32;

export function challengeNonce(challenge: Uint8Array, serial: string): Uint8Array {
	const hash = createHash("sha256").update("latchkey attestation challenge").update(challenge).update(serial);
	return new Uint8Array(hash.digest().subarray(0, ATTESTATION_NONCE_BYTES));
}
