/** What a phone does about the ways to a lock (PROTOCOL 5.5): the key of its advertisements, and its Wi-Fi. */
import { LIMITS } from "../../modules/base/limits.ts";
import type { WifiCredentials, WifiState } from "../../modules/platform/wifi.ts";
import { ADVERTISING_KEY_BYTES } from "../../modules/wire/advertisement.ts";
import { WIFI_STATES, wifiFields } from "../../modules/wire/wifi.ts";
import { type LockClient, PhoneFault } from "./lock-client.ts";

export interface WifiStatus {
	readonly state: WifiState;
	/** Absent: none is set. */
	readonly ssid?: Uint8Array;
}

export class PhoneLocal {
	readonly #client: LockClient;

	constructor(client: LockClient) {
		this.#client = client;
	}

	/** Undefined: the lock has no radio. Rejects with PhoneFault. */
	async advertisingKey(): Promise<Uint8Array | undefined> {
		try {
			const { result } = await this.#client.request("radio.key");
			const key = result.bytes(0, ADVERTISING_KEY_BYTES);
			if (key === undefined) throw new PhoneFault("broken", "radio.key: a reply that makes no sense");
			return key;
		} catch (error) {
			if (error instanceof PhoneFault && error.refusal === "unknown-command") return undefined;
			throw error;
		}
	}

	/** Undefined: none any more. */
	async setWifi(credentials: WifiCredentials | undefined): Promise<void> {
		await this.#client.request("wifi.set", credentials === undefined ? {} : wifiFields(credentials));
	}

	async wifi(): Promise<WifiStatus> {
		const { result } = await this.#client.request("wifi.status");
		const state = WIFI_STATES[result.uint(0) ?? -1];
		const ssid = result.bytes(1, { min: 1, max: LIMITS.wifiSsidBytes });
		if (state === undefined) throw new PhoneFault("broken", "wifi.status: a reply that makes no sense");
		return { state, ...(ssid === undefined ? {} : { ssid }) };
	}
}
