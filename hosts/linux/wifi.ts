/**
 * The Wi-Fi of a simulated board, which has none: it keeps what it was told in RAM and says in the log that it was told, never
 * what. Anything that is set counts as joined.
 */
import type { System } from "../../modules/platform/system.ts";
import type { Wifi, WifiCredentials, WifiState } from "../../modules/platform/wifi.ts";

export class StandInWifi implements Wifi {
	readonly #system: System;
	#credentials: WifiCredentials | undefined;

	constructor(system: System) {
		this.#system = system;
	}

	join(credentials: WifiCredentials | undefined): void {
		this.#credentials = credentials;
		const kind = credentials?.passphrase === undefined ? "an open" : "a protected";
		this.#system.log(credentials === undefined ? "wifi: no network" : `wifi: told to join ${kind} network`);
	}

	get state(): WifiState {
		return this.#credentials === undefined ? "off" : "joined";
	}
}
