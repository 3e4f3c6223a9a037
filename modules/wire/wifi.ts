/**
 * Wi-Fi credentials as a session carries them and a record keeps them (PROTOCOL 5.5, docs/STORAGE.md 3): two fields of a map. What
 * reads them never throws, and nothing here writes them anywhere.
 */
import { HEX_DIGITS, hasOnly, isPrintable } from "../base/characters.ts";
import { LIMITS } from "../base/limits.ts";
import type { WifiCredentials, WifiState } from "../platform/wifi.ts";
import type { CborFields } from "./cbor-encode.ts";
import type { CborMap } from "./cbor-map.ts";

/** PROTOCOL 5.5, in the order of their numbers. */
export const WIFI_STATES: readonly WifiState[] = Object.freeze(["off", "joining", "joined", "refused"]);

export function wifiFields({ ssid, passphrase }: WifiCredentials): Record<1 | 2, CborFields[number]> {
	return { 1: ssid, 2: passphrase };
}

/** Under keys 1 and 2, of which nothing else is looked at. Undefined for what no station takes. */
export function decodeWifi(fields: CborMap): WifiCredentials | undefined {
	const ssid = fields.bytes(1, { min: 1, max: LIMITS.wifiSsidBytes });
	if (ssid === undefined) return undefined;
	if (!fields.has(2)) return { ssid };
	const passphrase = fields.text(2, { min: LIMITS.wifiPassphraseMinBytes, max: LIMITS.wifiKeyDigits });
	if (passphrase === undefined) return undefined;
	const fits =
		passphrase.length === LIMITS.wifiKeyDigits
			? hasOnly(passphrase, HEX_DIGITS)
			: passphrase !== "" && isPrintable(passphrase);
	return fits ? { ssid, passphrase } : undefined;
}
