/**
 * The owner's Wi-Fi (PROTOCOL 5.5): one record, told to the machine at each boot and when it changes. The passphrase goes from the
 * session to flash and to the machine, and nowhere else: no log, no report, no command reads it back. A factory reset erases it.
 */
import { bytesEqual } from "../base/bytes.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Wifi, WifiCredentials, WifiState } from "../platform/wifi.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import { decodeWifi, wifiFields } from "../wire/wifi.ts";

export const WIFI_CODEC = recordCodec<WifiCredentials>({
	row: RECORDS.wifi,
	format: 1,
	encode: wifiFields,
	decode: (fields) => (fields.hasOnly([0, 1, 2]) ? decodeWifi(fields) : undefined),
});

export class WifiKeeper {
	readonly #wifi: Wifi;
	readonly #store: Store;
	/** Why there are none, for the caller to log once; "absent" when nobody set any. */
	readonly fault: ReadReason | undefined;
	#credentials: WifiCredentials | undefined;

	constructor(wifi: Wifi, store: Store) {
		this.#wifi = wifi;
		this.#store = store;
		const read = store.read(WIFI_CODEC);
		if (read.ok) this.#credentials = read.value;
		else this.fault = read.reason;
	}

	/** Tells the machine what was set, or that nothing is: it may remember a former owner's. */
	start(): void {
		this.#wifi.join(this.#credentials);
	}

	/** Undefined: none. Of what was set this is all that is ever told. */
	get ssid(): Uint8Array | undefined {
		return this.#credentials?.ssid;
	}

	get state(): WifiState {
		return this.#wifi.state;
	}

	/** Undefined: none any more. True when that changed anything. Refused: the old ones stand. */
	set(credentials: WifiCredentials | undefined): Result<boolean, "storage"> {
		// A record that could not be read is not "none": setting none erases it.
		const unreadable = this.fault !== undefined && this.fault !== "absent" && this.#credentials === undefined;
		if (!unreadable && isSame(credentials, this.#credentials)) return accept(false);
		const done =
			credentials === undefined
				? this.#store.erase(RECORDS.wifi)
				: this.#store.write(WIFI_CODEC, credentials);
		if (!done.ok) return refuse("storage");
		this.#credentials = credentials;
		this.#wifi.join(credentials);
		return accept(true);
	}
}

function isSame(a: WifiCredentials | undefined, b: WifiCredentials | undefined): boolean {
	if (a === undefined || b === undefined) return a === b;
	return bytesEqual(a.ssid, b.ssid) && a.passphrase === b.passphrase;
}
