/** The whole of what a host promises (DESIGN 3). Three hosts answer one contract suite: linux, esp32, test/sim. */
import type { Clock } from "./clock.ts";
import type { Crypto } from "./crypto.ts";
import type { Inflate } from "./inflate.ts";
import type { KeyStore } from "./keys.ts";
import type { Listener } from "./listener.ts";
import type { Drive, Pins } from "./pins.ts";
import type { Radio } from "./radio.ts";
import type { RadioScan } from "./radio-scan.ts";
import type { SerialPort } from "./serial.ts";
import type { Slots } from "./slots.ts";
import type { RecordStorage } from "./storage.ts";
import type { System } from "./system.ts";
import type { Tls } from "./tls.ts";
import type { WsBytes } from "./websocket.ts";
import type { Wifi } from "./wifi.ts";

export interface Platform {
	readonly clock: Clock;
	readonly crypto: Crypto;
	readonly keys: KeyStore;
	readonly storage: RecordStorage;
	readonly tls: Tls;
	readonly pins: Pins;
	readonly drive: Drive;
	readonly serial: SerialPort;
	/** Absent: no local network. */
	readonly listener?: Listener;
	/** Absent: no local radio. */
	readonly radio?: Radio;
	/** Absent: no Wi-Fi, or none that an owner sets, or none at this boot: its radio did not start. */
	readonly wifi?: Wifi;
	/**
	 * Erases the record `network/wifi`, of a host with no `wifi` too: an earlier boot may have had one. Durable when it returns, also
	 * where there was none. Throws DeviceError record/io: it stands.
	 */
	readonly forgetWifi: () => void;
	/** Absent: no radio, or none that a self-test could hear with. */
	readonly radioScan?: RadioScan;
	readonly system: System;
	readonly slots: Slots;
	readonly inflate: Inflate;
	/** Absent where the host has no native ones. */
	readonly wsBytes?: WsBytes;
}
