/**
 * One-way messages (Noise 7.4): a label to the factory line's key (N), a notice from a lock to a phone (K). One
 * handshake message each; no transport follows. Each takes over the key pair it is given.
 */
import type { Result } from "../base/result.ts";
import type { Crypto, DhKeyPair, Secret } from "../platform/crypto.ts";
import { HandshakeState, type NoiseReason } from "./handshake-state.ts";
import { K, N } from "./patterns.ts";

/** A secret as the payload leaves sealed without entering the heap. */
export function sealN(
	crypto: Crypto,
	prologue: Uint8Array,
	remoteStatic: Uint8Array,
	payload: Uint8Array | Secret,
): Result<Uint8Array, "low-order"> {
	return sealOnce(
		new HandshakeState({ crypto, pattern: N, role: "initiator", prologue, remoteStatic }),
		payload,
	);
}

export function openN(
	crypto: Crypto,
	prologue: Uint8Array,
	localStatic: DhKeyPair,
	message: Uint8Array,
): Result<Uint8Array, NoiseReason> {
	return openOnce(
		new HandshakeState({ crypto, pattern: N, role: "responder", prologue, localStatic }),
		message,
	);
}

export function sealK(
	crypto: Crypto,
	prologue: Uint8Array,
	localStatic: DhKeyPair,
	remoteStatic: Uint8Array,
	payload: Uint8Array,
): Result<Uint8Array, "low-order"> {
	const options = { crypto, pattern: K, role: "initiator", prologue, localStatic, remoteStatic } as const;
	return sealOnce(new HandshakeState(options), payload);
}

export function openK(
	crypto: Crypto,
	prologue: Uint8Array,
	localStatic: DhKeyPair,
	remoteStatic: Uint8Array,
	message: Uint8Array,
): Result<Uint8Array, NoiseReason> {
	const options = {
		crypto,
		pattern: K,
		role: "responder",
		prologue,
		localStatic,
		remoteStatic,
	} as const;
	return openOnce(new HandshakeState(options), message);
}

function sealOnce(handshake: HandshakeState, payload: Uint8Array | Secret): Result<Uint8Array, "low-order"> {
	const message = handshake.writeMessage(payload);
	handshake.close();
	return message;
}

function openOnce(handshake: HandshakeState, message: Uint8Array): Result<Uint8Array, NoiseReason> {
	const payload = handshake.readMessage(message);
	handshake.close();
	return payload;
}
