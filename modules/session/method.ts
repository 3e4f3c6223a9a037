/** What a session asks of a way to authenticate (PROTOCOL 4): `session` runs the handshake, the method decides who may. */
import type { HandshakeState } from "../noise/handshake-state.ts";
import { openIkResponder } from "../noise/responder.ts";
import type { Crypto, DhKeyPair } from "../platform/crypto.ts";
import { METHOD_SESSION, type Method } from "../wire/hello.ts";

export interface HandshakeMethod {
	readonly method: Method;
	/** Asked once the pre-check MAC holds and before any Diffie-Hellman: undefined to go on, or why not (for the local log). */
	refusal(): string | undefined;
	/** Takes the static key over. Undefined when a key of the lock cannot be read: the method is refused. */
	openHandshake(crypto: Crypto, prologue: Uint8Array, localStatic: DhKeyPair): HandshakeState | undefined;
	/** Whether this phone key gets a session. Asked as soon as it is known; the handshake proves it. */
	admits(phoneKey: Uint8Array): boolean;
}

/** Method 1: Noise IK, for phones that `admits` knows. */
export function ikMethod(admits: (phoneKey: Uint8Array) => boolean): HandshakeMethod {
	return {
		method: METHOD_SESSION,
		refusal: () => undefined,
		openHandshake: (crypto, prologue, localStatic) => openIkResponder({ crypto, prologue, localStatic }),
		admits,
	};
}
