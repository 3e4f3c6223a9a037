/** A Wi-Fi in memory: what the firmware told it. */
import type { Wifi, WifiCredentials, WifiState } from "../../modules/platform/wifi.ts";

export class SimWifi {
	/** Over all boots. */
	readonly told: (WifiCredentials | undefined)[] = [];
	state: WifiState = "off";

	/** What one boot sees. */
	connect(): Wifi {
		const state = (): WifiState => this.state;
		return {
			join: (credentials) => {
				this.told.push(credentials);
				this.state = credentials === undefined ? "off" : "joining";
			},
			get state() {
				return state();
			},
		};
	}
}
