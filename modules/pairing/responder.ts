/**
 * Method 2 at the lock (PROTOCOL 4): pairing by the QR code's secret, Noise XXpsk0. Only an unclaimed lock, only in
 * an open window (DESIGN 8.1, T20). A wrong psk fails on message 1. The secret stays behind the key store; what the
 * handshake proves is spent by `enrol`, not here.
 */
import { openXxPsk0Responder } from "../noise/responder.ts";
import type { Crypto, DhKeyPair, Secret } from "../platform/crypto.ts";
import type { HandshakeMethod } from "../session/method.ts";
import { METHOD_QR } from "../wire/hello.ts";
import { qrPskInfo } from "../wire/label.ts";

const PSK_BYTES = 32;

export interface QrPairingOptions {
	readonly serial: string;
	/** The setup secret; undefined when it cannot be read. */
	readonly openSetupSecret: () => Secret | undefined;
	readonly isClaimed: () => boolean;
	readonly isWindowOpen: () => boolean;
}

export function qrMethod(options: QrPairingOptions): HandshakeMethod {
	const { serial, openSetupSecret, isClaimed, isWindowOpen } = options;
	return {
		method: METHOD_QR,
		refusal() {
			if (isClaimed()) return "pairing-claimed";
			return isWindowOpen() ? undefined : "pairing-window";
		},
		openHandshake(crypto, prologue, localStatic) {
			const secret = openSetupSecret();
			if (secret === undefined) {
				localStatic.close();
				return undefined;
			}
			const psk = derivePsk(crypto, serial, secret, localStatic);
			return openXxPsk0Responder({ crypto, prologue, localStatic, psk });
		},
		// Whoever holds the secret: the window and the claim are asked again, since both may have changed meanwhile.
		admits: () => !isClaimed() && isWindowOpen(),
	};
}

/** Closes the secret; on a fault the static key too, since nobody takes it over then. */
function derivePsk(crypto: Crypto, serial: string, secret: Secret, localStatic: DhKeyPair): Secret {
	try {
		return crypto.derive(secret, new Uint8Array(0), qrPskInfo(serial), PSK_BYTES);
	} catch (fault) {
		localStatic.close();
		throw fault;
	} finally {
		secret.close();
	}
}
