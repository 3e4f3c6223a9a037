/** What a factory line demands of a device's certificate request before it signs anything (PROTOCOL 8, T6). */
import "reflect-metadata";
import { createPublicKey } from "node:crypto";
import { Pkcs10CertificateRequest, type PublicKey } from "@peculiar/x509";
import { bytesEqual } from "../../modules/base/bytes.ts";
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { readP256Point } from "../relay/device-certificate.ts";
import { deviceSubject } from "./certificates.ts";

export type RequestReason =
	| "request-malformed"
	| "request-key" // no P-256 key, or not the one that the device told
	| "request-subject" // not exactly this serial, twice
	| "request-attributes"
	| "request-signature"; // not signed by the key inside, or not with ECDSA and SHA-256

export interface DeviceRequest {
	readonly publicKey: PublicKey;
	/** 65 bytes, uncompressed. */
	readonly point: Uint8Array;
}

function parse(der: Uint8Array): Pkcs10CertificateRequest | undefined {
	try {
		const request = new Pkcs10CertificateRequest(der);
		// One encoding only: nothing behind the request, no other form of it.
		return bytesEqual(new Uint8Array(request.rawData), der) ? request : undefined;
	} catch {
		return undefined;
	}
}

function readPoint(publicKey: PublicKey): Uint8Array | undefined {
	try {
		return readP256Point(
			createPublicKey({ key: Buffer.from(publicKey.rawData), format: "der", type: "spki" }),
		);
	} catch {
		return undefined;
	}
}

/** `toldPoint` is the key that the device named when it identified itself, once it has one. */
export async function checkRequest(
	der: Uint8Array,
	serial: string,
	toldPoint: Uint8Array | undefined,
): Promise<Result<DeviceRequest, RequestReason>> {
	const request = parse(der);
	if (request === undefined) return refuse("request-malformed");
	const point = readPoint(request.publicKey);
	if (point === undefined || (toldPoint !== undefined && !bytesEqual(point, toldPoint)))
		return refuse("request-key");
	const subject = new Uint8Array(request.subjectName.toArrayBuffer());
	if (!bytesEqual(subject, new Uint8Array(deviceSubject(serial).toArrayBuffer())))
		return refuse("request-subject");
	if (request.attributes.length > 0) return refuse("request-attributes");
	const { name, hash } = request.signatureAlgorithm as {
		readonly name?: string;
		readonly hash: { readonly name: string };
	};
	if (name !== "ECDSA" || hash.name !== "SHA-256") return refuse("request-signature");
	const verified = await request.verify().catch(() => false);
	return verified ? accept({ publicKey: request.publicKey, point }) : refuse("request-signature");
}
