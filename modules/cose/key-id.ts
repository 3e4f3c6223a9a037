/** The key id of COSE messages here (PROTOCOL 10): it says which key of a known few to try, and proves nothing. */
import type { Crypto } from "../platform/crypto.ts";

const KEY_ID_BYTES = 8;

/** Of an uncompressed P-256 point. */
export function keyIdOf(crypto: Pick<Crypto, "sha256">, publicKey: Uint8Array): Uint8Array {
	return crypto.sha256(publicKey).slice(0, KEY_ID_BYTES);
}
