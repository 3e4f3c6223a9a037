/** A Wi-Fi in memory that keeps what it was told in the board's records, as station.c lays it out, and says what it joined. */
import { attempt, DeviceError } from "../../modules/base/device-error.ts";
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import type { Wifi, WifiCredentials, WifiState } from "../../modules/platform/wifi.ts";
import type { SimStorage } from "./storage.ts";

const DOMAIN = "network";
const NAME = "wifi";
const FORMAT = 1;
const HEAD_BYTES = 3;

export class SimWifi {
	/** What was joined, at each start and each change; over all boots. */
	readonly told: (WifiCredentials | undefined)[] = [];
	state: WifiState = "off";
	/** False: the radio fails at each boot, and the board has none then. */
	starts = true;
	/** Its record cannot be erased. */
	forgetFails = false;

	/** As a host's bindings do it, with or without a radio. */
	forget(storage: SimStorage): void {
		if (this.forgetFails) throw new DeviceError("record/io", "a test");
		storage.delete(DOMAIN, NAME);
	}

	/** What one boot sees. */
	connect(storage: SimStorage): Wifi {
		const state = (): WifiState => this.state;
		let started = false;
		const join = (): void => {
			const kept = attempt(() => read(storage));
			const credentials = kept.ok ? kept.value : undefined;
			this.told.push(credentials);
			this.state = credentials === undefined ? "off" : "joining";
		};
		return {
			start: () => {
				started = true;
				join();
			},
			keep: (credentials) => {
				const before = attempt(() => storage.read(DOMAIN, NAME));
				const after = credentials && encode(credentials);
				if (before.ok && String(before.value) === String(after)) return false;
				if (after === undefined) storage.delete(DOMAIN, NAME);
				else storage.write(DOMAIN, NAME, after);
				if (started) join();
				return true;
			},
			get ssid() {
				return read(storage)?.ssid;
			},
			get state() {
				return state();
			},
		};
	}
}

function encode({ ssid, passphrase }: WifiCredentials): Uint8Array {
	const password = encodeUtf8(passphrase ?? "");
	return Uint8Array.of(FORMAT, ssid.length, password.length, ...ssid, ...password);
}

function read(storage: SimStorage): WifiCredentials | undefined {
	const bytes = storage.read(DOMAIN, NAME);
	if (bytes === undefined) return undefined;
	if (bytes[0] !== FORMAT) throw new DeviceError("record/corrupt", "a record of Wi-Fi");
	const nameEnd = HEAD_BYTES + bytes[1]!;
	const ssid = bytes.slice(HEAD_BYTES, nameEnd);
	const passphrase = String.fromCharCode(...bytes.subarray(nameEnd));
	return passphrase === "" ? { ssid } : { ssid, passphrase };
}
