/**
 * The label of a lock (PROTOCOL 7): serial, Noise public key, setup secret, as one line that fits a QR code's
 * alphanumeric mode. Made by the factory line, read by a phone; a lock never sees it.
 */
import { accept, type Result, refuse } from "../base/result.ts";
import { decodeBase32, encodeBase32 } from "./base32.ts";

export const SETUP_SECRET_BYTES = 16;
export const NOISE_KEY_BYTES = 32;

const SERIAL = /^[A-Z0-9-]{4,24}$/;

export interface Label {
	readonly serial: string;
	readonly noisePublicKey: Uint8Array;
	readonly setupSecret: Uint8Array;
}

/** PROTOCOL 1: what a serial looks like. */
export function isSerial(text: string): boolean {
	return SERIAL.test(text);
}

export function encodeLabel(label: Label): string {
	return `LK1:${label.serial}:${encodeBase32(label.noisePublicKey)}:${encodeBase32(label.setupSecret)}`;
}

export function decodeLabel(text: string): Result<Label, "malformed"> {
	const parts = text.split(":");
	const [magic, serial, key, secret] = parts;
	if (parts.length !== 4 || magic !== "LK1") return refuse("malformed");
	if (serial === undefined || !isSerial(serial)) return refuse("malformed");
	const noisePublicKey = decodeBase32(key ?? "");
	const setupSecret = decodeBase32(secret ?? "");
	if (noisePublicKey?.length !== NOISE_KEY_BYTES) return refuse("malformed");
	if (setupSecret?.length !== SETUP_SECRET_BYTES) return refuse("malformed");
	return accept({ serial, noisePublicKey, setupSecret });
}
