/**
 * The TLS client as a host gives it: one non-blocking connection to a relay, verified as docs/TLS.md says.
 * Every failure has one reason of a closed list; the peer's certificate never reaches JavaScript.
 */
import type { KeyName } from "./keys.ts";

export type TlsReason =
	| "resolve" // the name did not resolve
	| "connect" // no address accepted a TCP connection
	| "timeout" // not up within the deadline
	| "closed" // the peer closed before the handshake was done, or without close_notify later
	| "reset" // the TCP connection failed
	| "alert" // a fatal alert of the peer that is none of the next three
	| "alert-certificate" // the peer refused the client certificate
	| "alert-version" // the peer refused every offered version
	| "alert-handshake" // the peer shares no suite, group or signature scheme with us
	| "protocol" // the peer broke TLS: bad record, bad signature, unexpected or oversized message
	| "version" // the peer chose a version outside the profile
	| "suite" // the peer chose a suite outside the profile
	| "alpn" // the peer chose none of the offered protocols
	| "chain-malformed" // a certificate does not parse
	| "chain-untrusted" // no path to a relay root, or a signature in it does not verify
	| "chain-depth" // more certificates than LIMITS.tlsChainCertificates
	| "chain-size" // more bytes than LIMITS.tlsChainBytes
	| "path-length" // a pathLenConstraint is exceeded
	| "not-a-ca" // an issuer without CA:TRUE
	| "key-usage" // an issuer without keyCertSign, or a leaf that may not sign or agree
	| "leaf-is-ca" // the leaf is a CA certificate
	| "purpose" // no serverAuth in the extended key usage, or only anyExtendedKeyUsage
	| "certificate-version" // not version 3
	| "weak-key" // below P-256 or RSA 2048
	| "weak-signature" // a certificate signed with less than SHA-256
	| "name-missing" // no subjectAltName
	| "name-mismatch" // no subjectAltName matches the server name
	| "expired" // after notAfter
	| "not-yet-valid" // before notBefore
	| "name-constraints" // the chain carries name constraints
	| "policy" // a critical policy extension
	| "critical-extension" // a critical extension that is not processed
	| "memory"; // no memory for the connection

export interface TlsTime {
	/** Milliseconds since 1970 UTC. */
	readonly unixMs: number;
	/** "estimate": notBefore and notAfter are checked; "floor": notAfter only (DESIGN 7). */
	readonly kind: "estimate" | "floor";
}

export interface TlsRoot {
	readonly der: Uint8Array;
	/**
	 * 1 to LIMITS.tlsPins SHA-256 digests (32 bytes) of SubjectPublicKeyInfo: a path to this root is accepted only when
	 * the leaf or an intermediate has one of these keys. Absent: any.
	 */
	readonly pins?: readonly Uint8Array[];
}

export interface TlsClientCertificate {
	/** DER certificates, leaf first, without the root. */
	readonly chain: readonly Uint8Array[];
	/** The P-256 key in the key store, or (probes only) the key in PEM or DER. */
	readonly key: { readonly name: KeyName } | { readonly encoded: Uint8Array };
}

export interface TlsOptions {
	/** A DNS name or an address to connect to. */
	readonly host: string;
	readonly port: number;
	/** What the certificate must name: a DNS name or an IP address. It is also the SNI when it is a DNS name. */
	readonly serverName: string;
	readonly roots: readonly TlsRoot[];
	readonly time: TlsTime;
	readonly handshakeMs: number;
	readonly alpn?: readonly string[];
	readonly clientCertificate?: TlsClientCertificate;
	/** Resumption (DESIGN 7): a session is offered only under the same scope, host, name and certificate. */
	readonly resumptionScope?: string;
}

export interface TlsHandlers {
	onConnected(info: TlsInfo): void;
	/** Bytes can be read. */
	onReadable(): void;
	/** The write queue is empty again after a short write. */
	onWritable(): void;
	/** The end, once. Undefined means that the peer said close_notify. Never called after `close`. */
	onClosed(reason: TlsReason | undefined): void;
}

export interface TlsInfo {
	readonly version: "1.2" | "1.3";
	readonly suite: string;
	readonly resumed: boolean;
	readonly alpn?: string;
}

export interface TlsConnection {
	/** At most `maximum` bytes that have arrived; undefined when there are none now. */
	read(maximum: number): Uint8Array | undefined;
	/** Queues bytes; returns how many were taken (0 when the queue is full: wait for onWritable). */
	write(bytes: Uint8Array): number;
	/** Sends close_notify if it can at once, closes, wipes. No handler runs after it. Idempotent. */
	close(): void;
}

export interface Tls {
	/** Never fails synchronously but for DeviceError tls/setup (unusable roots or client key). */
	connect(options: TlsOptions, handlers: TlsHandlers): TlsConnection;
	/** Forgets every resumable session. */
	dropSessions(): void;
}
