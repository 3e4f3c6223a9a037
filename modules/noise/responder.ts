/**
 * The lock's side of the two handshakes (PROTOCOL 4). Each takes over the secrets it is given and closes them when it has
 * finished, fails or is closed. The caller reads message 1, writes message 2, and for XXpsk0 reads message 3; then splits.
 *
 * `remoteStatic` is what the phone claims: proven only when the handshake has finished and, with IK, when the
 * phone's first transport message opens.
 */
import type { Crypto, DhKeyPair, Secret } from "../platform/crypto.ts";
import { HandshakeState } from "./handshake-state.ts";
import { IK, XX_PSK0 } from "./patterns.ts";

export interface IkResponderOptions {
	readonly crypto: Crypto;
	readonly prologue: Uint8Array;
	readonly localStatic: DhKeyPair;
}

export function openIkResponder(options: IkResponderOptions): HandshakeState {
	return new HandshakeState({ ...options, pattern: IK, role: "responder" });
}

export interface XxPsk0ResponderOptions {
	readonly crypto: Crypto;
	readonly prologue: Uint8Array;
	readonly localStatic: DhKeyPair;
	/** 32 bytes. */
	readonly psk: Secret;
}

export function openXxPsk0Responder(options: XxPsk0ResponderOptions): HandshakeState {
	return new HandshakeState({ ...options, pattern: XX_PSK0, role: "responder" });
}
