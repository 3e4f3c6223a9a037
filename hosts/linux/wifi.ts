/**
 * The Wi-Fi of a simulated board, which has no radio for it: it keeps what it was told as a board does, and says in the log that it was told,
 * never what. Anything that is set counts as joined.
 */
import { attempt } from "../../modules/base/device-error.ts";
import type { System } from "../../modules/platform/system.ts";
import type { Wifi, WifiCredentials, WifiState } from "../../modules/platform/wifi.ts";
import { KeptWifi } from "../bindings/wifi.ts";

export class StandInWifi implements Wifi {
	readonly #system: System;
	readonly #kept = new KeptWifi();
	#started = false;

	constructor(system: System) {
		this.#system = system;
	}

	start(): void {
		if (this.#started) return;
		this.#started = true;
		this.#tell();
	}

	keep(credentials: WifiCredentials | undefined): boolean {
		const changed = this.#kept.keep(credentials);
		if (changed && this.#started) this.#tell();
		return changed;
	}

	get ssid(): Uint8Array | undefined {
		return this.#kept.ssid;
	}

	get state(): WifiState {
		return this.#started && this.#has() ? "joined" : "off";
	}

	#has(): boolean {
		const ssid = attempt(() => this.#kept.ssid);
		return ssid.ok && ssid.value !== undefined;
	}

	#tell(): void {
		this.#system.log(this.#has() ? "wifi: told to join a network" : "wifi: no network");
	}
}
