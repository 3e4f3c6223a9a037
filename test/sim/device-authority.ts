/**
 * A device root and intermediates in memory, with keys of their own, for tests on both engines: they issue whatever a test
 * wants, right in everything that it does not make wrong.
 */
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import type { Crypto } from "../../modules/platform/crypto.ts";
import { DER, der, derUnsigned } from "../../modules/trust/der.ts";
import { OID } from "../../modules/trust/object-identifiers.ts";
import {
	type CertificateParts,
	extension,
	keyUsage,
	makeCertificate,
	makeDeviceCertificate,
	purposes,
	utcTime,
} from "../unit/trust/certificates.ts";
import { p256PublicKey, p256Sign } from "./p256.ts";

/** A Name of one CN, DER. */
export function nameOf(text: string): Uint8Array {
	return der(DER.sequence, der(DER.set, der(DER.sequence, ...commonName(text))));
}

function commonName(text: string): readonly [Uint8Array, Uint8Array] {
	return [der(DER.objectIdentifier, Uint8Array.of(0x55, 4, 3)), der(DER.utf8String, encodeUtf8(text))];
}

/** Basic constraints of an authority. */
export function authorityConstraints(pathLength?: number): Uint8Array {
	const length = pathLength === undefined ? [] : [derUnsigned(Uint8Array.of(pathLength))];
	return extension(
		OID.basicConstraints,
		der(DER.sequence, der(DER.boolean, Uint8Array.of(0xff)), ...length),
		true,
	);
}

export class SimAuthority {
	readonly name: string;
	readonly certificate: Uint8Array;
	readonly #crypto: Crypto;
	readonly #privateKey: Uint8Array;

	private constructor(crypto: Crypto, name: string, privateKey: Uint8Array, certificate: Uint8Array) {
		this.#crypto = crypto;
		this.name = name;
		this.#privateKey = privateKey;
		this.certificate = certificate;
	}

	/** Valid 2020 to 2049, path length 1. `seed` 1 .. 255 makes the key. */
	static root(crypto: Crypto, seed: number, name = "root", parts: CertificateParts = {}): SimAuthority {
		const privateKey = new Uint8Array(32).fill(seed);
		const certificate = makeCertificate({
			...authorityParts(name, privateKey, 1),
			issuer: nameOf(name),
			sign: (bytes) => p256Sign(crypto, privateKey, bytes),
			...parts,
		});
		return new SimAuthority(crypto, name, privateKey, certificate);
	}

	get publicKey(): Uint8Array {
		return p256PublicKey(this.#privateKey);
	}

	/** Under this one, path length 0. */
	intermediate(seed: number, name = "intermediate", parts: CertificateParts = {}): SimAuthority {
		const privateKey = new Uint8Array(32).fill(seed);
		const certificate = this.issue({ ...authorityParts(name, privateKey, 0), ...parts });
		return new SimAuthority(this.#crypto, name, privateKey, certificate);
	}

	issue(parts: CertificateParts): Uint8Array {
		return makeCertificate({ ...this.#signed(), ...parts });
	}

	/** A device's leaf, valid through 2026. */
	device(serial: string, key: Uint8Array, parts: CertificateParts = {}): Uint8Array {
		return makeDeviceCertificate(serial, key, { ...this.#signed(), ...parts });
	}

	#signed(): CertificateParts {
		return {
			issuer: nameOf(this.name),
			sign: (bytes) => p256Sign(this.#crypto, this.#privateKey, bytes),
		};
	}
}

function authorityParts(name: string, privateKey: Uint8Array, pathLength: number): CertificateParts {
	return {
		subject: [["550403", der(DER.utf8String, encodeUtf8(name))]],
		key: p256PublicKey(privateKey),
		notBefore: utcTime("200101000000Z"),
		notAfter: utcTime("490101000000Z"),
		extensions: [authorityConstraints(pathLength), keyUsage(0x06), purposes(OID.clientAuth)],
	};
}
