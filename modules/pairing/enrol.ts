/**
 * The claim of a lock (PROTOCOL 5.6): a pairing session's `enrol` makes its phone the owner. Owner grant, both phone
 * keys and the consumption of the label are one record; a second phone finds the lock claimed.
 */
import type { Grant } from "../access/grant.ts";
import type { Grants } from "../access/grants.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import { enrolmentBytes } from "../wire/enrolment.ts";
import { asName } from "../wire/names.ts";

const KEY_P256_BYTES = 65;
const SIGNATURE_BYTES = 64;

/** What `enrol` and `members.add` bring besides the Noise key. */
export interface Enrolment {
	readonly name: string;
	readonly keyP256: Uint8Array;
}

/** Undefined when a field is wrong or the proof does not verify. */
export function readEnrolment(
	crypto: Crypto,
	serial: string,
	key25519: Uint8Array,
	args: CborMap,
	keys: { readonly name: number; readonly keyP256: number; readonly proof: number },
): Enrolment | undefined {
	const name = asName(args.get(keys.name));
	const keyP256 = args.bytes(keys.keyP256, KEY_P256_BYTES);
	const proof = args.bytes(keys.proof, SIGNATURE_BYTES);
	if (name === undefined || keyP256 === undefined || proof === undefined) return undefined;
	if (!crypto.verifyP256(keyP256, enrolmentBytes(serial, key25519), proof)) return undefined;
	return { name, keyP256 };
}

export type EnrolReason =
	| "unknown-command" // arguments that are none, or a proof that does not verify
	| "not-permitted" // claimed meanwhile, or the window is closed
	| "try-later"; // flash refused; nothing was spent

export function enrolOwner(
	options: {
		readonly crypto: Crypto;
		readonly grants: Grants;
		readonly serial: string;
		readonly isWindowOpen: () => boolean;
	},
	phoneKey: Uint8Array,
	args: CborMap,
): Result<Grant, EnrolReason> {
	const { crypto, grants, serial, isWindowOpen } = options;
	if (!args.hasOnly([0, 1, 2])) return refuse("unknown-command");
	const enrolment = readEnrolment(crypto, serial, phoneKey, args, { name: 0, keyP256: 1, proof: 2 });
	if (enrolment === undefined) return refuse("unknown-command");
	if (grants.claimed || !isWindowOpen()) return refuse("not-permitted");
	const claimed = grants.claim({ ...enrolment, key25519: phoneKey }, (bytes) => crypto.random(bytes));
	if (claimed.ok) return accept(claimed.value);
	return refuse(claimed.reason === "storage" ? "try-later" : "not-permitted");
}
