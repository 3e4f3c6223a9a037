/**
 * What a factory line demands of a device's certificate request before it signs anything (PROTOCOL 8, T6). The request
 * has one form only, so it is taken apart strictly, its subject compared with the one encoding that there is, and its
 * signature verified over the bytes as they came. Never throws on any bytes.
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { bytesEqual } from "../../modules/base/bytes.ts";
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { DER, DerReader, der, derBits, derIdentifier } from "../../modules/trust/der.ts";
import { encodeDeviceSubject } from "../../modules/trust/device-subject.ts";
import { decodeEcdsaSignature } from "../../modules/trust/ecdsa-signature.ts";
import { OID } from "../../modules/trust/object-identifiers.ts";
import { readP256Point } from "../crypto/p256-key.ts";

export type RequestReason =
	| "request-malformed"
	| "request-key" // no P-256 key, or not the one that the device told
	| "request-subject" // not exactly this serial, twice
	| "request-attributes"
	| "request-signature"; // not signed by the key inside, or not with ECDSA and SHA-256

export interface DeviceRequest {
	readonly publicKey: KeyObject;
	/** 65 bytes, uncompressed. */
	readonly point: Uint8Array;
}

interface RequestParts {
	/** The signed bytes, as they came. */
	readonly info: Uint8Array;
	readonly subject: Uint8Array;
	/** SubjectPublicKeyInfo. */
	readonly key: Uint8Array;
	readonly attributes: Uint8Array;
	readonly algorithm: Uint8Array;
	/** Ecdsa-Sig-Value. */
	readonly signature: Uint8Array;
}

const ECDSA_WITH_SHA256 = der(DER.sequence, derIdentifier(OID.ecdsaWithSha256));
const P256_IDENTIFIER = der(DER.sequence, derIdentifier(OID.ecPublicKey), derIdentifier(OID.prime256v1));
const VERSION_1 = Uint8Array.of(0);

function takeApart(bytes: Uint8Array): RequestParts | undefined {
	const outer = new DerReader(bytes);
	const request = outer.enter(DER.sequence);
	const info = request?.read(DER.sequence);
	const algorithm = request?.read(DER.sequence);
	const bits = request?.read(DER.bitString);
	if (info === undefined || algorithm === undefined || bits?.[0] !== 0 || !request!.done || !outer.done)
		return undefined;
	const fields = new DerReader(info);
	const version = fields.read(DER.integer);
	const subject = fields.read(DER.sequence);
	const key = fields.read(DER.sequence);
	const attributes = fields.read(DER.context0);
	if (version === undefined || !bytesEqual(version, VERSION_1) || !fields.done) return undefined;
	if (subject === undefined || key === undefined || attributes === undefined) return undefined;
	return {
		info: der(DER.sequence, info),
		subject: der(DER.sequence, subject),
		key: der(DER.sequence, key),
		attributes,
		algorithm: der(DER.sequence, algorithm),
		signature: bits.subarray(1),
	};
}

function readKey(key: Uint8Array): DeviceRequest | undefined {
	try {
		const publicKey = createPublicKey({ key: Buffer.from(key), format: "der", type: "spki" });
		const point = readP256Point(publicKey);
		// One spelling only: no compressed point, no other parameters of the curve.
		const isUsual =
			point !== undefined && bytesEqual(key, der(DER.sequence, P256_IDENTIFIER, derBits(point)));
		return isUsual ? { publicKey, point } : undefined;
	} catch {
		return undefined;
	}
}

/** `toldPoint` is the key that the device named when it identified itself. */
export function checkRequest(
	bytes: Uint8Array,
	serial: string,
	toldPoint: Uint8Array | undefined,
): Result<DeviceRequest, RequestReason> {
	const parts = takeApart(bytes);
	if (parts === undefined) return refuse("request-malformed");
	const request = readKey(parts.key);
	if (request === undefined) return refuse("request-key");
	if (toldPoint !== undefined && !bytesEqual(request.point, toldPoint)) return refuse("request-key");
	if (!bytesEqual(parts.subject, encodeDeviceSubject(serial))) return refuse("request-subject");
	if (parts.attributes.length > 0) return refuse("request-attributes");
	const signature = decodeEcdsaSignature(parts.signature);
	if (!bytesEqual(parts.algorithm, ECDSA_WITH_SHA256) || signature === undefined)
		return refuse("request-signature");
	const key = { key: request.publicKey, dsaEncoding: "ieee-p1363" } as const;
	return verify("sha256", parts.info, key, signature) ? accept(request) : refuse("request-signature");
}
