/**
 * Whether a certificate that a relay hands out is one for this lock (PROTOCOL 8.1, RFC 5280 6.1): the leaf says exactly
 * what a device's certificate says, and names and signatures lead from it to a device root. One reason for each thing
 * that is not so, for the local log; nobody outside hears it. P-256 and SHA-256 throughout.
 *
 * It never throws on any bytes (I9), keeps nothing, and trusts no certificate that is not under a root it was given.
 */
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { TlsTime } from "../platform/tls.ts";
import { type Certificate, decodeCertificate } from "./certificate.ts";
import { encodeDeviceSubject } from "./device-subject.ts";

export type DeviceChainReason =
	| "length" // none, more than LIMITS.ownChainCertificates, or more bytes than LIMITS.operationalChainBytes
	| "malformed" // a certificate that cannot be read
	| "subject" // the leaf's is not exactly this serial, twice
	| "key" // the leaf's is not the one that was asked for
	| "leaf-is-ca"
	| "purpose" // the leaf has another purpose than clientAuth, or none; or an issuer's purposes lack it
	| "key-usage" // the leaf may not sign, or an issuer may not issue
	| "limited" // by an extension that nothing here reads
	| "weak" // an issuer's key is not on P-256, or a signature is not ECDSA with SHA-256
	| "not-a-ca"
	| "path-length"
	| "expired"
	| "not-yet-valid"
	| "issuer" // the names do not lead to a device root
	| "signature";

export interface DeviceChainExpectation {
	readonly serial: string;
	/** 65 bytes: the key that the request was for. */
	readonly keyP256: Uint8Array;
	/** DER. */
	readonly roots: readonly Uint8Array[];
	/** At a floor only the ends are judged (DESIGN 7). */
	readonly time: TlsTime;
}

/** The leaf of a chain (DER, leaf first) that is this lock's. */
export function verifyDeviceChain(
	crypto: Pick<Crypto, "verifyP256">,
	chain: readonly Uint8Array[],
	expected: DeviceChainExpectation,
): Result<Certificate, DeviceChainReason> {
	const bytes = chain.reduce((sum, certificate) => sum + certificate.length, 0);
	if (chain.length === 0 || chain.length > LIMITS.ownChainCertificates) return refuse("length");
	if (bytes > LIMITS.operationalChainBytes) return refuse("length");
	const certificates: Certificate[] = [];
	for (const each of chain) {
		const certificate = decodeCertificate(each);
		if (certificate === undefined) return refuse("malformed");
		certificates.push(certificate);
	}
	const leaf = certificates[0]!;
	const fault = leafFault(leaf, expected) ?? pathFault(crypto, chain, certificates, expected);
	return fault === undefined ? accept(leaf) : refuse(fault);
}

function leafFault(leaf: Certificate, expected: DeviceChainExpectation): DeviceChainReason | undefined {
	if (!bytesEqual(leaf.subject, encodeDeviceSubject(expected.serial))) return "subject";
	if (leaf.keyP256 === undefined || !bytesEqual(leaf.keyP256, expected.keyP256)) return "key";
	if (leaf.isCa) return "leaf-is-ca";
	if (!leaf.clientAuth || leaf.purposes !== 1) return "purpose";
	if (!leaf.digitalSignature || leaf.keyCertSign) return "key-usage";
	return commonFault(leaf, expected.time);
}

/** Of every certificate in the path, the root included. */
function commonFault(certificate: Certificate, time: TlsTime): DeviceChainReason | undefined {
	if (certificate.limitedOtherwise) return "limited";
	if (certificate.notAfterMs < time.unixMs) return "expired";
	if (time.kind === "estimate" && certificate.notBeforeMs > time.unixMs) return "not-yet-valid";
	return undefined;
}

function issuerFault(issuer: Certificate, below: number, time: TlsTime): DeviceChainReason | undefined {
	if (!issuer.isCa) return "not-a-ca";
	if (!issuer.keyCertSign) return "key-usage";
	if (issuer.pathLength !== undefined && issuer.pathLength < below) return "path-length";
	if (issuer.purposes > 0 && !issuer.clientAuth) return "purpose";
	return commonFault(issuer, time);
}

function pathFault(
	crypto: Pick<Crypto, "verifyP256">,
	chain: readonly Uint8Array[],
	certificates: readonly Certificate[],
	{ roots, time }: DeviceChainExpectation,
): DeviceChainReason | undefined {
	for (let index = 1; index < certificates.length; index++) {
		const issuer = certificates[index]!;
		const fault = issuerFault(issuer, index - 1, time) ?? linkFault(crypto, certificates[index - 1]!, issuer);
		if (fault !== undefined) return fault;
	}
	// A chain may bring its root along; it counts for nothing but being one of ours.
	const last = chain.at(-1)!;
	if (chain.length > 1 && roots.some((root) => bytesEqual(root, last))) return undefined;
	let nearest: DeviceChainReason = "issuer";
	for (const bytes of roots) {
		const root = decodeCertificate(bytes);
		if (root === undefined) continue;
		const fault =
			linkFault(crypto, certificates.at(-1)!, root) ?? issuerFault(root, certificates.length - 1, time);
		if (fault === undefined) return undefined;
		if (fault !== "issuer") nearest = fault;
	}
	return nearest;
}

/** Whether `issuer` issued `certificate`: by name, byte for byte, and by signature. */
function linkFault(
	crypto: Pick<Crypto, "verifyP256">,
	certificate: Certificate,
	issuer: Certificate,
): DeviceChainReason | undefined {
	if (!bytesEqual(certificate.issuer, issuer.subject)) return "issuer";
	if (certificate.signature === undefined || issuer.keyP256 === undefined) return "weak";
	return crypto.verifyP256(issuer.keyP256, certificate.signedBytes, certificate.signature)
		? undefined
		: "signature";
}
