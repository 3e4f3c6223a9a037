/** The owner's Wi-Fi on a board that has one: what is kept is the bindings' record, which JavaScript cannot read; what is joined is the board's network. */
import { attempt } from "../../modules/base/device-error.ts";
import type { Clock, Timer } from "../../modules/platform/clock.ts";
import type { Wifi, WifiCredentials, WifiState } from "../../modules/platform/wifi.ts";
import { KeptWifi } from "../bindings/wifi.ts";
import type { BoardNetwork } from "./network.ts";

/** The reply to whoever set it leaves by the network of before. */
const LEAVE_MS = 1_000;

export class BoardWifi implements Wifi {
	readonly #clock: Clock;
	readonly #network: BoardNetwork;
	readonly #kept = new KeptWifi();
	#started = false;
	#change: Timer | undefined;

	constructor(clock: Clock, network: BoardNetwork) {
		this.#clock = clock;
		this.#network = network;
	}

	start(): void {
		if (this.#started) return;
		this.#started = true;
		this.#network.join();
	}

	keep(credentials: WifiCredentials | undefined): boolean {
		const changed = this.#kept.keep(credentials);
		if (changed && this.#started) {
			this.#change?.cancel();
			this.#change = this.#clock.after(LEAVE_MS, () => {
				this.#change = undefined;
				if (credentials === undefined) this.#network.part();
				else this.#network.join();
			});
		}
		return changed;
	}

	get ssid(): Uint8Array | undefined {
		return this.#kept.ssid;
	}

	get state(): WifiState {
		const ssid = attempt(() => this.#kept.ssid);
		if (!ssid.ok || ssid.value === undefined) return "off";
		// What the network says meanwhile is of the one before.
		return this.#change === undefined ? this.#network.state : "joining";
	}
}
