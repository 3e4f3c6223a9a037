/**
 * How a channel opens (PROTOCOL 4): the lock's challenge, the phone's hello, the prologue both hash, and the pre-check
 * MAC that a lock verifies before any Diffie-Hellman. Shared by lock and phone; decoders never throw.
 */
import { concatBytes } from "../base/bytes.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { Crypto } from "../platform/crypto.ts";
import { decodeCborMap } from "./cbor-decode.ts";
import { encodeCbor } from "./cbor-encode.ts";

export const PROTOCOL_VERSION = 1;
export const CHALLENGE_BYTES = 16;
export const HELLO_MAC_BYTES = 16;

/** Noise message 1 of any method: two keys, two tags, and no payload. */
const MESSAGE_BYTES_MAX = 160;

/** PROTOCOL 4: how a phone authenticates. */
export const METHOD_SESSION = 1;
export const METHOD_QR = 2;
export type Method = typeof METHOD_SESSION | typeof METHOD_QR;

export interface Hello {
	readonly method: Method;
	readonly message: Uint8Array;
	readonly mac: Uint8Array;
}

export function encodeChallenge(challenge: Uint8Array): Uint8Array {
	return encodeCbor({ 0: PROTOCOL_VERSION, 1: challenge });
}

/** The phone's side: unknown keys are ignored, another version is told from a malformed frame. */
export function decodeChallenge(frame: Uint8Array): Result<Uint8Array, "malformed" | "version"> {
	const map = decodeCborMap(frame);
	if (!map.ok) return refuse("malformed");
	const version = map.value.uint(0);
	if (version === undefined) return refuse("malformed");
	if (version !== PROTOCOL_VERSION) return refuse("version");
	const challenge = map.value.bytes(1, CHALLENGE_BYTES);
	return challenge === undefined ? refuse("malformed") : accept(challenge);
}

export function encodeHello(hello: Hello): Uint8Array {
	return encodeCbor({ 0: hello.method, 1: hello.message, 2: hello.mac });
}

export function decodeHello(frame: Uint8Array): Result<Hello, "malformed"> {
	const map = decodeCborMap(frame);
	if (!map.ok || !map.value.hasOnly([0, 1, 2])) return refuse("malformed");
	const method = map.value.uint(0);
	const message = map.value.bytes(1, { min: 1, max: MESSAGE_BYTES_MAX });
	const mac = map.value.bytes(2, HELLO_MAC_BYTES);
	if (message === undefined || mac === undefined) return refuse("malformed");
	if (method !== METHOD_SESSION && method !== METHOD_QR) return refuse("malformed");
	return accept({ method, message, mac });
}

export function sessionPrologue(serial: string, method: Method, challenge: Uint8Array): Uint8Array {
	return encodeCbor(["latchkey", PROTOCOL_VERSION, serial, method, challenge]);
}

/** HMAC-SHA256 under the lock's Noise public key, which only its label and its phones have (DESIGN 5.1). */
export function helloMac(
	crypto: Crypto,
	noisePublicKey: Uint8Array,
	challenge: Uint8Array,
	method: Method,
	message: Uint8Array,
): Uint8Array {
	const input = concatBytes(encodeUtf8("latchkey hello"), challenge, Uint8Array.of(method), message);
	return crypto.hmac("sha256", noisePublicKey, input).slice(0, HELLO_MAC_BYTES);
}
