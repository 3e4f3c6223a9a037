/**
 * What this firmware is. A release changes these and nothing else decides them: latchkey-image writes them into the image's
 * header, manifests repeat them, and a trial whose image says otherwise than its manifest is not confirmed.
 */

/** The text version. It equals `version` in package.json; a test holds them together. */
export const FIRMWARE_VERSION = "0.1.0";

/** From 1, higher in each release: an update goes up only (docs/UPDATE.md). */
export const FIRMWARE_SEQUENCE = 1;

/** 0 to 16; it rises only when an older image has a flaw that must never run again. */
export const FIRMWARE_SECURITY_VERSION = 0;

/** Whose firmware it is: 1 to 32 of [0-9a-z.-], a domain name by custom. */
export const FIRMWARE_VENDOR = "latchkey.example";

/** All of it, as one value. */
export interface Firmware {
	readonly vendor: string;
	readonly version: string;
	readonly sequence: number;
	readonly securityVersion: number;
}

export const FIRMWARE: Firmware = Object.freeze({
	vendor: FIRMWARE_VENDOR,
	version: FIRMWARE_VERSION,
	sequence: FIRMWARE_SEQUENCE,
	securityVersion: FIRMWARE_SECURITY_VERSION,
});
