/**
 * The label of a lock (PROTOCOL 7): serial, Noise public key, setup secret, as one line that fits a QR code's
 * alphanumeric mode. Made by the factory line, read by a phone; a lock never sees it.
 */
import { accept, type Result, refuse } from "../base/result.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import { decodeBase32, encodeBase32 } from "./base32.ts";
import { asSerial } from "./names.ts";

export const SETUP_SECRET_BYTES = 16;
export const NOISE_KEY_BYTES = 32;

export interface Label {
	readonly serial: string;
	readonly noisePublicKey: Uint8Array;
	readonly setupSecret: Uint8Array;
}

/** PROTOCOL 4: the HKDF info that turns the setup secret into the psk of a pairing. */
export function qrPskInfo(serial: string): Uint8Array {
	return encodeUtf8(`latchkey qr psk${serial}`);
}

/** PROTOCOL 6: the prologue of the message that carries a setup secret to its label. */
export function labelPrologue(serial: string): Uint8Array {
	return encodeUtf8(`latchkey label${serial}`);
}

export function encodeLabel(label: Label): string {
	return `LK1:${label.serial}:${encodeBase32(label.noisePublicKey)}:${encodeBase32(label.setupSecret)}`;
}

export function decodeLabel(text: string): Result<Label, "malformed"> {
	const parts = text.split(":");
	const [magic, shown, key, secret] = parts;
	const serial = asSerial(shown);
	if (parts.length !== 4 || magic !== "LK1" || serial === undefined) return refuse("malformed");
	const noisePublicKey = decodeBase32(key ?? "");
	const setupSecret = decodeBase32(secret ?? "");
	if (noisePublicKey?.length !== NOISE_KEY_BYTES) return refuse("malformed");
	if (setupSecret?.length !== SETUP_SECRET_BYTES) return refuse("malformed");
	return accept({ serial, noisePublicKey, setupSecret });
}
