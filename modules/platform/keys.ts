/**
 * The device's persistent keys. Each is made here, is named, is stored by C through the host's records, and never
 * leaves (DESIGN 4). Writes are atomic: after a power cut a key is wholly there or wholly absent.
 */
import type { DhKeyPair, Secret } from "./crypto.ts";

export type KeyKind = "p256" | "x25519" | "secret";

/** 1 to 15 bytes of [0-9A-Za-z_.-]. */
export type KeyName = string;

export interface KeyStore {
	/** Makes and stores a key, replacing any of that name. A "secret" has 32 random bytes unless `secretBytes` (16 .. 32) says less. */
	generate(name: KeyName, kind: KeyKind, secretBytes?: number): void;
	/** Undefined when absent. Throws DeviceError key/corrupt when the record does not decode. */
	kindOf(name: KeyName): KeyKind | undefined;
	/** p256: 65 bytes, x25519: 32 bytes. Throws DeviceError key/absent or key/kind. */
	publicKey(name: KeyName): Uint8Array;
	/** Deterministic ECDSA (RFC 6979), SHA-256 over message, as 64 bytes r || s. */
	sign(name: KeyName, message: Uint8Array): Uint8Array;
	/** The x25519 key as a pair for a handshake; `close` releases the loaded copy and wipes it. */
	openKeyPair(name: KeyName): DhKeyPair;
	/** The stored secret; `close` wipes the loaded copy. */
	openSecret(name: KeyName): Secret;
	/** Deleting an absent key is no error. */
	delete(name: KeyName): void;
}
