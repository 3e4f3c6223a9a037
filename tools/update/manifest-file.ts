/**
 * A manifest as a file: the message of docs/UPDATE.md 2, with the signatures that it has so far. A draft has none, which no lock
 * takes; each holder adds one. Reading verifies nothing but the manifest's own rules.
 */
import { readFileSync } from "node:fs";
import { bytesEqual } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { type CoseSignature, decodeSign, encodeSign, type SignMessage } from "../../modules/cose/sign.ts";
import { decodeManifest, type Manifest, type ManifestFlaw } from "../../modules/update/manifest.ts";
import { decodeCbor } from "../../modules/wire/cbor-decode.ts";
import { asArray, asBytes } from "../../modules/wire/cbor-map.ts";
import { UpdateFault } from "./update-fault.ts";
import { writeWhole } from "./whole-file.ts";

export interface ManifestFile extends SignMessage {
	readonly manifest: Manifest;
}

const FLAWS: Readonly<Record<ManifestFlaw, string>> = Object.freeze({
	form: "it is not a manifest of this format",
	name: "its vendor, class, board or version is not a name that locks know",
	number: "its sequence, security version, trust version or signing time is out of range",
	object: "a size and its chunks do not agree, or are beyond what locks take",
	delta: "it has too many deltas, two of one source, or one that is no smaller than the image",
});

/** Why a lock would refuse this manifest whoever signs it. */
export function explainManifestFlaw(flaw: ManifestFlaw): string {
	return FLAWS[flaw];
}

/** Throws UpdateFault. */
export function parseManifest(bytes: Uint8Array, name: string): ManifestFile {
	const message = parseMessage(bytes);
	if (message === undefined) throw new UpdateFault(`${name} is no manifest`);
	const manifest = decodeManifest(message.payload);
	if (!manifest.ok) throw new UpdateFault(`${name}: ${explainManifestFlaw(manifest.reason)}`);
	return { ...message, manifest: manifest.value };
}

function parseMessage(bytes: Uint8Array): SignMessage | undefined {
	if (bytes.length > LIMITS.manifestBytes) return undefined;
	const signed = decodeSign(bytes);
	if (signed.ok) return signed.value;
	const parts = decodeCbor(bytes);
	const payload = parts.ok
		? asBytes(asArray(parts.value, 4)?.[2], { min: 1, max: LIMITS.manifestBytes })
		: undefined;
	if (payload === undefined) return undefined;
	const draft = { payload, signatures: [] };
	return bytesEqual(encodeSign(draft), bytes) ? draft : undefined;
}

/** Throws UpdateFault. */
export function readManifestFile(path: string): ManifestFile {
	return parseManifest(new Uint8Array(readFileSync(path)), path);
}

/** Throws UpdateFault when no lock would read so much. */
export function writeManifestFile(path: string, message: SignMessage): void {
	const bytes = encodeSign(message);
	if (bytes.length > LIMITS.manifestBytes)
		throw new UpdateFault(`a manifest has at most ${LIMITS.manifestBytes} bytes with its signatures`);
	writeWhole(path, bytes);
}

/** The message with one signature more. Throws UpdateFault when this key signed before or there are too many. */
export function addManifestSignature(message: SignMessage, added: CoseSignature): SignMessage {
	if (message.signatures.some(({ keyId }) => bytesEqual(keyId, added.keyId)))
		throw new UpdateFault("this key has signed already");
	if (message.signatures.length >= LIMITS.bundleSignatures)
		throw new UpdateFault(`a manifest has at most ${LIMITS.bundleSignatures} signatures`);
	return { payload: message.payload, signatures: [...message.signatures, added] };
}
