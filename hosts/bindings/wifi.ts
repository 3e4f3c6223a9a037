/** The Wi-Fi that an owner set, as far as JavaScript knows it: the thin half of wifi.c. The passphrase goes in and never comes back. */
import type { WifiCredentials } from "../../modules/platform/wifi.ts";
import { counted, decided, type Fault } from "./fault.ts";

const keep = native<(name: Uint8Array, passphrase: string | undefined) => Fault | boolean>("xs_lk_wifi_keep");
const forget = native<() => Fault | boolean>("xs_lk_wifi_forget");
const nameOf = native<(out: Uint8Array) => Fault | number>("xs_lk_wifi_name");

/** As STATION_NAME_MAX of station.h. */
const NAME_BYTES_MAX = 32;

/** As Platform.forgetWifi: of the record alone, so that no radio need work for it. Whether there was one. */
export function forgetWifi(): boolean {
	return decided(forget(), "forget the Wi-Fi");
}

/** Each call looks at the record. */
export class KeptWifi {
	/** Undefined: none is kept. Throws DeviceError record/corrupt or record/io. */
	get ssid(): Uint8Array | undefined {
		const name = new Uint8Array(NAME_BYTES_MAX);
		const bytes = counted(nameOf(name), "the name of the Wi-Fi");
		return bytes === 0 ? undefined : name.slice(0, bytes);
	}

	/** As Wifi.keep, of the record alone. */
	keep(credentials: WifiCredentials | undefined): boolean {
		if (credentials === undefined) return forgetWifi();
		return decided(keep(credentials.ssid, credentials.passphrase), "keep the Wi-Fi");
	}
}
