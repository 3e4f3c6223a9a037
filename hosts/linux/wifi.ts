/**
 * The Wi-Fi of a simulated board, which has no radio for it: it keeps what it was told as a board does, and says in the log that it was told,
 * never what. Anything that is set counts as joined while the pin of its access point is high, which nobody needs to drive.
 */
import Digital from "embedded:io/digital";
import { attempt } from "../../modules/base/device-error.ts";
import type { System } from "../../modules/platform/system.ts";
import type { Wifi, WifiCredentials, WifiState } from "../../modules/platform/wifi.ts";
import { KeptWifi } from "../bindings/wifi.ts";
import { ACCESS_POINT_PIN } from "./board.ts";

export class StandInWifi implements Wifi {
	readonly #system: System;
	readonly #kept = new KeptWifi();
	readonly #air: Digital;
	#started = false;

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
		if (!this.#started || !this.#has()) return "off";
		return this.#isInReach ? "joined" : "joining";
	}

	get #isInReach(): boolean {
		return this.#air.read() === 1;
	}

	#has(): boolean {
		const ssid = attempt(() => this.#kept.ssid);
		return ssid.ok && ssid.value !== undefined;
	}

	#tell(): void {
		this.#system.log(this.#has() ? "wifi: told to join a network" : "wifi: no network");
	}
}
