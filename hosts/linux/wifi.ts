/**
 * The Wi-Fi of a simulated board, which has none: it keeps what it was told in RAM and says in the log that it was told, never
 * what. Anything that is set counts as joined while the pin of its access point is high, which nobody needs to drive.
 */
import Digital from "embedded:io/digital";
import type { System } from "../../modules/platform/system.ts";
import type { Wifi, WifiCredentials, WifiState } from "../../modules/platform/wifi.ts";
import { ACCESS_POINT_PIN } from "./board.ts";

export class StandInWifi implements Wifi {
	readonly #system: System;
	readonly #air: Digital;
	#credentials: WifiCredentials | undefined;

	constructor(system: System) {
		this.#system = system;
		this.#air = new Digital({
			pin: ACCESS_POINT_PIN,
			mode: Digital.InputPullUp,
			edge: Digital.Rising | Digital.Falling,
			onReadable: () =>
				system.log(this.#isInReach ? "wifi: in reach of its network" : "wifi: out of reach of its network"),
		});
	}

	get #isInReach(): boolean {
		return this.#air.read() === 1;
	}

	join(credentials: WifiCredentials | undefined): void {
		this.#credentials = credentials;
		const kind = credentials?.passphrase === undefined ? "an open" : "a protected";
		this.#system.log(credentials === undefined ? "wifi: no network" : `wifi: told to join ${kind} network`);
	}

	get state(): WifiState {
		if (this.#credentials === undefined) return "off";
		return this.#isInReach ? "joined" : "joining";
	}
}
