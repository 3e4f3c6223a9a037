/** Method 2 at the phone (PROTOCOL 4): the psk of a pairing from the label's setup secret. */
import type { Crypto, Secret } from "../platform/crypto.ts";
import { qrPskInfo } from "../wire/label.ts";

const PSK_BYTES = 32;

/** The caller keeps the secret and owns the psk. */
export function pairingPsk(crypto: Crypto, serial: string, setupSecret: Secret): Secret {
	return crypto.derive(setupSecret, new Uint8Array(0), qrPskInfo(serial), PSK_BYTES);
}
