/**
 * The phone's side of the two handshakes (PROTOCOL 4). Each takes over the secrets it is given and closes them when it has
 * finished, fails or is closed. The caller writes message 1, reads message 2, and for XXpsk0 writes message 3; then splits.
 */
import type { Crypto, DhKeyPair, Secret } from "../platform/crypto.ts";
import { HandshakeState } from "./handshake-state.ts";
import { IK, XX_PSK0 } from "./patterns.ts";

export interface IkInitiatorOptions {
	readonly crypto: Crypto;
	readonly prologue: Uint8Array;
	readonly localStatic: DhKeyPair;
	/** The lock's static key, 32 bytes. */
	readonly remoteStatic: Uint8Array;
}

export function openIkInitiator(options: IkInitiatorOptions): HandshakeState {
	return new HandshakeState({ ...options, pattern: IK, role: "initiator" });
}

export interface XxPsk0InitiatorOptions {
	readonly crypto: Crypto;
	readonly prologue: Uint8Array;
	readonly localStatic: DhKeyPair;
	/** 32 bytes. */
	readonly psk: Secret;
}

/** The caller compares `remoteStatic` with the label's key after message 2. */
export function openXxPsk0Initiator(options: XxPsk0InitiatorOptions): HandshakeState {
	return new HandshakeState({ ...options, pattern: XX_PSK0, role: "initiator" });
}
