/** Sealed notices (PROTOCOL 2.1): address and prologue, shared by lock and phone. */
import { concatBytes } from "../base/bytes.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { Crypto } from "../platform/crypto.ts";
import { ADDRESS_BYTES } from "./envelope.ts";

/** What a sealed notice is about. */
export const NOTICE_RESET = 1;

/** Where a phone listens at the relay: known to who knows its key, and to the relay as a pseudonym. */
export function noticeAddress(crypto: Crypto, key25519: Uint8Array): Uint8Array {
	return crypto.sha256(concatBytes(encodeUtf8("latchkey notice"), key25519)).slice(0, ADDRESS_BYTES);
}

export function noticePrologue(serial: string): Uint8Array {
	return encodeUtf8(`latchkey notice${serial}`);
}
