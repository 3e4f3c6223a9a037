/**
 * A trust bundle as a file: the message of PROTOCOL 10, with the signatures that it has so far. A draft has none, which no
 * lock takes; each holder adds one. Reading verifies nothing but the bundle's own rules.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { bytesEqual } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { keyIdOf } from "../../modules/cose/key-id.ts";
import {
	type CoseSignature,
	decodeSign,
	encodeSign,
	type SignMessage,
	signStructure,
} from "../../modules/cose/sign.ts";
import { type BundleFlaw, decodeBundle, type TrustBundle } from "../../modules/trust/bundle.ts";
import { bundleAad } from "../../modules/trust/bundle-acceptance.ts";
import { decodeCbor } from "../../modules/wire/cbor-decode.ts";
import { asArray, asBytes } from "../../modules/wire/cbor-map.ts";
import { NobleCrypto, type NobleSigningKey } from "../crypto/noble.ts";
import { TrustFault } from "./trust-fault.ts";

export interface BundleFile extends SignMessage {
	readonly bundle: TrustBundle;
}

const FLAWS: Readonly<Record<BundleFlaw, string>> = Object.freeze({
	form: "it is not a bundle of this format",
	version: "its version is not 1 or more",
	role: "a role has no keys, too many, or a threshold that they cannot meet",
	"online-keys": "there must be 1 to 3 keys of freshness and 1 to 3 of time",
	key: "a key is no P-256 point, or has two duties",
	dates: "it must be signed before it expires",
	"relay-roots": "its relay roots are not 1 to 4 different CA certificates of at most 4,096 bytes in all",
	"relay-addresses": "its relay addresses are not 1 to 4 different ones",
	"device-roots": "its device roots are not 1 or 2 CA certificates of P-256 of at most 2,048 bytes in all",
	"root-dates": "one of its roots is not valid when it is signed",
});

/** Why a lock would refuse this bundle whoever signs it. */
export function explainFlaw(flaw: BundleFlaw): string {
	return FLAWS[flaw];
}

/** Throws TrustFault. */
export function parseBundle(bytes: Uint8Array, name: string): BundleFile {
	const message = parseMessage(bytes);
	if (message === undefined) throw new TrustFault(`${name} is no trust bundle`);
	const bundle = decodeBundle(message.payload);
	if (!bundle.ok) throw new TrustFault(`${name}: ${explainFlaw(bundle.reason)}`);
	return { ...message, bundle: bundle.value };
}

function parseMessage(bytes: Uint8Array): SignMessage | undefined {
	if (bytes.length > LIMITS.bundleBytes) return undefined;
	const signed = decodeSign(bytes);
	if (signed.ok) return signed.value;
	const parts = decodeCbor(bytes);
	const payload = parts.ok
		? asBytes(asArray(parts.value, 4)?.[2], { min: 1, max: LIMITS.bundleBytes })
		: undefined;
	if (payload === undefined) return undefined;
	const draft = { payload, signatures: [] };
	return bytesEqual(encodeSign(draft), bytes) ? draft : undefined;
}

/** Throws TrustFault. */
export function readBundleFile(path: string): BundleFile {
	return parseBundle(new Uint8Array(readFileSync(path)), path);
}

/** Replaces the file whole: an interruption leaves the old one. */
export function writeBundleFile(path: string, message: SignMessage): void {
	writeFileSync(`${path}.new`, encodeSign(message));
	renameSync(`${path}.new`, path);
}

/** The message with one signature more. Throws TrustFault when this key signed before or there are too many. */
export function addSignature(message: SignMessage, key: NobleSigningKey): SignMessage {
	const keyId = keyIdOf(new NobleCrypto(), key.publicKey);
	if (message.signatures.some((each) => bytesEqual(each.keyId, keyId))) {
		throw new TrustFault("this key has signed already");
	}
	if (message.signatures.length >= LIMITS.bundleSignatures) {
		throw new TrustFault(`a bundle has at most ${LIMITS.bundleSignatures} signatures`);
	}
	const signature = key.sign(signStructure(bundleAad(), message.payload));
	return { payload: message.payload, signatures: [...message.signatures, { keyId, signature }] };
}

/**
 * What stands alone (PROTOCOL 10.1, before the seal): the signatures of the bundle's own keys. Those of the version before
 * are of no use to a board that has none, and unknown to it.
 */
export function standingAlone({ payload, signatures, bundle }: BundleFile): Uint8Array {
	const crypto = new NobleCrypto();
	const own = bundle.bundleRole.keys.map((key) => keyIdOf(crypto, key));
	const isOwn = ({ keyId }: CoseSignature): boolean => own.some((each) => bytesEqual(each, keyId));
	return encodeSign({ payload, signatures: signatures.filter(isOwn) });
}
