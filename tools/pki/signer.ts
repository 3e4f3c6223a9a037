/** What signs for an issuer, wherever its private key is, and how it says that it cannot. */

/** ECDSA with SHA-256 over the bytes, as DER (RFC 3279 2.2.3). Rejects with IssuerFault. */
export type Signer = (signedBytes: Uint8Array) => Promise<Uint8Array>;

/** A key or a certificate that cannot issue; the message is one line, and holds no secret. */
export class IssuerFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "IssuerFault";
	}
}
